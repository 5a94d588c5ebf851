import "../lib/page.js";
import { html, render, useState, useRef, Icon, toast, sayError } from "../lib/ui.js";
import { post, explain } from "../lib/api.js";
import { t, bytes, count } from "../lib/strings.js";
import { send, titleOf, isVideo, filesOf } from "../upload/send.js";

// A guest's files, one after the other: each makes a video of the receiver's, and goes to its signed URL.
function Drop() {
  const [items, setItems] = useState([]);
  const [over, setOver] = useState(false);
  const files = useRef(), running = useRef(false), waiting = useRef([]);
  const change = (item, now) => { Object.assign(item, now); setItems(all => [...all]); };
  const work = async () => {
    if (running.current) return;
    running.current = true;
    for (let item; (item = waiting.current.shift());) {
      try {
        change(item, { state: "running" });
        const made = await post(location.pathname + location.search, { name: titleOf(item.file.name), size: item.file.size });
        await send("PUT", made.upload_url, {}, item.file, sent => change(item, { sent }), () => {});
        change(item, { state: "done", sent: item.file.size });
      } catch (error) { change(item, { state: "failed", error }); }
    }
    running.current = false;
  };
  const take = list => {
    const fresh = list.filter(isVideo).map(file => ({ file, sent: 0, state: "waiting" }));
    if (fresh.length < list.length) toast(count("upload.leftOut", list.length - fresh.length));
    waiting.current.push(...fresh);
    setItems(all => [...all, ...fresh]);
    work();
  };
  const percent = item => Math.floor(100 * item.sent / (item.file.size || 1));
  return html`<div class="stack"><div class=${over ? "drop over" : "drop"} onDragOver=${event => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)}
      onDrop=${event => { event.preventDefault(); setOver(false); filesOf(event.dataTransfer).then(take, sayError); }}><${Icon} name="upload" size=${36} /><h2>${t("upload.drop")}</h2>
      <button class="button primary" onClick=${() => files.current.click()}>${t("upload.choose")}</button>
      <input type="file" multiple hidden ref=${files} accept="video/*,.mkv,.flv,.ts,.m2ts,.avi" aria-label=${t("upload.choose")} onChange=${event => { take([...event.target.files]); event.target.value = ""; }} /></div>
    ${items.length > 0 && html`<ul class="queue" aria-live="polite">${items.map(item => html`<li data-state=${item.state}><div class="grow"><div class="name">${item.file.name}</div>
      <div class=${item.state === "failed" ? "state danger" : "state"}>${item.state === "failed" ? explain(item.error) : item.state === "done" ? t("drop.done") : item.state === "running" ? t("upload.of", { sent: bytes(item.sent), size: bytes(item.file.size) }) : t("upload.waiting")}</div></div>
      <div class=${`bar ${item.state === "done" ? "good" : ""}`} role="progressbar" aria-label=${item.file.name} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent(item)}><i ref=${element => { if (element) element.style.width = `${percent(item)}%`; }}></i></div></li>`)}</ul>`}</div>`;
}
render(html`<${Drop} />`, document.getElementById("app"));
