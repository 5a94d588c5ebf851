// What every page does: choices at its foot, menus that close, messages, a session that lasts while the page is used.
import "./session.js";
import { toast } from "./ui.js";
import { t } from "./strings.js";

const root = document.documentElement;
root.classList.add("scripted");
// A screen reader reads out what comes into a region that was there before.
const messages = document.createElement("div");
messages.className = "toasts";
messages.setAttribute("role", "status");
document.body.append(messages);

function choose(name, value) {
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax`;
}
const themes = ["auto", "light", "dark"];
for (const button of document.querySelectorAll("[data-choose]")) button.addEventListener("click", () => {
  if (button.dataset.choose === "lang") {
    choose("lang", button.dataset.value);
    location.reload();
    return;
  }
  const next = themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length];
  choose("theme", next);
  root.dataset.theme = next;
  toast(t(`theme.${next}`), { seconds: 2 });
});
document.addEventListener("click", event => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
