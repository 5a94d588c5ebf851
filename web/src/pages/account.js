import "../lib/page.js";
import { html, render, useState, useEffect, useRef, useLoad, usePages, More, Form, Field, CopyField, Confirm, Failure, Icon, toast, sayError } from "../lib/ui.js";
import { ApiError, get, post, patch, del, query, seg, me, can, isAdmin } from "../lib/api.js";
import { t, ago, bytes, clock, count, day, moment, number } from "../lib/strings.js";

const Panel = ({ title, about, children }) => html`<section class="panel"><header><div><h2>${title}</h2>${about && html`<p class="muted small">${about}</p>`}</div></header>${children}</section>`;

function Profile({ user, again }) {
  return html`<${Panel} title=${t("account.profile")} about=${t("account.profile.about")}><div class="stack"><dl class="facts"><dt>${t("signin.name")}</dt><dd>${user.user_name}</dd><dt>${t("account.since")}</dt><dd>${day(user.create_time)}</dd>
      <dt>${t("account.videos")}</dt><dd>${number(user.video_count)}</dd><dt>${t("account.space")}</dt><dd>${user.bytes_quota ? t("quota.of", { used: bytes(user.bytes_used), all: bytes(user.bytes_quota) }) : bytes(user.bytes_used)}</dd></dl>
    <${Form} label=${t("save")} work=${async values => { await patch(`/user/${seg(me)}`, { display_name: values.display_name.trim() || null }); toast(t("saved")); again(); }}>
      <${Field} label=${t("account.display")} hint=${t("account.display.hint")}><input name="display_name" defaultValue=${user.display_name || ""} maxlength="64" autocomplete="nickname" /></${Field}></${Form}></div></${Panel}>`;
}
function Password({ onChange }) {
  const change = async (values, form) => {
    const user = await patch(`/user/${seg(me)}`, { old_pwd: values.old, pwd: values.new, revoke_tokens: values.tokens === "on" })
      .catch(error => { throw error.status === 403 ? new ApiError("oldPassword") : error; });
    form.reset();
    toast(user.tokens?.length ? count("account.password.tokens", user.tokens.length) : t("account.password.done"), { seconds: 10 });
    onChange();
  };
  return html`<${Panel} title=${t("account.password")} about=${t("account.password.about")}><${Form} label=${t("account.password.button")} work=${change}>
    <input type="hidden" name="username" value=${me} autocomplete="username" />
    <${Field} label=${t("account.password.old")}><input type="password" name="old" required autocomplete="current-password" /></${Field}>
    <${Field} label=${t("account.password.new")} hint=${t("register.passwordHint")}><input type="password" name="new" required autocomplete="new-password" /></${Field}>
    <label class="check"><input type="checkbox" name="tokens" /><span>${t("account.password.revoke")}</span></label></${Form}></${Panel}>`;
}
function Sessions({ round }) {
  const list = usePages(cursor => get(`/user/${seg(me)}/sessions${query({ limit: 100, cursor })}`), "sessions", [round]);
  const end = one => del(`/sessions/${one.id}`).then(() => one.current ? location.assign("/") : list.drop(one), sayError);
  const endOthers = async () => {
    try {
      for (let cursor; ;) {
        const page = await get(`/user/${seg(me)}/sessions${query({ limit: 100, cursor })}`);
        for (const one of page.sessions) if (!one.current) await del(`/sessions/${one.id}`);
        cursor = page.next_cursor;
        if (!cursor) break;
      }
    } catch (error) { sayError(error); }
    list.again();
  };
  return html`<${Panel} title=${t("account.sessions")} about=${t("account.sessions.about")}>${list.error && !list.items ? html`<${Failure} ...${list} />` : html`<div class="stack"><div class="table-frame" tabindex="0" role="region" aria-label=${t("account.sessions")}><table><thead><tr><th>${t("session.began")}</th><th>${t("session.ends")}</th><th><span class="visually-hidden">${t("actions")}</span></th></tr></thead>
    <tbody>${(list.items || []).map(one => html`<tr key=${one.id}><td>${moment(one.create_time)} ${one.current && html`<span class="chip good">${t("session.this")}</span>`}</td><td>${ago(one.expires)}</td><td class="number"><button class="button compact danger" onClick=${() => end(one)}>${t("session.end")}</button></td></tr>`)}</tbody></table></div><${More} pages=${list} />
    ${list.items?.length > 1 && html`<div class="row"><button class="button" onClick=${endOthers}>${t("session.endOthers")}</button></div>`}</div>`}</${Panel}>`;
}
function History({ user, again }) {
  const list = usePages(cursor => get(`/user/${seg(me)}/history${query({ limit: 10, cursor })}`), "history");
  const [isSure, setSure] = useState(false);
  const [isKept, setKept] = useState(!user.history_off);
  const keep = async event => {
    const wanted = event.target.checked;
    setKept(wanted);
    try {
      await patch(`/user/${seg(me)}`, { history_off: !wanted });
    } catch (error) {
      setKept(!wanted);
      sayError(error);
    }
    again();
  };
  const forget = one => del(`/user/${seg(me)}/history${query({ video: one.video_id })}`).then(() => list.drop(one), sayError);
  return html`<${Panel} title=${t("history.title")} about=${t("history.about")}><div class="stack">
    <label class="check"><input type="checkbox" checked=${isKept} onChange=${keep} /><span>${t("history.keep")}</span></label>
    ${list.error && !list.items ? html`<${Failure} ...${list} />` : list.items?.length === 0 ? html`<p class="muted">${t("history.none")}</p>` : html`<ul class="links">${(list.items || []).map(one => html`<li key=${one.video_id}><span class="grow">${one.name ? html`<a href=${`/v/${one.video_id}`}>${one.name}</a>` : html`<span class="muted">${t("history.gone")}</span>`}<br />
      <span class="muted small dots"><span>${one.duration_ms ? t("player.position", { at: clock(one.position_ms), of: clock(one.duration_ms) }) : clock(one.position_ms)}</span><span title=${moment(one.time)}>${ago(one.time)}</span></span></span>
      <button class="icon-button" aria-label=${`${t("history.forget")}: ${one.name || t("history.gone")}`} title=${t("history.forget")} onClick=${() => forget(one)}><${Icon} name="close" size=${18} /></button></li>`)}</ul><${More} pages=${list} />`}
    ${list.items?.length > 0 && html`<div class="row"><button class="button danger" onClick=${() => setSure(true)}>${t("history.clear")}</button></div>`}
    ${isSure && html`<${Confirm} title=${t("history.clear")} text=${t("history.clear.sure")} label=${t("history.clear")} onClose=${() => setSure(false)} work=${async () => { await del(`/user/${seg(me)}/history`); list.again(); }} />`}</div></${Panel}>`;
}
function Tokens({ round }) {
  const list = useLoad(() => get(`/user/${seg(me)}/tokens?limit=500`), [round]);
  const [made, setMade] = useState();
  const revoke = one => del(`/tokens/${one.id}`).then(list.again, sayError);
  const tokens = list.data?.tokens || [];
  return html`<${Panel} title=${t("account.tokens")} about=${t("account.tokens.about")}><div class="stack">${list.error && !list.data && html`<${Failure} ...${list} />`}
    ${tokens.length > 0 && html`<div class="table-frame" tabindex="0" role="region" aria-label=${t("account.tokens")}><table><thead><tr><th>${t("token.label")}</th><th>${t("token.scope")}</th><th>${t("token.used")}</th><th>${t("token.expires")}</th><th><span class="visually-hidden">${t("actions")}</span></th></tr></thead>
      <tbody>${tokens.map(one => html`<tr key=${one.id}><td class="text">${one.label}</td><td><span class="chip">${one.scope}</span></td><td>${one.last_used ? ago(one.last_used) : t("never")}</td><td>${one.expires ? day(one.expires) : t("token.forever")}</td><td class="number"><button class="button compact danger" onClick=${() => revoke(one)}>${t("revoke")}</button></td></tr>`)}</tbody></table></div>`}
    ${made && html`<div class="note good"><div class="grow stack tight"><p>${t("token.once")}</p><${CopyField} value=${made} label=${t("account.tokens")} /></div></div>`}
    <${Form} label=${t("token.create")} work=${async (values, form) => {
      const token = await post(`/user/${seg(me)}/tokens`, { label: values.label, scope: values.scope, expires_in_ms: values.days ? values.days * 86400000 : undefined });
      setMade(token.token);
      form.reset();
      list.again();
    }}><${Field} label=${t("token.label")}><input name="label" required maxlength="100" placeholder=${t("token.example")} /></${Field}>
      <${Field} label=${t("token.scope")}><select name="scope">${["read", "upload", "full", ...(isAdmin ? ["admin", "metrics"] : [])].map(one => html`<option value=${one}>${t(`scope.${one}`)}</option>`)}</select></${Field}>
      <${Field} label=${t("token.expires")}><select name="days">${[["30", "share.month"], ["365", "share.year"], ["", "token.forever"]].map(([days, key]) => html`<option value=${days}>${t(key)}</option>`)}</select></${Field}></${Form}></div></${Panel}>`;
}
function Export() {
  const [state, setState] = useState({});
  const alive = useRef(true);
  useEffect(() => () => { alive.current = false; }, []);
  const start = async () => {
    setState({ busy: true });
    try {
      const made = await post(`/user/${seg(me)}/export`);
      const path = `/user/${seg(me)}/export/${made.id}`;
      for (let wait = 500; alive.current; wait = Math.min(5000, wait * 1.5)) {
        const answer = await fetch(path, { method: "HEAD", credentials: "same-origin" });
        if (!answer.ok) throw new Error(answer.status);
        if (!answer.headers.get("Content-Type").includes("json")) return setState({ path });
        await new Promise(resolve => setTimeout(resolve, wait));
      }
    } catch (error) { sayError(error); setState({}); }
  };
  return html`<${Panel} title=${t("account.export")} about=${t("account.export.about")}><div class="row">${state.path ? html`<a class="button primary" href=${state.path} download><${Icon} name="download" />${t("account.export.ready")}</a>`
    : html`<button class="button" aria-busy=${Boolean(state.busy)} disabled=${Boolean(state.busy)} onClick=${start}>${t(state.busy ? "account.export.busy" : "account.export.button")}</button>`}</div></${Panel}>`;
}
function Leave() {
  const [open, setOpen] = useState(false);
  return html`<${Panel} title=${t("account.leave")} about=${t("account.leave.about")}><button class="button danger" onClick=${() => setOpen(true)}>${t("account.leave.button")}</button>
    ${open && html`<${Confirm} title=${t("account.leave")} text=${t("account.leave.sure")} label=${t("account.leave.button")} onClose=${() => setOpen(false)} work=${async () => { await del(`/user/${seg(me)}`); location.assign("/"); }} />`}</${Panel}>`;
}
function Account() {
  const user = useLoad(() => get(`/user/${seg(me)}`));
  const [round, setRound] = useState(0);  // a new password ends sessions and may end tokens
  if (user.error && !user.data) return html`<${Failure} ...${user} />`;
  if (!user.data) return html`<div class="panel"><div class="stack"><div class="skeleton line"></div><div class="skeleton line short"></div><div class="skeleton line"></div></div></div>`;
  return html`<${Profile} user=${user.data} again=${user.again} /><${Password} onChange=${() => setRound(n => n + 1)} /><${Sessions} round=${round} />${can("watch") && html`<${History} user=${user.data} again=${user.again} />`}<${Tokens} round=${round} /><${Export} /><${Leave} />`;
}
render(html`<${Account} />`, document.getElementById("app"));
