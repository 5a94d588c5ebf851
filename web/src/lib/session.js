// A session ends when nothing happens for a while, and the server sees only requests: while the page is used, or works by
// itself, it asks who is signed in. The reply extends the session and the browser's cookie.
import { get, me } from "./api.js";

/** Functions that say whether the page works by itself: a video plays, an upload runs. */
export const busy = new Set();

if (me) {
  let isUsed = false;
  for (const name of ["keydown", "pointerdown"]) addEventListener(name, () => { isUsed = true; }, { passive: true, capture: true });
  const seconds = Number(document.documentElement.dataset.renew) || 300;
  setInterval(() => {
    if (!isUsed && ![...busy].some(isBusy => isBusy())) return;
    isUsed = false;
    get("/session").catch(() => {});
  }, seconds * 1000);
}
