// One upload: by tus 1.0 (resumable), or whole by PUT where the server has no tus.
import { call, post, del, ApiError, can, me, seg } from "../lib/api.js";

const memory = "uploads";  // in localStorage: what this browser has begun and not finished

const known = () => { try { return JSON.parse(localStorage.getItem(memory)) || {}; } catch { return {}; } };
function keep(key, value) {
  const all = known();
  if (value) all[key] = value; else delete all[key];
  try { localStorage.setItem(memory, JSON.stringify(all)); } catch { /* it cannot be resumed in another tab then */ }
}
export const fingerprint = file => [me, file.webkitRelativePath || file.name, file.size, file.lastModified].join("\n");
/** Uploads that an earlier page began: `{key, name, size, url, video}`. */
export const unfinished = () => Object.entries(known()).filter(([key]) => key.split("\n")[0] === me).map(([key, value]) => ({ key, ...value }));

const base64 = text => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
export const titleOf = name => name.replace(/\.[^.]{1,5}$/, "").slice(0, 200) || name.slice(0, 200);

const tusHeaders = { "Tus-Resumable": "1.0.0" };
async function tus(method, url, headers) {
  let answer;
  try {
    answer = await fetch(url, { method, credentials: "same-origin", headers: { ...tusHeaders, ...headers } });
  } catch { throw new ApiError(0); }
  if (!answer.ok) throw new ApiError(answer.status, method === "HEAD" ? {} : await answer.json().catch(() => ({})));
  return answer;
}

/** Sends a body and tells how much has gone; rejects with an ApiError. `hold(abort)` gets the way to stop it. */
export function send(method, url, headers, body, onProgress, hold) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const name in headers) request.setRequestHeader(name, headers[name]);
    request.upload.onprogress = event => onProgress(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve(request);
      let said = {};
      try { said = JSON.parse(request.responseText); } catch { said = { error: request.responseText, detail: request.getResponseHeader("X-Error-Detail") }; }
      reject(new ApiError(request.status, said));
    };
    request.onerror = () => reject(new ApiError(0));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    hold(() => request.abort());
    request.send(body);
  });
}

export class Sending {
  constructor(file, { onProgress }) {
    Object.assign(this, { file, onProgress, key: fingerprint(file), stopped: false, abort: () => {} });
    const before = known()[this.key];
    if (before) Object.assign(this, { url: before.url, video: before.video });
  }
  /** Sends what the server does not have yet; gives the id of the video. Can be called again after stop() or an error. */
  async run() {
    this.stopped = false;
    return can("tus") ? this.runTus() : this.runWhole();
  }
  stop() {
    this.stopped = true;
    this.abort();
  }
  /** Ends it for good: nothing of it is left on the server. */
  async cancel() {
    this.stop();
    const { url, video } = this;
    keep(this.key);
    if (url) await tus("DELETE", url).catch(() => {});
    else if (video) await del(`/video/${video}?now=1`).catch(() => {});
  }

  async begin() {
    const { file } = this;
    const names = { filename: file.name, name: titleOf(file.name), filetype: file.type };
    if (file.webkitRelativePath) names.relativePath = file.webkitRelativePath;
    const metadata = Object.entries(names).filter(([, value]) => value).map(([name, value]) => `${name} ${base64(value)}`).join(",");
    const answer = await tus("POST", "/uploads", { "Upload-Length": String(file.size), "Upload-Metadata": metadata });
    this.url = new URL(answer.headers.get("Location"), location.href).pathname;
    this.video = answer.headers.get("X-Video-Id");
    keep(this.key, { url: this.url, video: this.video, name: file.name, size: file.size });
    return 0;
  }
  async offset() {
    if (!this.url) return this.begin();
    try {
      return Number((await tus("HEAD", this.url)).headers.get("Upload-Offset"));
    } catch (error) {
      if (error.status !== 404 && error.status !== 410) throw error;
      keep(this.key);  // expired
      return this.begin();
    }
  }
  async runTus() {
    for (let tries = 0; ;) {
      try {
        const from = await this.offset();
        this.onProgress(from, true);
        if (this.stopped) throw new DOMException("stopped", "AbortError");
        if (from < this.file.size || this.file.size === 0)
          await send("PATCH", this.url, { ...tusHeaders, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(from) },
            this.file.slice(from), sent => { if (sent > 0) tries = 0; this.onProgress(from + sent); }, abort => { this.abort = abort; });
        keep(this.key);
        return this.video;
      } catch (error) {
        // A broken connection, a lock that an older request still holds, an offset that is no longer right: ask and go on.
        const again = error.passing || [408, 409, 423, 429].includes(error.status);
        if (!again || this.stopped || ++tries > 12) throw error;
        await new Promise(resolve => setTimeout(resolve, Math.min(15000, 400 * 2 ** tries)));
        if (this.stopped) throw new DOMException("stopped", "AbortError");
      }
    }
  }
  async runWhole() {
    if (!this.video) this.video = (await post(`/user/${seg(me)}/videos`, { name: titleOf(this.file.name) })).id;
    this.onProgress(0, true);
    await send("PUT", `/upload/${this.video}`, {}, this.file, sent => this.onProgress(sent), abort => { this.abort = abort; });
    return this.video;
  }
}
/** Ends what an earlier page began. */
export async function forget({ key, url, video }) {
  keep(key);
  if (url) await tus("DELETE", url).catch(() => {});
  else if (video) await del(`/video/${video}?now=1`).catch(() => {});
}

/** A picture of the film, taken from the file in this browser; null if it cannot show it. */
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
/** What this browser cannot play of a file, told before it is sent: a sentence or null. */
export const isVideo = file => file.type.startsWith("video/") || /\.(mp4|m4v|mov|webm|mkv|ogv|ogg|ts|m2ts|mts|avi|flv)$/i.test(file.name);

/** All files of what was dropped, folders opened. */
export async function filesOf(transfer) {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const found = [];
  const walk = async (entry, depth) => {
    if (entry.isFile) found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    else if (depth < 8) {
      const reader = entry.createReader();
      for (let batch; (batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))).length;)
        for (const one of batch) await walk(one, depth + 1);
    }
  };
  for (const entry of entries) await walk(entry, 0);
  return found;
}
