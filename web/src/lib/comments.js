// The comments of a video: threads, replies, times that are links; deleting, hiding, reporting.
import { html, useState, useRef, useEffect, Avatar, Dialog, Failure, sayError, usePages, More } from "./ui.js";
import { get, post, del, query, seg, me, isStaff, explain } from "./api.js";
import { t, ago, clock, count, moment } from "./strings.js";
import { ReportDialog, MuteDialog } from "./moderation.js";

const times = /\b(?:(\d{1,2}):)?([0-5]?\d):([0-5]\d)\b/g;
/** A text whose times (`1:02`) are links into the film. */
export function Timed({ text, seek }) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(times)) {
    const at = (Number(found[1] || 0) * 60 + Number(found[2])) * 60 + Number(found[3]);
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
    if (!text.trim()) return;
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
    ${state.error && html`<p class="note danger" role="alert">${explain(state.error)}</p>`}
    ${(text || onCancel) && html`<div class="row end">${onCancel && html`<button class="button compact" onClick=${onCancel}>${t("cancel")}</button>`}<button class="button primary compact" aria-busy=${Boolean(state.busy)} disabled=${Boolean(state.busy) || !text.trim()} onClick=${send}>${label}</button></div>`}</div></div>`;
}

function Comment({ one, video, seek, onReply, onGone, onChange, replies }) {
  const [open, setOpen] = useState("");
  const mayDelete = me && (one.author === me || video.author === me || isStaff);
  const remove = () => del(`/videos/${video.id}/comments/${one.id}`).then(() => onGone(one), sayError);
  const moderate = verb => post(`/comments/${one.id}/${verb}`).then(onChange, sayError);
  if (one.deleted) return html`<li class="comment"><span class="avatar" aria-hidden="true">–</span><div><p class="muted">${t("comment.deleted")}</p>${replies}</div></li>`;
  const name = one.author_display_name || one.author || one.imported_author || t("comment.guest");
  return html`<li class="comment" id=${`comment-${one.id}`}><${Avatar} name=${name} /><div>
    <div class="head">${one.author ? html`<a href=${`/u/${one.author}`}>${name}</a>` : html`<b>${name}</b>`}<span class="muted" title=${moment(one.time)}>${ago(one.time)}</span>
      ${one.held && html`<span class="chip warn" title=${t(`held.${one.held}`)}>${t("held")}</span>`}</div>
    <${Timed} text=${one.content} seek=${seek} />
    <div class="acts">${me && !video.comments_off && html`<button onClick=${() => setOpen(open === "reply" ? "" : "reply")}>${t("reply")}</button>`}
      ${isStaff && (one.held ? html`<button onClick=${() => moderate("approve")}>${t("approve")}</button>` : html`<button onClick=${() => moderate("hide")}>${t("hide")}</button>`)}
      ${mayDelete && html`<button onClick=${remove}>${t("delete")}</button>`}
      ${one.author !== me && html`<button onClick=${() => setOpen("report")}>${t("report.button")}</button>`}
      ${isStaff && one.author && one.author !== me && html`<button onClick=${() => setOpen("mute")}>${t("mute.button")}</button>`}</div>
    ${open === "reply" && html`<${Write} focus label=${t("reply")} hint=${t("reply.hint", { name })} onCancel=${() => setOpen("")} onSend=${async text => { await onReply(one, text); setOpen(""); }} />`}
    ${open === "report" && html`<${ReportDialog} path=${`/videos/${video.id}/comments/${one.id}/reports`} onClose=${() => setOpen("")} />`}
    ${open === "mute" && html`<${MuteDialog} name=${one.author} onClose=${() => setOpen("")} />`}
    ${replies}</div></li>`;
}

/** `share` are the parts of a signed link; `seek` goes to a time of the film. */
export function Comments({ video, share, seek }) {
  const [isNewestFirst, setNewestFirst] = useState(true);
  const pages = usePages(cursor => get(`/videos/${video.id}/comments${query({ ...share, limit: 200, cursor })}`), "comments");
  const put = one => pages.change((items, isMore) => items.some(old => old.id === one.id) ? items.map(old => old.id === one.id ? one : old) : isMore ? items : [...items, one]);
  const gone = one => {
    pages.change(items => items.some(other => other.parent_id === one.id) ? items.map(old => old.id === one.id ? { ...old, deleted: true, content: "", author: "" } : old) : items.filter(old => old.id !== one.id));
  };
  const say = async (content, parent) => put(await post(`/videos/${video.id}/comments`, { content, parent_id: parent }));
  // What flies over the picture is listed beside it, not here.
  const all = (pages.items || []).filter(one => one.position_ms === undefined);
  const empty = useRef(0);
  useEffect(() => { if (pages.items && pages.hasMore && !pages.busy && all.length < 20 && empty.current++ < 10) pages.next(); }, [pages.items?.length, pages.busy]);
  const roots = all.filter(one => !one.parent_id);
  if (isNewestFirst) roots.reverse();
  const part = one => html`<${Comment} key=${one.id} one=${one} video=${video} seek=${seek} onGone=${gone} onChange=${put} onReply=${(to, text) => say(text, to.id)}
    replies=${(() => { const below = all.filter(other => other.parent_id === one.id); return below.length ? html`<ul class="replies">${below.map(part)}</ul>` : null; })()} />`;
  return html`<div class="comments"><div class="row apart"><h2>${pages.items ? count("comments", all.filter(one => !one.deleted).length) : t("comments.title")}</h2>
    ${roots.length > 1 && html`<button class="button quiet compact" onClick=${() => setNewestFirst(!isNewestFirst)}>${t(isNewestFirst ? "comments.newest" : "comments.oldest")}</button>`}</div>
    ${video.comments_off ? html`<p class="note">${t("comments.off")}</p>` : me ? html`<${Write} label=${t("comment.send")} hint=${t("comment.hint")} onSend=${text => say(text)} />`
      : html`<p class="note"><span class="grow">${t("comments.signin")}</span><a href=${`/signin?next=${encodeURIComponent(location.pathname + location.search)}`}>${t("nav.signin")}</a></p>`}
    ${pages.error && !pages.items ? html`<${Failure} ...${pages} />` : pages.items && !all.length && !video.comments_off ? html`<p class="muted">${t("comments.none")}</p>` : html`<ul class="comments">${roots.map(part)}</ul>`}
    <${More} pages=${pages} /></div>`;
}

/** One line of danmaku, and what may be done about it. */
export function LineDialog({ line, video, onGone, onClose }) {
  const [open, setOpen] = useState("");
  const mayDelete = me && (line.author === me || video.author === me || isStaff);
  const then = work => async () => { try { await work(); onClose(); } catch (error) { sayError(error); } };
  if (open === "report") return html`<${ReportDialog} path=${`/videos/${video.id}/comments/${line.id}/reports`} onClose=${onClose} />`;
  if (open === "mute") return html`<${MuteDialog} name=${line.author} onClose=${onClose} />`;
  return html`<${Dialog} title=${clock(line.at * 1000)} onClose=${onClose}><p class="sentence">${line.text}</p>${line.author && html`<p class="muted small">${t("line.by")} <a href=${`/u/${line.author}`}>${line.author}</a></p>`}
    <div class="row end">${line.author !== me && html`<button class="button" onClick=${() => setOpen("report")}>${t("report.button")}</button>`}
    ${isStaff && line.author && line.author !== me && html`<button class="button danger" onClick=${() => setOpen("mute")}>${t("mute.button")}</button>`}
    ${isStaff && html`<button class="button" onClick=${then(async () => { await post(`/comments/${line.id}/hide`); onGone(line); })}>${t("hide")}</button>`}
    ${mayDelete && html`<button class="button danger" onClick=${then(async () => { await del(`/videos/${video.id}/comments/${line.id}`); onGone(line); })}>${t("delete")}</button>`}</div></${Dialog}>`;
}
