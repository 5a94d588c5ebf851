// The comments of a video: threads, replies, times that are links; deleting, hiding, reporting.
import { html, useState, useRef, useEffect, Avatar, Confirm, Dialog, Failure, Problem, sayError, usePages, More } from "./ui.js";
import { get, post, del, query, me, isStaff, isAdmin, signInPath } from "./api.js";
import { t, ago, clock, count, moment } from "./strings.js";
import { ReportDialog, MuteDialog } from "./moderation.js";

const times = /\b(?:(\d{1,2}):)?([0-5]?\d):([0-5]\d)\b/g;
/** A text whose times (`1:02`) are links into the video, as far as that goes. */
export function Timed({ text, seek, duration }) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(times)) {
    const at = (Number(found[1] || 0) * 60 + Number(found[2])) * 60 + Number(found[3]);
    if (duration && at * 1000 > duration) continue;
    parts.push(text.slice(end, found.index), html`<button class="time-link" type="button" onClick=${() => seek(at)}>${found[0]}</button>`);
    end = found.index + found[0].length;
  }
  return html`<div class="text">${parts}${text.slice(end)}</div>`;
}

function Write({ label, hint, onSend, onCancel, focus }) {
  const [text, setText] = useState("");
  const [state, setState] = useState({});
  const box = useRef();
  useEffect(() => { if (focus) box.current.focus(); }, []);
  const send = async () => {
    if (!text.trim() || state.busy) return;
    setState({ busy: true });
    try {
      await onSend(text.trim());
      setText("");
      setState({});
    } catch (error) { setState({ error }); }
  };
  return html`<div class="comment-form"><${Avatar} name=${me} /><div class="stack tight">
    <textarea class="input" ref=${box} rows=${text || focus ? 3 : 1} maxlength="2000" placeholder=${hint} aria-label=${hint} value=${text} onInput=${event => setText(event.target.value)}
      onKeyDown=${event => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(); }}></textarea>
    ${state.error && html`<${Problem} error=${state.error} />`}
    ${(text || onCancel) && html`<div class="row end">${onCancel && html`<button class="button compact" onClick=${onCancel}>${t("cancel")}</button>`}<button class="button primary compact" aria-busy=${Boolean(state.busy)} disabled=${Boolean(state.busy) || !text.trim()} onClick=${send}>${label}</button></div>`}</div></div>`;
}

const mayDelete = (one, video) => me && (one.author === me || video.author === me || isStaff);
const mayHide = one => isStaff && (one.author !== me || isAdmin);
const pathOf = (video, one) => `/videos/${video.id}/comments/${one.id}`;

/** Asks before a comment, which nobody can restore, is deleted. */
const DeleteDialog = ({ one, video, text, onGone, onClose }) => html`<${Confirm} title=${t("comment.delete")} text=${text} label=${t("delete")} onClose=${onClose} work=${async () => { await del(pathOf(video, one)); onGone(one); }} />`;

function Comment({ one, video, link, seek, mayWrite, onReply, onGone, onChange, replies }) {
  const [open, setOpen] = useState("");
  const close = () => setOpen("");
  const moderate = verb => post(`/comments/${one.id}/${verb}`).then(onChange, sayError);
  if (one.deleted) return html`<li class="comment" id=${`comment-${one.id}`}><span class="avatar" aria-hidden="true">–</span><div><p class="muted">${t("comment.deleted")}</p>${replies}</div></li>`;
  const name = one.author_display_name || one.author || one.imported_author || t("comment.guest");
  return html`<li class="comment" id=${`comment-${one.id}`}><${Avatar} name=${name} /><div>
    <div class="head">${one.author ? html`<a href=${`/u/${one.author}`}>${name}</a>` : html`<span><bdi>${name}</bdi></span> <span class="chip">${t("imported")}</span>`}<span class="muted" title=${moment(one.time)}>${ago(one.time)}</span>
      ${one.held && html`<span class="chip warn" title=${t(`held.${one.held}`)}>${t("held")}</span>`}</div>
    <${Timed} text=${one.content} seek=${seek} duration=${video.duration_ms} />
    <div class="acts">${mayWrite && html`<button onClick=${() => setOpen(open === "reply" ? "" : "reply")}>${t("reply")}</button>`}
      ${isStaff && one.held ? html`<button onClick=${() => moderate("approve")}>${t("approve")}</button>` : mayHide(one) && html`<button onClick=${() => moderate("hide")}>${t("hide")}</button>`}
      ${mayDelete(one, video) && html`<button onClick=${() => setOpen("delete")}>${t("delete")}</button>`}
      ${(!me || one.author !== me) && html`<button onClick=${() => setOpen("report")}>${t("report.button")}</button>`}
      ${isStaff && one.author && one.author !== me && html`<button onClick=${() => setOpen("mute")}>${t("mute.button")}</button>`}</div>
    ${open === "reply" && html`<${Write} focus label=${t("reply")} hint=${t("reply.hint", { name })} onCancel=${close} onSend=${async text => { await onReply(one, text); close(); }} />`}
    ${open === "delete" && html`<${DeleteDialog} one=${one} video=${video} text=${t("comment.delete.sure")} onGone=${onGone} onClose=${close} />`}
    ${open === "report" && html`<${ReportDialog} path=${`${pathOf(video, one)}/reports`} link=${link} onClose=${close} />`}
    ${open === "mute" && html`<${MuteDialog} name=${one.author} onClose=${close} />`}
    ${replies}</div></li>`;
}

/** `share` are the parts of a signed link; `seek` goes to a time of the video. */
export function Comments({ video, share, mayWrite, seek }) {
  const [by, setBy] = useState("newest");
  // What flies over the picture is listed beside it, not here.
  const pages = usePages(cursor => get(`/videos/${video.id}/comments${query({ ...share, position: "none", by, limit: 100, cursor })}`), "comments", [by]);
  const all = pages.items || [];
  const put = one => pages.put(one, by === "time");
  const gone = one => {
    if (all.some(other => other.parent_id === one.id)) pages.put({ ...one, deleted: true, content: "", author: "" });
    else pages.drop(one);
  };
  const say = async (content, parent) => put(await post(`/videos/${video.id}/comments`, { content, parent_id: parent }));
  // An admin comes here from a report.
  const isLoaded = Boolean(pages.items);
  useEffect(() => { if (isLoaded && location.hash.startsWith("#comment-")) document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "center" }); }, [isLoaded]);
  // A reply whose comment is on a later page stands alone until that comes.
  const known = new Set(all.map(one => one.id));
  const roots = all.filter(one => !one.parent_id || !known.has(one.parent_id));
  const below = one => all.filter(other => other.parent_id === one.id).sort((a, b) => a.time < b.time ? -1 : 1);
  const part = one => {
    const replies = below(one);
    return html`<${Comment} key=${one.id} one=${one} video=${video} link=${query(share)} seek=${seek} mayWrite=${mayWrite && !video.comments_off} onGone=${gone} onChange=${put} onReply=${(to, text) => say(text, to.id)}
      replies=${replies.length > 0 && html`<ul class="replies">${replies.map(part)}</ul>`} />`;
  };
  return html`<div class="comments"><div class="row apart"><h2>${pages.items && !pages.hasMore ? count("comments", all.filter(one => !one.deleted).length) : t("comments.title")}</h2>
    ${(roots.length > 1 || by === "time") && html`<button class="button quiet compact" onClick=${() => setBy(by === "newest" ? "time" : "newest")}>${t(by === "newest" ? "comments.newest" : "comments.oldest")}</button>`}</div>
    ${video.comments_off ? html`<p class="note">${t("comments.off")}</p>` : mayWrite ? html`<${Write} label=${t("comment.send")} hint=${t("comment.hint")} onSend=${text => say(text)} />`
      : me || query(share) ? html`<p class="note">${t("comments.link")}</p>` : html`<p class="note"><span class="grow">${t("comments.signin")}</span><a href=${signInPath()}>${t("nav.signin")}</a></p>`}
    ${pages.error && !pages.items ? html`<${Failure} ...${pages} />` : pages.items && !all.length && !video.comments_off ? html`<p class="muted">${t("comments.none")}</p>` : html`<ul class="comments">${roots.map(part)}</ul>`}
    <${More} pages=${pages} /></div>`;
}

/** One line of danmaku, and what may be done about it. */
export function LineDialog({ line, video, link, onGone, onClose }) {
  const [open, setOpen] = useState("");
  if (open === "delete") return html`<${DeleteDialog} one=${line} video=${video} text=${line.text} onGone=${onGone} onClose=${onClose} />`;
  if (open === "report") return html`<${ReportDialog} path=${`${pathOf(video, line)}/reports`} link=${link} onClose=${onClose} />`;
  if (open === "mute") return html`<${MuteDialog} name=${line.author} onClose=${onClose} />`;
  const hide = async () => { try { await post(`/comments/${line.id}/hide`); onGone(line); onClose(); } catch (error) { sayError(error); } };
  return html`<${Dialog} title=${clock(line.at * 1000)} onClose=${onClose}><p>${line.text}</p>
    ${line.author ? html`<p class="muted small">${t("line.by")} <a href=${`/u/${line.author}`}>${line.author}</a></p>` : html`<p class="muted small">${line.imported ? html`${t("line.imported")} <bdi>${line.imported}</bdi>` : t("imported")}</p>`}
    <div class="row end">${(!me || line.author !== me) && html`<button class="button" onClick=${() => setOpen("report")}>${t("report.button")}</button>`}
    ${isStaff && line.author && line.author !== me && html`<button class="button danger" onClick=${() => setOpen("mute")}>${t("mute.button")}</button>`}
    ${mayHide(line) && html`<button class="button" onClick=${hide}>${t("hide")}</button>`}
    ${mayDelete(line, video) && html`<button class="button danger" onClick=${() => setOpen("delete")}>${t("delete")}</button>`}</div></${Dialog}>`;
}
