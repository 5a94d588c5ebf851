// The upload queue: two at once (a browser opens six connections to a site), each with progress, rate and time left.
import { html, useState, useEffect, useRef, Icon, toast, sayError } from "../lib/ui.js";
import { get, explain, can } from "../lib/api.js";
import { t, bytes, left, count } from "../lib/strings.js";
import { Sending, unfinished, forget, isVideo, filesOf, fingerprint, sendPicture } from "./send.js";

const parallel = 2;
let numbers = 0;

class Queue {
  items = [];
  listeners = new Set();
  changed = () => { for (const one of this.listeners) one(); };

  add(files, onDone) {
    const fresh = files.filter(file => isVideo(file) && !this.items.some(item => item.key === fingerprint(file) && !["failed", "cancelled"].includes(item.state)));
    for (const file of fresh) {
      const item = { number: ++numbers, key: fingerprint(file), file, name: file.name, size: file.size, sent: 0, state: "waiting", rate: 0 };
      item.sending = new Sending(file, { onProgress: (sent, isStart) => this.progress(item, sent, isStart) });
      item.onDone = onDone;
      this.items.push(item);
    }
    this.next();
    return files.length - fresh.length;
  }
  progress(item, sent, isStart) {
    const now = performance.now();
    if (isStart) Object.assign(item, { at: now, base: sent, rate: 0 });
    else if (now - item.at > 400) {
      const rate = (sent - item.base) / (now - item.at) * 1000;
      item.rate = item.rate ? item.rate * 0.7 + rate * 0.3 : rate;
      Object.assign(item, { at: now, base: sent });
    }
    item.sent = sent;
    this.changed();
  }
  next() {
    // The screen stays on while something is sent, where the browser lets it (HTTPS).
    if (this.isBusy && !this.lock) this.lock = navigator.wakeLock?.request("screen").catch(() => null);
    if (!this.isBusy && this.lock) { this.lock.then(lock => lock?.release()); this.lock = undefined; }
    let running = this.items.filter(item => item.state === "running").length;
    for (const item of this.items) if (item.state === "waiting" && running < parallel) { running++; this.run(item); }
    this.changed();
  }
  async run(item) {
    item.state = "running";
    item.error = undefined;
    try {
      const id = await item.sending.run();
      item.state = "done";
      item.sent = item.size;
      sendPicture(id, item.file).catch(() => {}).then(() => get(`/video/${id}`)).then(item.onDone, () => {});
      item.video = id;
    } catch (error) {
      if (error.name !== "AbortError") Object.assign(item, { state: "failed", error });
    }
    this.next();
  }
  pause(item) { item.state = "paused"; item.sending.stop(); this.next(); }
  resume(item) { item.state = "waiting"; this.next(); }
  async cancel(item) {
    item.state = "cancelled";
    this.items = this.items.filter(one => one !== item);
    this.next();
    await item.sending.cancel();
  }
  clear() { this.items = this.items.filter(item => item.state !== "done"); this.changed(); }
  get isBusy() { return this.items.some(item => ["running", "waiting"].includes(item.state)); }
}
const queue = new Queue();
addEventListener("beforeunload", event => { if (queue.isBusy) event.preventDefault(); });

function stateOf(item) {
  if (item.state === "failed") return explain(item.error);
  if (item.state === "running") return [t("upload.of", { sent: bytes(item.sent), size: bytes(item.size) }), item.rate > 0 && t("upload.rate", { rate: bytes(item.rate) }), item.rate > 0 && t("upload.left", { time: left((item.size - item.sent) / item.rate) })].filter(Boolean).join(" · ");
  if (item.state === "paused") return t("upload.paused", { percent: Math.floor(100 * item.sent / (item.size || 1)) });
  return t(`upload.${item.state}`);
}
function Item({ item }) {
  const percent = item.state === "done" ? 100 : Math.floor(100 * item.sent / (item.size || 1));
  const button = (icon, key, work) => html`<button class="icon-button" aria-label=${`${t(key)}: ${item.name}`} title=${t(key)} onClick=${work}><${Icon} name=${icon} /></button>`;
  return html`<li data-state=${item.state}><div class="grow"><div class="name">${item.state === "done" ? html`<a href=${`/v/${item.video}`}>${item.name}</a>` : item.name}</div>
    <div class=${item.state === "failed" ? "state danger" : "state"}>${stateOf(item)}</div></div>
    <div class="row">${item.state === "running" && can("tus") && button("pause", "upload.pause", () => queue.pause(item))}
    ${["paused", "failed"].includes(item.state) && button("upload", "upload.resume", () => queue.resume(item))}
    ${item.state === "done" ? html`<span class="chip good"><${Icon} name="check" size=${14} />${t("upload.done")}</span>` : button("close", "upload.cancel", () => queue.cancel(item))}</div>
    <div class=${`bar ${item.state === "done" ? "good" : item.state === "failed" ? "danger" : ""}`} role="progressbar" aria-label=${item.name} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent}><i ref=${element => { if (element) element.style.width = `${percent}%`; }}></i></div></li>`;
}

export function Upload({ onDone, most }) {
  const [, redraw] = useState(0);
  const [over, setOver] = useState(false);
  const [before, setBefore] = useState(unfinished);
  const [said, setSaid] = useState("");
  const files = useRef(), folder = useRef();
  useEffect(() => {
    const change = () => redraw(n => n + 1);
    queue.listeners.add(change);
    // A file that is dropped beside the place must not replace the page.
    const ignore = event => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); };
    addEventListener("dragover", ignore);
    addEventListener("drop", ignore);
    return () => queue.listeners.delete(change);
  }, []);
  const running = queue.items.filter(item => item.state === "running").length;
  const done = queue.items.filter(item => item.state === "done").length;
  useEffect(() => { if (queue.items.length) setSaid(t("upload.said", { done, all: queue.items.length })); }, [done, queue.items.length]);
  const take = list => {
    const left = queue.add(list, onDone);
    setBefore(old => old.filter(one => !list.some(file => fingerprint(file) === one.key)));
    if (left) toast(count("upload.leftOut", left));
  };
  const picked = event => { take([...event.target.files]); event.target.value = ""; };
  return html`<section class="stack" aria-label=${t("upload.title")}>
    <div class=${over ? "drop over" : "drop"} onDragOver=${event => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)}
      onDrop=${event => { event.preventDefault(); setOver(false); filesOf(event.dataTransfer).then(take, sayError); }}>
      <${Icon} name="upload" size=${36} /><div><h2>${t("upload.drop")}</h2><p class="muted small">${t("upload.hint")}</p></div>
      <div class="row"><button class="button primary" onClick=${() => files.current.click()}>${t("upload.choose")}</button><button class="button" onClick=${() => folder.current.click()}>${t("upload.folder")}</button></div>
      <input type="file" multiple hidden ref=${files} accept="video/*,.mkv,.flv,.ts,.m2ts,.avi" onChange=${picked} aria-label=${t("upload.choose")} /><input type="file" hidden webkitdirectory ref=${folder} onChange=${picked} aria-label=${t("upload.folder")} />
    </div>
    ${before.length > 0 && html`<ul class="queue" aria-label=${t("upload.before")}>${before.map(one => html`<li key=${one.key}><div class="grow"><div class="name">${one.name}</div><div class="state">${t("upload.again")}</div></div>
      <div class="row"><button class="button compact" onClick=${() => files.current.click()}>${t("upload.choose")}</button><button class="icon-button" aria-label=${`${t("upload.cancel")}: ${one.name}`} onClick=${() => { setBefore(old => old.filter(other => other !== one)); forget(one); }}><${Icon} name="close" /></button></div></li>`)}</ul>`}
    ${queue.items.length > 0 && html`<div class="stack tight"><div class="row apart"><h2>${t("upload.title")}</h2>${done > 0 && html`<button class="button quiet compact" onClick=${() => queue.clear()}>${t("upload.clear")}</button>`}</div>
      <ul class="queue">${queue.items.map(item => html`<${Item} key=${item.number} item=${item} />`)}</ul></div>`}
    <p class="visually-hidden" role="status">${said}</p></section>`;
}
