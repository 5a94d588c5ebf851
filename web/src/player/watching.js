// What the pages with a player share: the parts of their URL, and the heartbeats while the video plays.
import { post, can } from "../lib/api.js";

const asked = new URLSearchParams(location.search);

/** The parts of a signed link in the page's URL, and the same as a query. */
export const share = Object.fromEntries(["share", "exp", "sig"].filter(name => asked.has(name)).map(name => [name, asked.get(name)]));
export const link = Object.keys(share).length ? `?${new URLSearchParams(share)}` : "";

/** Seconds of `62`, `1m2s` or `1:02`; undefined for anything else. */
export function seconds(text) {
  if (!text) return undefined;
  const units = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?$/.exec(text);
  const parts = units ? units.slice(1) : text.split(":");
  const all = parts.reduce((sum, part) => sum * 60 + Number(part || 0), 0);
  return Number.isFinite(all) ? all : undefined;
}
/** Where the page's URL wants the video to begin. */
export const start = seconds(asked.get("t"));

const every = 20000;  // ms

/**
 * Sends a heartbeat every 20 s while the video plays, when it is paused and when the page is left. The reply has the new
 * danmaku of others and the number of viewers; both go to `onReply`. `link` is the query of a signed link.
 */
export function watch(video, id, link, onReply) {
  if (!can("watch")) return;
  const path = `/videos/${id}/watch${link}`;
  let last = 0, wait = 0, cursor, saidAt = -1;
  const sign = leaves => {
    last = Date.now();
    saidAt = video.currentTime;
    return { position_ms: Math.round(saidAt * 1000), duration_ms: Number.isFinite(video.duration) ? Math.round(video.duration * 1000) : undefined, ended: video.ended || undefined, paused: video.paused || leaves || undefined, cursor };
  };
  const ping = async () => {
    try {
      const reply = await post(path, sign());
      wait = 0;
      cursor = reply.cursor ?? cursor;
      onReply(reply);
    } catch (error) {
      wait = Math.max(Math.min(300000, wait * 2 + 10000), (error.wait || 0) * 1000);  // the video goes on
    }
  };
  video.addEventListener("play", ping);
  video.addEventListener("pause", ping);
  video.addEventListener("timeupdate", () => { if (!video.paused && Date.now() - last > every + wait) ping(); });
  addEventListener("pagehide", () => {
    if (last && Math.abs(video.currentTime - saidAt) > 1) navigator.sendBeacon(path, new Blob([JSON.stringify(sign(true))], { type: "application/json" }));
  });
}
