// What this browser keeps, as JSON in localStorage; nothing where it keeps nothing, as in a private window.

/** The value of a key, `otherwise` if there is none. */
export const stored = (key, otherwise) => {
  try { return JSON.parse(localStorage.getItem(key)) ?? otherwise; } catch { return otherwise; }
};
export const store = (key, value) => {
  try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* not kept */ }
};
