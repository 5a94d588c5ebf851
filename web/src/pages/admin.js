import "../lib/page.js";
import { html, render, useState, useEffect, useLoad, usePages, More, Form, Field, Dialog, Confirm, Empty, Failure, Icon, Avatar, Segments, TabBar, TabPanel, toast, sayError } from "../lib/ui.js";
import { get, post, patch, del, query, seg, isAdmin } from "../lib/api.js";
import { t, ago, bytes, day, number } from "../lib/strings.js";
import { BlockDialog, MuteDialog } from "../lib/moderation.js";

const Table = ({ label, heads, children }) => html`<div class="table-frame" tabindex="0" role="region" aria-label=${label}><table><thead><tr>${heads.map(head => html`<th class=${head.startsWith("#") ? "number" : ""}>${head.replace(/^#/, "") || html`<span class="visually-hidden">${t("actions")}</span>`}</th>`)}</tr></thead><tbody>${children}</tbody></table></div>`;
// How long until a time; nothing for what is put off for good.
const until = time => new Date(time).getFullYear() > 9000 ? "—" : ago(time);

function Report({ one, onDone }) {
  const [open, setOpen] = useState("");
  const resolve = (decision, text) => post(`/reports/${one.id}/resolve`, { decision, text: text || undefined }).then(onDone);
  const close = () => setOpen("");
  const removeComment = async () => {
    await del(`/videos/${one.video_id}/comments/${one.comment_id}`).catch(error => { if (error.status !== 404) throw error; });
    await resolve("removed");
  };
  return html`<article class="report"><div class="row apart"><div class="row"><span class="chip danger">${t(`reason.${one.reason}`)}</span><span class="chip">${t(`subject.${one.what}`)}</span>${one.author && html`<a href=${`/u/${one.author}`}>${one.author}</a>`}</div><span class="muted small">${ago(one.time)}${one.reporter ? ` · ${t("report.by", { name: one.reporter })}` : one.contact ? ` · ${one.contact}` : ""}</span></div>
    ${one.content && html`<blockquote>${one.content}</blockquote>`}${one.text && html`<p>${one.text}</p>`}
    ${one.state === "resolved" ? html`<p class="muted small">${t(`decision.${one.decision}`)}${one.decided_by ? ` · ${one.decided_by}` : ""}</p>` : html`<div class="row">
      ${one.video_id && html`<a class="button compact" href=${`/v/${one.video_id}${one.comment_id ? `#comment-${one.comment_id}` : ""}`}>${t("report.look")}</a>`}
      <button class="button compact" onClick=${() => setOpen("dismiss")}>${t("decision.dismiss")}</button>
      ${one.comment_id && html`<button class="button compact danger" onClick=${() => setOpen("remove")}>${t("decision.remove")}</button>`}
      ${one.what === "video" && one.video_id && html`<button class="button compact danger" onClick=${() => setOpen("block")}>${t("block.button")}</button>`}
      ${one.author && html`<button class="button compact danger" onClick=${() => setOpen("mute")}>${t("mute.button")}</button>`}</div>`}
    ${open === "dismiss" && html`<${Dialog} title=${t("decision.dismiss")} onClose=${close}><${Form} label=${t("decision.dismiss")} cancel=${close} work=${async values => { await resolve("dismissed", values.text); close(); }}><${Field} label=${t("decision.text")}><textarea name="text" maxlength="2000"></textarea></${Field}></${Form}></${Dialog}>`}
    ${open === "block" && html`<${BlockDialog} video=${{ id: one.video_id }} onClose=${close} onDone=${() => resolve("blocked").catch(sayError)} />`}
    ${open === "mute" && html`<${MuteDialog} name=${one.author} onClose=${close} onDone=${() => resolve("muted").catch(sayError)} />`}
    ${open === "remove" && html`<${Confirm} title=${t("decision.remove")} text=${one.content || t("comment.delete.sure")} label=${t("decision.remove")} onClose=${close} work=${removeComment} />`}</article>`;
}
function Reports() {
  const [state, setState] = useState("open");
  const pages = usePages(cursor => get(`/reports${query({ state, limit: 50, cursor })}`), "reports", [state]);
  return html`<section class="panel"><header><h2>${t("admin.reports")}</h2><${Segments} label=${t("admin.reports")} choices=${["open", "resolved"].map(one => [one, t(`reports.${one}`)])} value=${state} onChoose=${setState} /></header>
    ${pages.error ? html`<${Failure} ...${pages} />` : pages.items && !pages.items.length ? html`<${Empty} icon="check" title=${t("reports.none")} />` : (pages.items || []).map(one => html`<${Report} key=${one.id} one=${one} onDone=${() => pages.drop(one)} />`)}<${More} pages=${pages} /></section>`;
}
function Held() {
  const pages = usePages(cursor => get(`/comments/held${query({ limit: 50, cursor })}`), "comments");
  const [open, setOpen] = useState();
  return html`<section class="panel"><header><h2>${t("admin.held")}</h2></header>
    ${pages.error ? html`<${Failure} ...${pages} />` : pages.items && !pages.items.length ? html`<${Empty} icon="chat" title=${t("held.none")} /> ` : (pages.items || []).map(one => html`<article class="report" key=${one.id}><div class="row apart"><div class="row"><span class="chip warn">${t(`held.${one.held}`)}</span>${one.author ? html`<a href=${`/u/${one.author}`}>${one.author}</a>` : html`<span class="chip">${t("imported")}</span>`}</div><span class="muted small">${ago(one.time)}</span></div><blockquote>${one.content}</blockquote>
      <div class="row"><button class="button compact" onClick=${() => post(`/comments/${one.id}/approve`).then(() => pages.drop(one), sayError)}>${t("approve")}</button><button class="button compact danger" onClick=${() => setOpen(one)}>${t("delete")}</button><a class="button compact" href=${`/v/${one.video_id}`}>${t("report.look")}</a></div></article>`)}<${More} pages=${pages} />
    ${open && html`<${Confirm} title=${t("comment.delete")} text=${open.content} label=${t("delete")} onClose=${() => setOpen()} work=${async () => { await del(`/videos/${open.video_id}/comments/${open.id}`); pages.drop(open); }} />`}</section>`;
}
function BlockedContents() {
  const pages = usePages(cursor => get(`/blocked-contents${query({ limit: 50, cursor })}`), "contents");
  return html`<section class="panel"><header><h2>${t("admin.contents")}</h2></header>${pages.error ? html`<${Failure} ...${pages} />` : pages.items && !pages.items.length ? html`<p class="muted">${t("contents.none")}</p>`
    : html`<${Table} label=${t("admin.contents")} heads=${["SHA-256", t("block.reason"), t("time"), "#"]}>${(pages.items || []).map(one => html`<tr key=${one.sha256}><td class="mono">${one.sha256.slice(0, 16)}…</td><td class="text">${one.reason}</td><td>${day(one.time)}</td><td class="number"><button class="button compact" onClick=${() => del(`/blocked-contents/${one.sha256}`).then(() => pages.drop(one), sayError)}>${t("unblock.button")}</button></td></tr>`)}</${Table}><${More} pages=${pages} />`}</section>`;
}

function UserDialog({ user, onClose, onChange }) {
  return html`<${Dialog} title=${user.user_name} onClose=${onClose}><${Form} label=${t("save")} cancel=${onClose} work=${async values => {
    const quota = values.quota.trim();
    onChange(await patch(`/user/${seg(user.user_name)}`, { role: values.role, disabled: values.disabled === "on", bytes_quota_own: quota === "" ? null : Math.round(Number(quota) * 1e9), ...(values.pwd ? { pwd: values.pwd } : {}) }));
    onClose();
    toast(t("saved"));
  }}><${Field} label=${t("user.role")}><select name="role">${["user", "moderator", "admin"].map(one => html`<option value=${one} selected=${user.role === one}>${t(`role.${one}`)}</option>`)}</select></${Field}>
    <${Field} label=${t("user.quota")} hint=${t("user.quota.hint")}><input name="quota" inputmode="decimal" pattern="[0-9]+([.][0-9]+)?" defaultValue=${user.bytes_quota_own == null ? "" : user.bytes_quota_own / 1e9} /></${Field}>
    <${Field} label=${t("account.password.new")} hint=${t("user.password.hint")}><input name="pwd" type="password" autocomplete="new-password" /></${Field}>
    <label class="check"><input type="checkbox" name="disabled" defaultChecked=${user.disabled} /><span>${t("user.disabled")}</span></label></${Form}></${Dialog}>`;
}
function Users() {
  const pages = usePages(cursor => get(`/user${query({ limit: 50, cursor })}`), "users");
  const [open, setOpen] = useState();
  return html`<section class="panel"><header><h2>${t("admin.users")}</h2></header>${pages.error ? html`<${Failure} ...${pages} />`
    : html`<${Table} label=${t("admin.users")} heads=${[t("signin.name"), t("user.role"), `#${t("account.videos")}`, `#${t("account.space")}`, t("account.since"), "#"]}>${(pages.items || []).map(user => html`<tr key=${user.id}><td><div class="row"><${Avatar} name=${user.display_name || user.user_name} /><span><a href=${`/u/${user.user_name}`}>${user.user_name}</a>${user.display_name && html`<br /><span class="muted small">${user.display_name}</span>`}</span>${user.disabled && html`<span class="chip danger">${t("user.disabled.short")}</span>`}${user.muted_until && new Date(user.muted_until) > new Date() && html`<span class="chip warn">${t("user.muted")}</span>`}</div></td>
      <td><span class=${user.role === "user" ? "chip" : "chip accent"}>${t(`role.${user.role}`)}</span></td><td class="number">${number(user.video_count)}</td><td class="number">${bytes(user.bytes_used)}${user.bytes_quota ? ` / ${bytes(user.bytes_quota)}` : ""}</td><td>${day(user.create_time)}</td><td class="number"><button class="button compact" aria-label=${`${t("edit")}: ${user.user_name}`} onClick=${() => setOpen(user)}>${t("edit")}</button></td></tr>`)}</${Table}>`}<${More} pages=${pages} />
    ${open && html`<${UserDialog} user=${open} onClose=${() => setOpen()} onChange=${pages.put} />`}</section>`;
}
function usePolled(load, every = 5000) {
  const state = useLoad(load);
  useEffect(() => { const timer = setInterval(() => { if (!document.hidden) load().then(state.set, () => {}); }, every); return () => clearInterval(timer); }, []);
  return state;
}
function Queue() {
  const list = usePolled(() => get("/deletions?limit=50"));
  const data = list.data;
  if (list.error && !data) return html`<${Failure} ...${list} />`;
  const retry = one => post(`/deletions/${one.video_id}/retry`).then(list.again, sayError);
  return html`<section class="panel"><header><h2>${t("admin.queue")}</h2><button class="button compact" onClick=${() => post("/deletions/drain", {}).then(() => { toast(t("queue.started")); list.again(); }, sayError)}>${t("queue.drain")}</button></header>
    ${data && html`<div class="counts">${["due", "leased", "failed", "dead"].map(name => html`<div><b>${number(data[name])}</b><span class="muted small">${t(`queue.${name}`)}</span></div>`)}</div>`}
    ${data?.deletions?.length > 0 && html`<${Table} label=${t("admin.queue")} heads=${[t("video"), t("state"), t("queue.when"), `#${t("queue.tries")}`, t("problem"), "#"]}>${data.deletions.map(one => html`<tr key=${one.video_id}><td class="mono">${one.video_id.slice(0, 13)}…</td><td>${t(`queue.state.${one.state}`)}</td><td>${until(one.due)}</td><td class="number">${one.tries}</td><td class="text">${one.last_error || ""}</td><td class="number">${one.tries > 0 && html`<button class="button compact" onClick=${() => retry(one)}>${t("retry")}</button>`}</td></tr>`)}</${Table}>`}</section>`;
}
function Tasks() {
  const list = usePolled(() => get("/tasks"));
  if (list.error && !list.data) return html`<${Failure} ...${list} />`;
  const run = task => post(`/tasks/${task.name}/run`).then(() => { toast(t("task.asked", { name: task.name })); list.again(); }, sayError);
  return html`<section class="panel"><header><h2>${t("admin.tasks")}</h2></header><${Table} label=${t("admin.tasks")} heads=${[t("task.name"), t("state"), t("task.plan"), t("task.last"), `#${t("task.done")}`, `#${t("task.failed")}`, "#"]}>${(list.data?.tasks || []).map(task => html`<tr key=${task.name}><td>${task.name}</td><td><span class=${task.state === "running" ? "chip accent" : "chip"}>${t(`task.state.${task.state}`)}</span></td><td class="mono">${task.plan}</td><td>${task.last_run ? ago(task.last_run) : t("never")}</td><td class="number">${number(task.done)}</td><td class="number">${number(task.failed)}</td><td class="number"><button class="button compact" aria-label=${`${t("task.run")}: ${task.name}`} onClick=${() => run(task)}>${t("task.run")}</button></td></tr>`)}</${Table}></section>`;
}
function Server() {
  const status = usePolled(() => get("/server/status"));
  const limits = usePolled(() => get("/server/limits"), 2000);
  const data = status.data;
  if (status.error && !data) return html`<${Failure} ...${status} />`;
  return html`<section class="panel"><header><h2>${t("admin.server")}</h2>${data && html`<span class="muted small">videod ${data.version} · ${t("server.since", { time: ago(data.started) })}</span>`}</header><div class="stack">
    ${data && html`<div class=${data.ready && !data.disk_low ? "note good" : "note danger"}><${Icon} name=${data.ready && !data.disk_low ? "check" : "warn"} /><p>${t(data.disk_low ? "server.disk" : data.ready ? "server.ready" : "server.notReady")}</p></div>`}
    ${(data?.degraded || []).map(one => html`<div class="note warn"><${Icon} name="warn" /><p>${t(`degraded.${one}`)}</p></div>`)}${(data?.warnings || []).map(one => html`<div class="note warn"><${Icon} name="warn" /><p>${one}</p></div>`)}
    ${data && html`<div class="counts"><div><b>${number(data.connections)}</b><span class="muted small">${t("server.connections")}</span></div><div><b>${number(data.workers)}</b><span class="muted small">${t("server.workers")}</span></div></div>`}
    ${limits.data && html`<${Table} label=${t("admin.limits")} heads=${[t("limit.name"), `#${t("limit.use")}`, `#${t("limit.most")}`, `#${t("limit.refused")}`]}>${limits.data.limits.map(one => { const show = one.name === "buffered" ? bytes : number; return html`<tr><td>${t(`limit.${one.name}`)}</td><td class="number">${show(one.in_use)}</td><td class="number">${one.most ? show(one.most) : t("unlimited")}</td><td class="number">${number(one.refused)}</td></tr>`; })}</${Table}>`}</div></section>`;
}
const tabs = { reports: Reports, held: Held, contents: BlockedContents, ...(isAdmin ? { users: Users, ...(document.documentElement.dataset.scheduler ? { queue: Queue, tasks: Tasks } : {}), server: Server } : {}) };
function Admin() {
  const [tab, setTab] = useState(() => location.hash.slice(1) in tabs ? location.hash.slice(1) : Object.keys(tabs)[0]);
  useEffect(() => {
    const follow = () => { if (location.hash.slice(1) in tabs) setTab(location.hash.slice(1)); };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const choose = name => { setTab(name); history.replaceState(null, "", `#${name}`); };
  return html`<div class="stack"><${TabBar} id="admin" label=${t("admin.title")} names=${Object.keys(tabs).map(name => [name, t(`admin.${name}`)])} value=${tab} onChoose=${choose} /><${TabPanel} id="admin" value=${tab}><${tabs[tab]} /></${TabPanel}></div>`;
}
render(html`<${Admin} />`, document.getElementById("app"));
