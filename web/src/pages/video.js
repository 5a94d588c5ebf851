import "../lib/page.js";
import { html, render, useState, useEffect, useRef, useLoad, Card, Icon, Menu, CopyField, Dialog, Segments, toast, sayError } from "../lib/ui.js";
import { get, post, del, seg, me, isStaff, can } from "../lib/api.js";
import { stored, store } from "../lib/stored.js";
import { t, ago, bytes, clock, count, day, moment } from "../lib/strings.js";
import { startPlayer, changePlayer, chapterAt } from "../player/player.js";
import { Lines } from "../player/lines.js";
import { firstAt } from "../player/danmaku.js";
import * as asked from "../player/watching.js";
import { Comments, LineDialog, Timed } from "../lib/comments.js";
import { ReportDialog, BlockDialog } from "../lib/moderation.js";
import { EditDialog, ShareDialog } from "../lib/editing.js";

let data = JSON.parse(document.getElementById("video").textContent);
const isMine = me && data.author === me;
// With a signed link the server does not know who asks: it is left out where the video can be seen without.
const needsLink = asked.link && !isMine && (!me || data.visibility === "private");
const link = needsLink ? asked.link : "";
const share = needsLink ? asked.share : {};
const mayWrite = me && !needsLink;

const figure = document.getElementById("player");
const video = figure.querySelector("video");
const player = (data.state ?? "ready") === "ready" ? startPlayer(figure, data, { query: link, start: asked.start, onTime: time => lines.near(time) }) : undefined;
let tellLines = () => {}, tellWatching = () => {};
const lines = new Lines(data, player?.danmaku ?? { add() {}, setItems() {} }, { share, onChange: all => tellLines(all) });
if (player) {
  lines.near(asked.start || 0);
  asked.watch(video, data.id, link, reply => {
    if (reply.comments?.length) lines.add(reply.comments, true);
    tellWatching(reply.watching);
  });
}
const seek = at => {
  video.currentTime = at;
  figure.scrollIntoView({ block: "nearest" });
};
/** Shows the video as it is now: whole, as the API has it, since it leaves out what is switched off. */
function change(now) {
  data = now.id ? { ...now, notes: now.notes ?? data.notes } : { ...data, ...now };
  document.querySelector(".left > h1").textContent = data.name;
  lines.video = data;
  if (player) changePlayer(player, data);
  figure.hidden = data.state === "deleted";
  if (figure.hidden) video.pause();
  renderAll();
}
const again = () => get(`/video/${data.id}`).then(change);

function By() {
  const [watching, setWatching] = useState();
  tellWatching = setWatching;
  return html`<span class="dots">${data.views ? html`<span>${count("views", data.views)}</span>` : null}<span title=${moment(data.create_time)}>${ago(data.create_time)}</span>${watching > 1 ? html`<span>${count("watching", watching)}</span>` : null}</span>`;
}
function Actions() {
  const [open, setOpen] = useState("");
  const close = () => setOpen("");
  const remove = () => del(`/video/${data.id}`).then(() => change({ state: "deleted" }), sayError);
  const unblock = () => del(`/video/${data.id}/block`).then(() => change({ blocked: undefined }), sayError);
  if (data.state === "deleted") return null;
  const isShared = data.visibility !== "private";
  return html`${isMine && html`<button class="button" onClick=${() => setOpen("edit")}><${Icon} name="edit" size=${18} />${t("edit")}</button>`}
    ${(isMine || isShared) && html`<button class="button" onClick=${() => setOpen(isMine ? "share" : "link")}><${Icon} name="link" size=${18} />${t("share")}</button>`}
    <${Menu} label=${t("actions")}><a href=${`/videos/${data.id}${link}`} download=${data.name}><${Icon} name="download" />${t("download")}</a>
      ${isMine ? html`<button class="danger" onClick=${remove}><${Icon} name="trash" />${t("delete")}</button>` : html`<button onClick=${() => setOpen("report")}><${Icon} name="flag" />${t("report.button")}</button>`}
      ${isStaff && (data.blocked ? html`<button onClick=${unblock}><${Icon} name="check" />${t("unblock.button")}</button>` : html`<button class="danger" onClick=${() => setOpen("block")}><${Icon} name="close" />${t("block.button")}</button>`)}</${Menu}>
    ${open === "edit" && html`<${EditDialog} video=${data} onClose=${close} onChange=${change} />`}
    ${open === "share" && html`<${ShareDialog} video=${data} onClose=${close} />`}
    ${open === "link" && html`<${LinkDialog} onClose=${close} />`}
    ${open === "report" && html`<${ReportDialog} path=${`/videos/${data.id}/reports`} link=${link} onClose=${close} />`}
    ${open === "block" && html`<${BlockDialog} video=${data} onClose=${close} onDone=${why => change({ blocked: why })} />`}`;
}
function LinkDialog({ onClose }) {
  const [fromHere, setFromHere] = useState(false);
  const here = Math.floor(video.currentTime);
  return html`<${Dialog} title=${t("share")} onClose=${onClose}><${CopyField} label=${t("share.page")} value=${`${location.origin}/v/${data.id}${fromHere ? `?t=${here}` : ""}`} />
    <label class="check"><input type="checkbox" checked=${fromHere} onChange=${event => setFromHere(event.target.checked)} /><span>${t("share.from", { time: clock(here * 1000) })}</span></label></${Dialog}>`;
}
// What the file says that its owner may not want to be said, or that not every browser plays.
function Notes() {
  const [busy, setBusy] = useState(false);
  const strip = async () => {
    setBusy(true);
    try {
      await post(`/video/${data.id}/strip-location`);
      await again();
      toast(t("location.removed"));
    } catch (error) { sayError(error); }
    setBusy(false);
  };
  return html`${data.has_location && html`<div class="note warn"><${Icon} name="warn" /><p class="grow">${t("location")}</p><button class="button compact" aria-busy=${busy} disabled=${busy} onClick=${strip}>${t("location.remove")}</button></div>`}
    ${data.notes?.map(note => html`<div class="note warn"><${Icon} name="info" /><p class="grow">${note}</p></div>`)}`;
}
function About() {
  const [isLong, setLong] = useState(false);
  const text = data.description || "";
  const isShort = text.length < 280 && text.split("\n").length <= 4;
  return html`${data.blocked && html`<div class="note danger"><${Icon} name="warn" /><p class="grow">${t("blocked.why", { why: data.blocked })}</p></div>`}
    <p class="facts-line muted"><span class="dots"><span>${day(data.create_time)}</span><span>${bytes(data.size)}</span>${data.height ? html`<span>${data.width}×${data.height}</span>` : null}
      <span>${t(`visibility.${data.visibility || "public"}`)}</span></span></p>
    ${text && html`<div class=${isLong || isShort ? "" : "text short"}><${Timed} text=${text} seek=${seek} duration=${data.duration_ms} /></div>`}
    ${!isShort && html`<button class="button quiet compact" onClick=${() => setLong(!isLong)}>${t(isLong ? "less" : "more")}</button>`}
    ${data.tags?.length > 0 && html`<div class="tags">${data.tags.map(tag => html`<a class="chip" href=${`/?tag=${encodeURIComponent(tag)}`}>#${tag}</a>`)}</div>`}
    ${isMine && html`<${Notes} />`}`;
}
function Deleted() {
  const restore = () => post(`/video/${data.id}/restore`).then(again).catch(sayError);
  return html`<div class="note"><p class="grow">${t("mine.deleted", { name: data.name })}</p><button class="button compact" onClick=${restore}>${t("undo")}</button></div>`;
}

const colors = [0xffffff, 0xfe4d4d, 0xffa94d, 0xffe066, 0x69db7c, 0x4dabf7, 0xb197fc, 0xf783ac];
const colorNames = ["white", "red", "orange", "yellow", "green", "blue", "violet", "pink"];
function Say() {
  const [text, setText] = useState("");
  const [look, setLook] = useState(() => stored("say", {}));
  const [busy, setBusy] = useState(false);
  const { color = 0xffffff, mode = "scroll", size = "normal" } = look;
  const choose = change => { const now = { ...look, ...change }; setLook(now); store("say", now); };
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
  const swatch = (value, index) => html`<input type="radio" class="swatch" name="say-color" value=${index} checked=${color === value} aria-label=${t(`color.${colorNames[index]}`)} title=${t(`color.${colorNames[index]}`)} ref=${element => { if (element) element.style.background = `#${value.toString(16).padStart(6, "0")}`; }} onChange=${() => choose({ color: value })} />`;
  const segments = (name, values, now) => html`<${Segments} label=${t(`say.${name}`)} choices=${values.map(value => [value, t(`${name}.${value}`)])} value=${now} onChoose=${value => choose({ [name]: value })} />`;
  return html`<form class="say" onSubmit=${send}><details class="menu"><summary class="icon-button" aria-label=${t("say.look")} title=${t("say.look")}><${Icon} name="danmaku" /></summary>
      <div class="menu-list say-options say-menu"><span class="label">${t("say.color")}</span><fieldset class="row"><legend class="visually-hidden">${t("say.color")}</legend>${colors.map(swatch)}</fieldset>
      <span class="label">${t("say.mode")}</span>${segments("mode", ["scroll", "top", "bottom"], mode)}<span class="label">${t("say.size")}</span>${segments("size", ["small", "normal", "big"], size)}</div></details>
    <input type="text" value=${text} maxlength="200" placeholder=${t("say.hint")} aria-label=${t("say.hint")} onInput=${event => setText(event.target.value)} />
    <button class="button primary" aria-label=${t("send")} disabled=${busy || !text.trim()}><${Icon} name="send" size=${18} /><span>${t("send")}</span></button></form>`;
}

function Side() {
  const [all, setAll] = useState(lines.all);
  const [now, setNow] = useState(-1);  // the line that was said last
  const [chapter, setChapter] = useState();
  const [line, setLine] = useState();
  const list = useRef();
  const [isReady, setReady] = useState(lines.isReady || !player);  // what stands below waits, so that it does not move
  tellLines = now => {
    setAll(now);
    setReady(lines.isReady);
  };
  const chapters = data.chapters || [];
  useEffect(() => {
    // Only another line or chapter draws this anew, not every change of the time.
    const change = () => {
      setNow(firstAt(all, video.currentTime + 0.05) - 1);
      setChapter(chapterAt(chapters, video.currentTime));
    };
    change();
    video.addEventListener("timeupdate", change);
    return () => video.removeEventListener("timeupdate", change);
  }, [all, data.chapters]);
  const more = useLoad(() => can("related") ? get(`/videos/${data.id}/related?limit=8`) : get(`/user/${seg(data.author)}/videos?limit=9`));
  const others = (more.data?.videos || []).filter(one => one.id !== data.id && (one.state ?? "ready") === "ready").slice(0, 8);
  useEffect(() => { const element = list.current?.querySelector(".now"); if (element && !video.paused) list.current.scrollTop = element.offsetTop - list.current.offsetTop - 160; }, [now]);
  // Only the part around the present moment is drawn: there may be very many.
  const from = Math.max(0, now - 60);
  return html`${chapters.length > 0 && html`<section class="panel"><header><h2>${t("chapters")}</h2></header><ol class="chapters">${chapters.map(one => html`<li><button onClick=${() => seek(one.time_ms / 1000)} aria-current=${one === chapter ? "true" : undefined}><time>${clock(one.time_ms)}</time><span>${one === chapter ? html`<b>${one.title}</b>` : one.title}</span></button></li>`)}</ol></section>`}
    ${!data.danmaku_off && html`<section class="panel"><header><h2>${t("danmaku.title")}</h2>${all.length > 0 && html`<span class="muted small">${count("lines", all.length)}</span>`}</header>
      ${all.length ? html`<ul class="lines" ref=${list} tabindex="0" aria-label=${t("danmaku.title")}>${all.slice(from, from + 160).map((one, index) => html`<li key=${one.id} class=${from + index === now ? "now" : ""}><time>${clock(one.at * 1000)}</time><button onClick=${() => seek(one.at)}>${one.text}</button><button class="about-line" aria-label=${`${t("actions")}: ${one.text}`} onClick=${() => setLine(one)}><${Icon} name="more" size=${16} /></button></li>`)}</ul>`
        : isReady && html`<p class="muted small">${t(mayWrite ? "danmaku.none" : "danmaku.none.guest")}</p>`}</section>`}
    ${line && html`<${LineDialog} line=${line} video=${data} link=${link} onGone=${one => lines.remove(one.id)} onClose=${() => setLine()} />`}
    ${isReady && others.length > 0 && html`<section class="stack"><h2>${can("related") ? t("related") : t("more.by", { name: data.author_display_name || data.author })}</h2><div class="stack">${others.map(one => html`<${Card} key=${one.id} video=${one} withAuthor=${can("related")} />`)}</div></section>`}`;
}
function renderAll() {
  const into = (id, what) => {
    const place = document.getElementById(id);
    if (!place.dataset.alive) {
      place.textContent = "";  // what the server has sent
      place.dataset.alive = "1";
    }
    render(what, place);
  };
  const maySay = mayWrite && !data.danmaku_off && !data.comments_off && player;
  if (!maySay) document.getElementById("say").classList.remove("say-place");
  into("by", html`<${By} />`);
  into("actions", html`<${Actions} />`);
  into("about", html`<${About} />`);
  into("say", data.state === "deleted" ? html`<${Deleted} />` : maySay ? html`<${Say} />` : null);
  into("side", html`<${Side} />`);
  into("comments", html`<${Comments} video=${data} share=${share} mayWrite=${mayWrite} seek=${seek} />`);
}
renderAll();
