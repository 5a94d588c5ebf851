import "../lib/page.js";
import { html, render, useState, useRef, usePages, useLoad, More, Empty, Failure, Thumb, Menu, Icon, TabBar, TabPanel, toast, sayError } from "../lib/ui.js";
import { get, post, del, query, seg, me, can } from "../lib/api.js";
import { t, ago, bytes, count, moment } from "../lib/strings.js";
import { Upload } from "../upload/queue.js";
import { DropDialog, EditDialog, ShareDialog } from "../lib/editing.js";

function Quota({ user }) {
  if (!user) return html`<div class="quota"><span class="skeleton line"></span><div class="bar"></div></div>`;
  const part = user.bytes_quota ? Math.min(100, 100 * user.bytes_used / user.bytes_quota) : 0;
  return html`<div class="quota"><span class="muted small">${user.bytes_quota ? t("quota.of", { used: bytes(user.bytes_used), all: bytes(user.bytes_quota) }) : t("quota.used", { used: bytes(user.bytes_used) })}</span>
    ${user.bytes_quota ? html`<div class=${part > 90 ? "bar danger" : "bar"}><i ref=${element => { if (element) element.style.width = `${part}%`; }}></i></div>` : null}</div>`;
}
const tones = { public: "good", unlisted: "", private: "accent" };
function Row({ video, onChange, onGone, open }) {
  const isReady = video.state === "ready";
  const isDeleted = video.state === "deleted";
  const remove = async () => {
    try {
      await del(`/video/${video.id}`);
      onGone(video);
      toast(t("mine.deleted", { name: video.name }), { label: t("undo"), seconds: 12, action: () => post(`/video/${video.id}/restore`).then(onChange).catch(sayError) });
    } catch (error) { sayError(error); }
  };
  const restore = () => post(`/video/${video.id}/restore`).then(() => { onGone(video); toast(t("mine.restored", { name: video.name })); }).catch(sayError);
  return html`<li data-id=${video.id}><${Thumb} video=${video} href=${isReady ? `/v/${video.id}` : undefined} />
    <div><h3>${isReady ? html`<a href=${`/v/${video.id}`}>${video.name}</a>` : video.name}</h3>
      <div class="facts-line">${isDeleted ? html`<span class="chip warn">${video.purge_time ? t("mine.purge", { time: moment(video.purge_time) }) : t("state.deleted")}</span>` : video.state === "pending" ? html`<span class="chip warn">${t("state.pending")}</span>`
        : html`<span class=${`chip ${tones[video.visibility] ?? ""}`}>${t(`visibility.${video.visibility ?? "public"}`)}</span>`}
        ${video.blocked && html`<span class="chip danger" title=${video.blocked}>${t("blocked")}</span>`}
        <span class="dots"><span>${bytes(video.size)}</span>${video.views ? html`<span>${count("views", video.views)}</span>` : null}<span title=${moment(video.create_time)}>${ago(video.create_time)}</span></span></div>
      ${video.blocked ? html`<p class="about">${t("blocked.why", { why: video.blocked })}</p>` : video.description && html`<p class="about">${video.description}</p>`}</div>
    <div class="row actions">${isDeleted ? html`<button class="button compact" onClick=${restore}>${t("restore")}</button>`
      : html`${isReady && html`<button class="button compact" onClick=${() => open("share", video)}><${Icon} name="link" size=${16} />${t("share")}</button>`}
        <button class="button compact" onClick=${() => open("edit", video)}><${Icon} name="edit" size=${16} />${t("edit")}</button>
        <${Menu} label=${`${t("actions")}: ${video.name}`}>${isReady && html`<a href=${`/videos/${video.id}`} download=${video.name}><${Icon} name="download" />${t("download")}</a>`}
        <button class="danger" onClick=${remove}><${Icon} name="trash" />${t("delete")}</button></${Menu}>`}</div></li>`;
}
function Mine() {
  const [tab, setTab] = useState("all");
  const [dialog, setDialog] = useState();
  const user = useLoad(() => get(`/user/${seg(me)}`));
  const pages = usePages(cursor => get(`/user/${seg(me)}/videos${query({ state: tab === "trash" ? "deleted" : "", limit: 25, cursor })}`), "videos", [tab]);
  // An upload ends when it ends, whatever is shown by then.
  const latest = useRef();
  latest.current = video => { if (tab === "all") pages.put(video); user.again(); };
  const list = pages.error && !pages.items ? html`<${Failure} ...${pages} />` : !pages.items ? html`<ul class="mine">${[1, 2, 3].map(() => html`<li><span class="thumb skeleton"></span><div class="stack tight"><div class="skeleton line"></div><div class="skeleton line short"></div></div></li>`)}</ul>`
    : pages.items.length ? html`<ul class="mine">${pages.items.map(video => html`<${Row} key=${video.id} video=${video} onChange=${one => latest.current(one)} onGone=${pages.drop} open=${(name, of) => setDialog({ name, of })} />`)}</ul><${More} pages=${pages} />`
    : html`<${Empty} icon=${tab === "trash" ? "trash" : "film"} title=${t(`mine.${tab}.empty`)}><p>${t(`mine.${tab}.empty.text`)}</p></${Empty}>`;
  return html`<div class="stack loose"><${Upload} onDone=${video => latest.current(video)} />
    <section class="stack"><div class="row apart"><${TabBar} id="mine" label=${t("userhome.title")} names=${["all", "trash"].map(name => [name, t(`mine.${name}`)])} value=${tab} onChoose=${setTab} /><div class="row"><${Quota} user=${user.data} />${can("drop") && html`<button class="button compact" onClick=${() => setDialog({ name: "drop" })}><${Icon} name="link" size=${16} />${t("drop.link")}</button>`}</div></div>
    <${TabPanel} id="mine" value=${tab}>${list}</${TabPanel}></section>
    ${dialog?.name === "edit" && html`<${EditDialog} video=${dialog.of} onClose=${() => setDialog()} onChange=${pages.put} />`}
    ${dialog?.name === "drop" && html`<${DropDialog} onClose=${() => setDialog()} />`}
    ${dialog?.name === "share" && html`<${ShareDialog} video=${dialog.of} onClose=${() => setDialog()} />`}</div>`;
}
render(html`<${Mine} />`, document.getElementById("app"));
