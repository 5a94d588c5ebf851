import "../lib/page.js";
import { html, render, useState, useEffect, useRef, useLoad, Card, Icon, Menu, Thumb, CopyField, Dialog, toast, sayError } from "../lib/ui.js";
import { get, post, call, del, query, seg, me, isStaff, can, explain } from "../lib/api.js";
import { t, ago, bytes, clock, count, day, moment } from "../lib/strings.js";
import { startPlayer, chapterAt } from "../player/player.js";
import { Lines } from "../player/lines.js";
import { firstAt } from "../player/danmaku.js";
import { Comments, LineDialog, Timed } from "../lib/comments.js";
import { ReportDialog, BlockDialog } from "../lib/moderation.js";
import { EditDialog, ShareDialog } from "../lib/editing.js";

let data = JSON.parse(document.getElementById("video").textContent);
const asked = new URLSearchParams(location.search);
const share = Object.fromEntries(["share", "exp", "sig"].filter(name => asked.has(name)).map(name => [name, asked.get(name)]));
const link = Object.keys(share).length ? `?${new URLSearchParams(share)}` : "";
const isMine = me && data.author === me;

/** Seconds of `62`, `1m2s` or `1:02`. */
function seconds(text) {
  if (!text) return undefined;
  const units = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?$/.exec(text);
  const parts = units ? [units[1], units[2], units[3]] : text.split(":");
  const all = parts.reduce((sum, part) => sum * 60 + Number(part || 0), 0);
  return Number.isFinite(all) ? all : undefined;
}
const start = seconds(asked.get("t"));
const figure = document.getElementById("player");
const player = data.state === "ready" || data.state === undefined ? startPlayer(figure, data, { query: link, start, onTime: time => { lines.near(time); told(); } }) : undefined;
const video = figure.querySelector("video");
let tellLines = () => {};
const lines = new Lines(data.id, player?.danmaku ?? { add() {}, setItems() {} }, { share, onChange: all => tellLines(all) });
if (!data.danmaku_off) lines.near(start || 0);
const seek = at => {
  video.currentTime = at;
  figure.scrollIntoView({ block: "nearest" });
};

// Watching: a ping each 20 s while it plays and one at pause or leaving; its answer brings what others have said since.
let lastPing = 0, cursor;
async function ping(isEnd) {
  if (!can("watch")) return;
  lastPing = Date.now();
  const said = { position_ms: Math.round(video.currentTime * 1000), duration_ms: Number.isFinite(video.duration) ? Math.round(video.duration * 1000) : undefined, ended: video.ended || undefined, cursor };
  if (isEnd) return void navigator.sendBeacon(`/videos/${data.id}/watch${link}`, new Blob([JSON.stringify(said)], { type: "application/json" }));
  try {
    const given = await post(`/videos/${data.id}/watch${link}`, said);
    cursor = given.cursor ?? cursor;
    if (given.comments?.length) lines.add(given.comments, true);
    if (given.watching !== undefined) tellWatching(given.watching);
  } catch { /* the film goes on */ }
}
let tellWatching = () => {};
const told = () => { if (!video.paused && Date.now() - lastPing > 20000) ping(); };
video.addEventListener("play", () => ping());
video.addEventListener("pause", () => ping());
addEventListener("pagehide", () => { if (!video.paused) ping(true); });

function By() {
  const [watching, setWatching] = useState();
  tellWatching = setWatching;
  return html`<span class="dots">${data.views ? html`<span>${count("views", data.views)}</span>` : null}<span title=${moment(data.create_time)}>${ago(data.create_time)}</span>${watching > 1 ? html`<span>${count("watching", watching)}</span>` : null}</span>`;
}
function Actions() {
  const [open, setOpen] = useState("");
  const [, redraw] = useState(0);
  const change = now => {
    data = { ...data, ...now };
    document.querySelector(".left > h1").textContent = data.name;
    renderAll();
    redraw(n => n + 1);
  };
  const close = () => setOpen("");
  const remove = async () => {
    try {
      await del(`/video/${data.id}`);
      toast(t("mine.deleted", { name: data.name }), { label: t("undo"), seconds: 12, action: () => post(`/video/${data.id}/restore`).then(change).catch(sayError) });
    } catch (error) { sayError(error); }
  };
  const unblock = () => del(`/video/${data.id}/block`).then(() => { delete data.blocked; change({}); }, sayError);
  const isShared = data.visibility !== "private";
  return html`${isMine && html`<button class="button" onClick=${() => setOpen("edit")}><${Icon} name="edit" size=${18} />${t("edit")}</button>`}
    ${(isMine || isShared) && html`<button class="button" onClick=${() => setOpen(isMine ? "share" : "link")}><${Icon} name="link" size=${18} />${t("share")}</button>`}
    <${Menu} label=${t("actions")}><a href=${`/videos/${data.id}${link}`} download=${data.name}><${Icon} name="download" />${t("download")}</a>
      ${isMine ? html`<button class="danger" onClick=${remove}><${Icon} name="trash" />${t("delete")}</button>` : html`<button onClick=${() => setOpen("report")}><${Icon} name="flag" />${t("report.button")}</button>`}
      ${isStaff && (data.blocked ? html`<button onClick=${unblock}><${Icon} name="check" />${t("unblock.button")}</button>` : html`<button class="danger" onClick=${() => setOpen("block")}><${Icon} name="close" />${t("block.button")}</button>`)}</${Menu}>
    ${open === "edit" && html`<${EditDialog} video=${data} onClose=${close} onChange=${change} />`}
    ${open === "share" && html`<${ShareDialog} video=${data} onClose=${close} onChange=${change} />`}
    ${open === "link" && html`<${LinkDialog} onClose=${close} />`}
    ${open === "report" && html`<${ReportDialog} path=${`/videos/${data.id}/reports${link}`} onClose=${close} />`}
    ${open === "block" && html`<${BlockDialog} video=${data} onClose=${close} onDone=${why => change({ blocked: why })} />`}`;
}
function LinkDialog({ onClose }) {
  const [fromHere, setFromHere] = useState(false);
  const here = Math.floor(video.currentTime);
  return html`<${Dialog} title=${t("share")} onClose=${onClose}><${CopyField} label=${t("share.page")} value=${`${location.origin}/v/${data.id}${fromHere ? `?t=${here}` : ""}`} />
    <label class="check"><input type="checkbox" checked=${fromHere} onChange=${event => setFromHere(event.target.checked)} /><span>${t("share.from", { time: clock(here * 1000) })}</span></label></${Dialog}>`;
}
function About() {
  const [isLong, setLong] = useState(false);
  const text = data.description || "";
  const isShort = text.length < 280 && text.split("\n").length <= 4;
  return html`${data.blocked && html`<div class="note danger"><${Icon} name="warn" /><p class="grow">${t("blocked.why", { why: data.blocked })}</p></div>`}
    <p class="facts-line muted"><span class="dots"><span>${day(data.create_time)}</span><span>${bytes(data.size)}</span>${data.height ? html`<span>${data.width}×${data.height}</span>` : null}
      <span>${t(`visibility.${data.visibility || "public"}`)}</span></span></p>
    ${text && html`<div class=${isLong || isShort ? "" : "text short"}><${Timed} text=${text} seek=${seek} /></div>`}
    ${!isShort && html`<button class="button quiet compact" onClick=${() => setLong(!isLong)}>${t(isLong ? "less" : "more")}</button>`}
    ${data.tags?.length > 0 && html`<div class="tags">${data.tags.map(tag => html`<a class="chip" href=${`/?tag=${encodeURIComponent(tag)}`}>#${tag}</a>`)}</div>`}
    ${data.notes?.length > 0 && isMine && html`<ul class="stack tight small muted">${data.notes.map(note => html`<li>${note}</li>`)}</ul>`}`;
}

const colors = [0xffffff, 0xfe4d4d, 0xffa94d, 0xffe066, 0x69db7c, 0x4dabf7, 0xb197fc, 0xf783ac];
const colorNames = ["white", "red", "orange", "yellow", "green", "blue", "violet", "pink"];
function Say() {
  const [text, setText] = useState("");
  const [look, setLook] = useState(() => { try { return JSON.parse(localStorage.getItem("say")) || {}; } catch { return {}; } });
  const [busy, setBusy] = useState(false);
  const { color = 0xffffff, mode = "scroll", size = "normal" } = look;
  const choose = change => { const now = { ...look, ...change }; setLook(now); try { localStorage.setItem("say", JSON.stringify(now)); } catch { /* not kept */ } };
  const send = async event => {
    event.preventDefault();
    const content = text.trim();
    if (!content) return;
    setBusy(true);
    try {
      const wanted = { content, position_ms: Math.round(video.currentTime * 1000) };
      if (color !== 0xffffff) wanted.color = color;
      if (mode !== "scroll") wanted.mode = mode;
      if (size !== "normal") wanted.size = size;
      const posted = await post(`/videos/${data.id}/comments`, wanted);
      lines.add([{ ...wanted, ...posted }], true);
      setText("");
      if (posted.held) toast(t("comment.held"));
    } catch (error) { sayError(error); }
    setBusy(false);
  };
  const swatch = (value, index) => html`<button type="button" class="swatch" role="radio" aria-checked=${color === value} aria-label=${t(`color.${colorNames[index]}`)} ref=${element => { if (element) element.style.background = `#${value.toString(16).padStart(6, "0")}`; }} onClick=${() => choose({ color: value })}></button>`;
  const segments = (name, values, now) => html`<div class="segments" role="radiogroup" aria-label=${t(`say.${name}`)}>${values.map(value => html`<button type="button" role="radio" aria-checked=${now === value} onClick=${() => choose({ [name]: value })}>${t(`${name}.${value}`)}</button>`)}</div>`;
  return html`<form class="say" onSubmit=${send}><details class="menu"><summary class="icon-button" aria-label=${t("say.look")} title=${t("say.look")}><${Icon} name="danmaku" /></summary>
      <div class="menu-list say-options say-menu"><span class="label">${t("say.color")}</span><div class="row" role="radiogroup" aria-label=${t("say.color")}>${colors.map(swatch)}</div>
      <span class="label">${t("say.mode")}</span>${segments("mode", ["scroll", "top", "bottom"], mode)}<span class="label">${t("say.size")}</span>${segments("size", ["small", "normal", "big"], size)}</div></details>
    <input type="text" value=${text} maxlength="200" placeholder=${t("say.hint")} aria-label=${t("say.hint")} onInput=${event => setText(event.target.value)} />
    <button class="button primary" aria-label=${t("send")} disabled=${busy || !text.trim()}><${Icon} name="send" size=${18} /><span>${t("send")}</span></button></form>`;
}

function Side() {
  const [all, setAll] = useState(lines.all);
  const [time, setTime] = useState(0);
  const [line, setLine] = useState();
  const list = useRef();
  tellLines = setAll;
  useEffect(() => {
    const change = () => setTime(video.currentTime);
    video.addEventListener("timeupdate", change);
    return () => video.removeEventListener("timeupdate", change);
  }, []);
  const more = useLoad(() => can("related") ? get(`/videos/${data.id}/related?limit=8`) : get(`/user/${seg(data.author)}/videos?limit=9`));
  const others = (more.data?.videos || []).filter(one => one.id !== data.id && (one.state ?? "ready") === "ready").slice(0, 8);
  const now = firstAt(all, time + 0.05) - 1;
  const chapters = data.chapters || [];
  const chapter = chapterAt(chapters, time);
  useEffect(() => { const element = list.current?.querySelector(".now"); if (element && !video.paused) list.current.scrollTop = element.offsetTop - list.current.offsetTop - 160; }, [now]);
  // Only the part around the present moment is drawn: there may be very many.
  const from = Math.max(0, now - 60);
  return html`${chapters.length > 0 && html`<section class="panel"><header><h2>${t("chapters")}</h2></header><ol class="chapters">${chapters.map(one => html`<li><button onClick=${() => seek(one.time_ms / 1000)} aria-current=${one === chapter ? "true" : undefined}><time>${clock(one.time_ms)}</time><span>${one === chapter ? html`<b>${one.title}</b>` : one.title}</span></button></li>`)}</ol></section>`}
    ${!data.danmaku_off && html`<section class="panel"><header><h2>${t("danmaku.title")}</h2>${all.length > 0 && html`<span class="muted small">${count("lines", all.length)}</span>`}</header>
      ${all.length ? html`<ul class="lines" ref=${list} tabindex="0" aria-label=${t("danmaku.title")}>${all.slice(from, from + 160).map((one, index) => html`<li key=${one.id} class=${from + index === now ? "now" : ""}><time>${clock(one.at * 1000)}</time><button onClick=${() => seek(one.at)}>${one.text}</button><button class="about-line" aria-label=${`${t("actions")}: ${one.text}`} onClick=${() => setLine(one)}><${Icon} name="more" size=${16} /></button></li>`)}</ul>`
        : html`<p class="muted small">${t(me ? "danmaku.none" : "danmaku.none.guest")}</p>`}</section>`}
    ${line && html`<${LineDialog} line=${line} video=${data} onGone=${one => lines.remove(one.id)} onClose=${() => setLine()} />`}
    ${others.length > 0 && html`<section class="stack"><h2>${can("related") ? t("related") : t("more.by", { name: data.author_display_name || data.author })}</h2><div class="stack">${others.map(one => html`<${Card} key=${one.id} video=${one} withAuthor=${can("related")} />`)}</div></section>`}`;
}
function renderAll() {
  const into = (id, what) => { const place = document.getElementById(id); if (!place.firstChild?.__k && !place.dataset.alive) { place.textContent = ""; place.dataset.alive = "1"; } render(what, place); };
  into("by", html`<${By} />`);
  into("actions", html`<${Actions} />`);
  into("about", html`<${About} />`);
  if (me && !data.danmaku_off && !data.comments_off && data.state === "ready") into("say", html`<${Say} />`);
  else into("say", null);
  into("side", html`<${Side} />`);
  into("comments", html`<${Comments} video=${data} share=${share} seek=${seek} />`);
}
renderAll();
