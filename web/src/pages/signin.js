import "../lib/page.js";

// A link that asks for registration leads to that form.
if (location.hash === "#register") document.getElementById("new-name")?.focus();
else if (!document.querySelector("[role=alert]")) document.getElementById("name")?.focus();
