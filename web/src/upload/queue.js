// The upload queue: two at once (a browser opens six connections to a site), each with progress, rate and time left.
import { html, useState, useEffect, useRef, useLoad, Icon, toast, sayError } from "../lib/ui.js";
import { get, post, explain, query, ApiError, me } from "../lib/api.js";
import { busy } from "../lib/session.js";
import { t, ago, bytes, left, count, percent } from "../lib/strings.js";
import { Sending, removeUpload, isKnown, forgetOthers, isVideo, filesOf, fingerprint, sendPicture } from "./send.js";

const parallel = 2;

// Holds a name in all tabs of this browser; gives what lets go of it, nothing if another tab holds it. Without a secure
// context there are no locks.
const hold = name => !navigator.locks ? () => {} : new Promise(resolve => {
  navigator.locks.request(name, { ifAvailable: true }, lock => lock ? new Promise(release => resolve(release)) : resolve());
});

export class Queue {
  items = [];
  listeners = new Set();
  numbers = 0;
  ended = 0;  // how often something has changed on the server
  /** `drop` is the path and query of a drop link, through which a guest uploads. */
  constructor({ drop } = {}) {
    this.drop = drop;
    busy.add(() => this.isBusy);
    addEventListener("beforeunload", event => { if (this.isBusy) event.preventDefault(); });
  }
  changed = () => {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const one of this.listeners) one();
  };
  // Progress comes many times a second, and there may be very many rows.
  changedSoon() { this.timer ??= setTimeout(this.changed, 200); }

  /** Adds files; those that are in the queue already are resumed, if they wait for that. Returns how many were left out. */
  add(files, onDone = () => {}) {
    let leftOut = 0;
    for (const file of files) {
      const key = fingerprint(file);
      const old = this.items.find(item => item.key === key && item.state !== "done");
      if (!isVideo(file) || file.name.startsWith(".") || (old && !["failed", "paused"].includes(old.state))) leftOut++;
      else if (old) old.state = "waiting";
      else {
        const item = { number: ++this.numbers, key, file, name: file.name, size: file.size, sent: 0, state: "waiting", rate: 0, turn: 0, onDone };
        item.sending = new Sending(file, { drop: this.drop, onProgress: (sent, isStart) => this.progress(item, sent, isStart), onWaiting: () => { item.isOffline = true; this.changed(); } });
        this.items.push(item);
      }
    }
    this.next();
    return leftOut;
  }
  progress(item, sent, isStart) {
    const now = performance.now();
    item.isOffline = false;
    if (isStart) Object.assign(item, { at: now, base: sent, rate: 0 });
    else if (now - item.at > 400) {
      const rate = (sent - item.base) / (now - item.at) * 1000;
      Object.assign(item, { rate: item.rate ? item.rate * 0.7 + rate * 0.3 : rate, at: now, base: sent });
    }
    item.sent = sent;
    this.changedSoon();
  }
  next() {
    let running = this.items.filter(item => item.state === "running").length;
    for (const item of this.items) if (item.state === "waiting" && running < parallel) { running++; this.run(item); }
    this.changed();
  }
  async run(item) {
    const turn = ++item.turn;
    const isNow = () => item.turn === turn && item.state === "running";
    Object.assign(item, { state: "running", error: undefined, isOffline: false });
    try {
      const release = item.release ?? await hold(`upload ${item.key}`);
      if (!release) throw new ApiError("otherTab");
      if (item.state === "cancelled") return release();
      item.release = release;
      if (!isNow()) return;
      const id = await item.sending.run();
      if (!isNow()) return;
      Object.assign(item, { state: "done", sent: item.size, video: id });
      if (!this.drop) this.finish(item);
    } catch (error) {
      if (!isNow() || error.name === "AbortError") return;
      Object.assign(item, { state: "failed", error });
    }
    this.end(item);
    this.next();
  }
  // What the server found in the file, told where it was uploaded.
  async finish(item) {
    await sendPicture(item.video, item.file).catch(() => {});
    await this.look(item).catch(() => {});
  }
  async look(item) {
    const video = await get(`/video/${item.video}`);
    Object.assign(item, { notes: video.notes, hasLocation: video.has_location });
    item.onDone(video);
    this.changed();
  }
  async removeLocation(item) {
    await post(`/video/${item.video}/strip-location`);
    await this.look(item);
  }
  end(item) {
    this.ended++;
    item.release?.();
    item.release = undefined;
  }
  pause(item) { item.state = "paused"; item.sending.stop(); this.next(); }
  resume(item) { item.state = "waiting"; this.next(); }
  async cancel(item) {
    item.state = "cancelled";
    this.items = this.items.filter(one => one !== item);
    this.next();
    try {
      await item.sending.cancel();
    } finally {
      this.end(item);
      this.changed();
    }
  }
  clear() { this.items = this.items.filter(item => item.state !== "done"); this.changed(); }
  get isBusy() { return this.items.some(item => ["running", "waiting"].includes(item.state)); }
}

/** Draws the caller anew whenever the queue has changed. */
export function useQueue(queue) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const change = () => redraw(n => n + 1);
    queue.listeners.add(change);
    change();  // it may have changed since it was drawn
    return () => queue.listeners.delete(change);
  }, []);
}

function stateOf(item, isGuest) {
  if (item.state === "failed") return isGuest && item.error.code === "013" ? t("problem.quotaOfOther") : explain(item.error);
  if (item.state === "running" && item.isOffline) return t("upload.offline");
  if (item.state === "running") return [t("upload.of", { sent: bytes(item.sent), size: bytes(item.size) }), item.rate > 0 && t("upload.rate", { rate: bytes(item.rate) }), item.rate > 0 && t("upload.left", { time: left((item.size - item.sent) / item.rate) })].filter(Boolean).join(" · ");
  if (item.state === "paused") return t("upload.paused", { percent: percent(item.sent / (item.size || 1)) });
  return t(isGuest && item.state === "done" ? "drop.done" : `upload.${item.state}`);
}
const Bar = ({ name, part, tone }) => html`<div class=${`bar ${tone}`} role="progressbar" aria-label=${name} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${part}><i ref=${element => { if (element) element.style.width = `${part}%`; }}></i></div>`;
function Item({ item, queue }) {
  const part = item.state === "done" ? 100 : Math.floor(100 * item.sent / (item.size || 1));
  const button = (icon, key, work) => html`<button class="icon-button" aria-label=${`${t(key)}: ${item.name}`} title=${t(key)} onClick=${work}><${Icon} name=${icon} /></button>`;
  return html`<li data-state=${item.state}><div class="grow"><div class="name">${item.video && !queue.drop ? html`<a href=${`/v/${item.video}`}>${item.name}</a>` : item.name}</div>
    <div class=${item.state === "failed" ? "state danger" : "state"}>${stateOf(item, Boolean(queue.drop))}</div></div>
    <div class="row">${item.state === "running" && button("pause", "upload.pause", () => queue.pause(item))}
    ${["paused", "failed"].includes(item.state) && button("upload", "upload.resume", () => queue.resume(item))}
    ${item.state === "done" ? html`<span class="chip good"><${Icon} name="check" size=${14} />${t("upload.done")}</span>` : button("close", "upload.cancel", () => queue.cancel(item).catch(sayError))}</div>
    <${Bar} name=${item.name} part=${part} tone=${item.state === "done" ? "good" : item.state === "failed" ? "danger" : ""} />
    ${item.hasLocation && html`<div class="note warn wide"><p class="grow">${t("location")}</p><button class="button compact" onClick=${() => queue.removeLocation(item).catch(sayError)}>${t("location.remove")}</button></div>`}
    ${item.notes?.map(note => html`<p class="note warn wide">${note}</p>`)}</li>`;
}

/** The queue's rows, and how many are done for those who do not see them. */
export function Rows({ queue }) {
  const [said, setSaid] = useState("");
  const all = queue.items.length;
  const done = queue.items.filter(item => item.state === "done").length;
  useEffect(() => { if (all) setSaid(t("upload.said", { done, all })); }, [done, all]);
  return html`${all > 0 && html`<div class="stack tight"><div class="row apart"><h2>${t("upload.title")}</h2>${done > 0 && html`<button class="button quiet compact" onClick=${() => queue.clear()}>${t("upload.clear")}</button>`}</div>
      <ul class="queue">${queue.items.map(item => html`<${Item} key=${item.number} item=${item} queue=${queue} />`)}</ul></div>`}
    <p class="visually-hidden" role="status">${said}</p>`;
}

const kinds = "video/*,.mkv,.flv,.ts,.m2ts,.avi";
/** Where files and folders are dropped or chosen; `take(files)` returns how many it left out. */
export function Place({ take }) {
  const [over, setOver] = useState(false);
  const files = useRef(), folder = useRef();
  useEffect(() => {
    // A file that is dropped beside the place must not replace the page.
    const ignore = event => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); };
    for (const name of ["dragover", "drop"]) addEventListener(name, ignore);
    return () => { for (const name of ["dragover", "drop"]) removeEventListener(name, ignore); };
  }, []);
  const receive = (list, lost = 0) => {
    const leftOut = take(list) + lost;
    if (leftOut) toast(count("upload.leftOut", leftOut));
  };
  const picked = event => { receive([...event.target.files]); event.target.value = ""; };
  return html`<div class=${over ? "drop over" : "drop"} onDragOver=${event => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)}
      onDrop=${event => { event.preventDefault(); setOver(false); filesOf(event.dataTransfer).then(found => receive(found.files, found.lost), sayError); }}>
      <${Icon} name="upload" size=${36} /><div><h2>${t("upload.drop")}</h2><p class="muted small">${t("upload.hint")}</p></div>
      <div class="row"><button class="button primary" onClick=${() => files.current.click()}>${t("upload.choose")}</button><button class="button" onClick=${() => folder.current.click()}>${t("upload.folder")}</button></div>
      <input type="file" multiple hidden ref=${files} accept=${kinds} onChange=${picked} aria-label=${t("upload.choose")} /><input type="file" hidden webkitdirectory ref=${folder} onChange=${picked} aria-label=${t("upload.folder")} />
    </div>`;
}

// Uploads that earlier pages began, here or in other browsers. All of them count against what the account may store.
function Unfinished({ queue }) {
  const list = useLoad(() => get(`/uploads${query({ user: me, limit: 200 })}`));
  const all = (list.data?.uploads || []).filter(one => one.state === "partial").map(one => ({ ...one, url: `/uploads/${one.id}` }));
  useEffect(() => { if (list.data && list.data.uploads.length < 200) forgetOthers(new Set(all.map(one => one.url))); }, [list.data]);
  useEffect(() => { if (queue.ended) list.again(); }, [queue.ended]);
  const shown = all.filter(one => !queue.items.some(item => item.sending.url === one.url));
  const remove = one => removeUpload(one.url).then(list.again, sayError);
  return shown.length > 0 && html`<div class="stack tight"><h2>${t("upload.before")}</h2><ul class="queue">${shown.map(one => html`<li key=${one.id} data-upload=${one.id}><div class="grow"><div class="name">${one.name}</div>
      <div class="state">${one.size ? t("upload.of", { sent: bytes(one.offset), size: bytes(one.size) }) : bytes(one.offset)} · ${t("upload.expires", { time: ago(one.expires) })} · ${t(isKnown(one.url) ? "upload.again" : "upload.elsewhere")}</div></div>
      <div class="row"><button class="icon-button" aria-label=${`${t("upload.cancel")}: ${one.name}`} title=${t("upload.cancel")} onClick=${() => remove(one)}><${Icon} name="close" /></button></div></li>`)}</ul></div>`;
}

const queue = new Queue();
/** `onDone` gets each video that has been uploaded. */
export function Upload({ onDone }) {
  useQueue(queue);
  return html`<section class="stack" aria-label=${t("upload.title")}><${Place} take=${files => queue.add(files, onDone)} /><${Unfinished} queue=${queue} /><${Rows} queue=${queue} /></section>`;
}
