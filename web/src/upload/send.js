// One upload by tus 1.0, which goes on after a broken connection, another page or another day.
import { call, post, ApiError, can, me } from "../lib/api.js";
import { stored, store } from "../lib/stored.js";

const memory = "uploads";  // in localStorage: what this browser has begun and not finished
const smallPiece = 64 * 1024 * 1024;  // bytes in one request, where a proxy does not take the whole rest
const silence = 60000;  // ms without a byte after which a connection is given up
const longestReply = 300000;  // ms for the reply to the last byte
const mostTries = 12;  // in a row, for what is neither a broken connection nor a server that is away

const known = () => stored(memory, {});
function keep(key, value) {
  const { [key]: _, ...others } = known();
  store(memory, value ? { ...others, [key]: value } : others);
}
/** What makes a file the same one again, whether it is chosen alone or in its folder. */
export const fingerprint = file => [me || location.pathname, file.name, file.size, file.lastModified].join("\n");
/** Whether this browser began an upload, so that choosing the file again resumes it. */
export const isKnown = url => Object.values(known()).some(one => one.url === url);
/** Forgets what this browser began and the server no longer has; `urls` are those that it has. */
export function forgetOthers(urls) {
  for (const [key, { url }] of Object.entries(known())) if (key.split("\n")[0] === me && !urls.has(url)) keep(key);
}

const base64 = text => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
export const titleOf = name => name.replace(/\.[^.]{1,5}$/, "").slice(0, 200) || name.slice(0, 200);

const stopped = () => new DOMException("stopped", "AbortError");
const tusHeaders = { "Tus-Resumable": "1.0.0" };
async function tus(method, url, headers, signal = AbortSignal.timeout(silence)) {
  let answer;
  try {
    answer = await fetch(url, { method, credentials: "same-origin", headers: { ...tusHeaders, ...headers }, signal });
  } catch { throw new ApiError(0); }
  if (!answer.ok) throw new ApiError(answer.status, method === "HEAD" ? {} : await answer.json().catch(() => ({})), Number(answer.headers.get("Retry-After")) || 0);
  return answer;
}

/** Waits, but not longer than until the browser is online again or `signal` stops it. */
const pause = (ms, signal) => new Promise((resolve, reject) => {
  const end = () => {
    clearTimeout(timer);
    removeEventListener("online", end);
    signal?.removeEventListener("abort", end);
    if (signal?.aborted) reject(stopped()); else resolve();
  };
  const timer = setTimeout(end, ms);
  addEventListener("online", end);
  signal?.addEventListener("abort", end);
});
const backoff = tries => Math.min(15000, 400 * 2 ** tries);

// Sends a piece and tells how much of it has gone; gives the request, or rejects with an ApiError. fetch() tells nothing.
function send(url, headers, body, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let last = Date.now(), most = silence;
    const watchdog = setInterval(() => { if (Date.now() - last > most) request.abort(); }, 5000);
    const stop = () => request.abort();
    signal.addEventListener("abort", stop);
    request.open("PATCH", url);
    for (const name in headers) request.setRequestHeader(name, headers[name]);
    request.upload.onprogress = event => { last = Date.now(); onProgress(event.loaded); };
    request.upload.onload = () => { last = Date.now(); most = longestReply; };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve(request);
      let said = {};
      try { said = JSON.parse(request.responseText); } catch { /* a proxy's page */ }
      reject(new ApiError(request.status, said, Number(request.getResponseHeader("Retry-After")) || 0));
    };
    request.onerror = () => reject(new ApiError(0));
    request.onabort = () => reject(signal.aborted ? stopped() : new ApiError(0));
    request.onloadend = () => {
      clearInterval(watchdog);
      signal.removeEventListener("abort", stop);
    };
    request.send(body);
  });
}

/** Removes an upload, its bytes and its video from the server; one that is gone already is fine. */
export async function removeUpload(url) {
  for (let tries = 0; ; tries++) {
    try {
      await tus("DELETE", url);
      break;
    } catch (error) {
      if (error.status === 404 || error.status === 410) break;
      // The request that was sending may hold it a little longer.
      if ((!error.passing && error.status !== 423) || tries >= 6) throw error;
      await pause(backoff(tries));
    }
  }
  for (const [key, one] of Object.entries(known())) if (one.url === url) keep(key);
}

export class Sending {
  /**
   * `drop` is the path and query of a drop link, through which a guest uploads. `onProgress(sent, isStart)` gets bytes,
   * `onWaiting` is told that the server cannot be reached.
   */
  constructor(file, { drop, onProgress, onWaiting }) {
    Object.assign(this, { file, drop, onProgress, onWaiting, key: fingerprint(file), isInPieces: false }, known()[fingerprint(file)]);
  }
  /** Sends what the server does not have yet; gives the ID of the video. Can be called again after stop() or an error. */
  run() {
    this.stop();
    const before = this.running;
    const control = this.control = new AbortController();
    // One at a time: on the server, each would stop the other.
    return this.running = (async () => {
      await before?.catch(() => {});
      return this.transfer(control.signal);
    })();
  }
  stop() { this.control?.abort(); }
  /** Ends it for good: nothing of it is left on the server. */
  async cancel() {
    this.stop();
    const id = await this.running?.catch(() => {});  // while it is being created, its URL is not known yet
    if (id && !this.drop) await call("DELETE", `/video/${id}`);
    else if (this.url) await removeUpload(this.url);
  }

  async begin() {
    const { file } = this;
    const names = { filename: file.name, name: titleOf(file.name), filetype: file.type };
    let query = "";
    if (this.drop) {
      // If the next request fails, what was announced is used when it is tried again.
      this.made ??= await post(this.drop, { name: names.name, size: file.size });
      names.video = this.made.id;
      query = this.made.upload_url.slice(this.made.upload_url.indexOf("?"));
    }
    const metadata = Object.entries(names).filter(([, value]) => value).map(([name, value]) => `${name} ${base64(value)}`).join(",");
    const answer = await tus("POST", `/uploads${query}`, { "Upload-Length": String(file.size), "Upload-Metadata": metadata }).catch(error => {
      if ([403, 404, 409].includes(error.status)) this.made = undefined;  // it has ended meanwhile
      throw error;
    });
    const url = new URL(answer.headers.get("Location"), location.href);
    this.url = url.pathname + url.search;
    this.video = answer.headers.get("X-Video-Id");
    this.made = undefined;
    keep(this.key, { url: this.url, video: this.video });
    return 0;
  }
  async offset(signal) {
    if (!this.url) return this.begin();
    try {
      return Number((await tus("HEAD", this.url, {}, signal)).headers.get("Upload-Offset"));
    } catch (error) {
      const isGone = error.status === 404 || error.status === 410 || (this.drop && error.status === 403);
      if (!isGone) throw error;
      keep(this.key);  // expired
      return this.begin();
    }
  }
  async piece(from, onProgress, signal) {
    const end = this.isInPieces ? from + smallPiece : this.file.size;
    const headers = { ...tusHeaders, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(from) };
    const request = await send(this.url, headers, this.file.slice(from, end), onProgress, signal);
    return Number(request.getResponseHeader("Upload-Offset"));
  }
  async transfer(signal) {
    for (let tries = 0, waits = 0, from; ;) {
      try {
        if (signal.aborted) throw stopped();
        if (from === undefined) {
          from = await this.offset(signal);
          this.onProgress(from, true);
        }
        if (signal.aborted) throw stopped();
        const start = from;
        if (from < this.file.size) from = await this.piece(from, sent => {
          waits = 0;
          if (sent > 1 << 20) tries = 0;
          this.onProgress(start + sent);
        }, signal);
        if (from < this.file.size) continue;
        keep(this.key);
        return this.video;
      } catch (error) {
        if (signal.aborted) throw stopped();
        from = undefined;
        if (error.status === 413 && this.url && !this.isInPieces) {
          this.isInPieces = true;
          continue;
        }
        // A lock that an older request still holds, an offset that is no longer right: ask and go on.
        const isLater = error.passing || [408, 423, 429].includes(error.status) || (error.status === 409 && this.url);
        if (!isLater || (!error.passing && ++tries > mostTries)) throw error;
        if (error.passing) this.onWaiting();
        await pause(Math.max(backoff(++waits), error.wait * 1000), signal);
      }
    }
  }
}

/** A picture of the video, taken from the file in this browser; null if it cannot show it. */
export async function frameOf(file) {
  const video = document.createElement("video");
  const source = URL.createObjectURL(file);
  const wait = name => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener("error", () => reject(new Error("cannot be shown")), { once: true });
    setTimeout(() => reject(new Error("takes too long")), 10000);
  });
  try {
    video.muted = true;
    video.preload = "auto";
    video.src = source;
    await wait("loadeddata");
    const seeked = wait("seeked");
    video.currentTime = Math.min(10, (video.duration || 0) * 0.2);
    await seeked;
    const width = Math.min(640, video.videoWidth);
    const height = Math.round(width * video.videoHeight / video.videoWidth);
    if (!width || !height) return null;
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    canvas.getContext("2d").drawImage(video, 0, 0, width, height);
    return await new Promise(resolve => canvas.toBlob(resolve, "image/jpeg", 0.82));
  } catch { return null; } finally {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(source);
  }
}
export async function sendPicture(id, file) {
  if (!can("thumbnails")) return;
  const picture = await frameOf(file);
  if (picture && picture.size <= 512 * 1024) await call("PUT", `/videos/${id}/thumbnail`, picture, { headers: { "Content-Type": picture.type } });
}
export const isVideo = file => file.type.startsWith("video/") || /\.(mp4|m4v|mov|webm|mkv|ogv|ogg|ts|m2ts|mts|mpg|mpeg|vob|avi|flv|wmv|asf)$/i.test(file.name);

/** All files of what was dropped, folders opened, and how many could not be read. */
export async function filesOf(transfer) {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return { files: [...transfer.files], lost: 0 };
  const files = [];
  let lost = 0;
  const walk = async (entry, depth) => {
    try {
      if (entry.isFile) files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
      else if (depth === 8) lost++;
      else {
        const reader = entry.createReader();
        for (let batch; (batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))).length;)
          for (const one of batch) await walk(one, depth + 1);
      }
    } catch { lost++; }
  };
  for (const entry of entries) await walk(entry, 0);
  return { files, lost };
}
