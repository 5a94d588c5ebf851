// Dialogs to change and to share a video.
import { html, useState, useLoad, Dialog, Failure, Form, Field, CopyField, Icon, TabBar, TabPanel, toast, sayError } from "./ui.js";
import { get, post, patch, del, call, can, me, seg, ApiError } from "./api.js";
import { t, moment } from "./strings.js";

export function EditDialog({ video, onClose, onChange }) {
  const [tab, setTab] = useState("about");
  // The form stays there behind the other tab, with what has been typed.
  return html`<${Dialog} title=${t("edit.title")} onClose=${onClose}>
    ${can("subtitles") && html`<${TabBar} id="edit" label=${t("edit.title")} names=${["about", "subtitles"].map(name => [name, t(`edit.${name}`)])} value=${tab} onChoose=${setTab} />`}
    <${TabPanel} id="edit" value=${tab}><div hidden=${tab !== "about"}><${Form} label=${t("save")} cancel=${onClose} work=${async values => {
      const tags = values.tags.split(/[,，]/).map(one => one.trim()).filter(Boolean);
      const wanted = { name: values.name, description: values.description.replaceAll("\r\n", "\n"), visibility: values.visibility, tags, comments_off: values.comments !== "on" };
      if (can("danmaku")) wanted.danmaku_off = values.danmaku !== "on";
      onChange(await patch(`/video/${video.id}`, wanted));
      onClose();
      toast(t("saved"));
    }}>
      <${Field} label=${t("edit.name")}><input name="name" defaultValue=${video.name} required maxlength="200" /></${Field}>
      <${Field} label=${t("edit.description")} hint=${t("edit.description.hint")}><textarea name="description" maxlength="5000" rows="5" defaultValue=${video.description}></textarea></${Field}>
      <${Field} label=${t("edit.tags")} hint=${t("edit.tags.hint")}><input name="tags" defaultValue=${(video.tags || []).join(", ")} /></${Field}>
      <${Field} label=${t("edit.visibility")}><select name="visibility">${["public", "unlisted", "private"].map(one => html`<option value=${one} selected=${(video.visibility || "public") === one}>${t(`visibility.${one}`)} – ${t(`visibility.${one}.text`)}</option>`)}</select></${Field}>
      <label class="check"><input type="checkbox" name="comments" defaultChecked=${!video.comments_off} /><span>${t("edit.comments")}</span></label>
      ${can("danmaku") && html`<label class="check"><input type="checkbox" name="danmaku" defaultChecked=${!video.danmaku_off} /><span>${t("edit.danmaku")}</span></label>`}
    </${Form}></div>${tab === "subtitles" && html`<${Subtitles} video=${video} onChange=${onChange} />`}</${TabPanel}></${Dialog}>`;
}

function Subtitles({ video, onChange }) {
  // A video in a list does not say which subtitles it has.
  const known = useLoad(() => get(`/video/${video.id}`));
  const list = known.data?.subtitles || [];
  const refresh = async () => { const now = await get(`/video/${video.id}`); known.set(now); onChange(now); };
  const remove = async one => { try { await del(`/videos/${video.id}/subtitles/${one.lang}`); await refresh(); } catch (error) { sayError(error); } };
  if (known.error && !known.data) return html`<${Failure} ...${known} />`;
  return html`<div class="stack"><ul class="links">${list.map(one => html`<li><span class="chip">${one.lang}</span><span class="grow">${one.label}</span><button class="icon-button" aria-label=${`${t("delete")}: ${one.label || one.lang}`} onClick=${() => remove(one)}><${Icon} name="trash" size=${18} /></button></li>`)}</ul>
    <${Form} label=${t("subtitles.add")} work=${async (values, form) => {
      if (!values.file.size) throw new ApiError(values.file.name ? "empty" : "noFile");
      await call("PUT", `/videos/${video.id}/subtitles/${encodeURIComponent(values.lang)}`, values.file, { headers: { "Content-Type": "text/vtt" } });
      await refresh();
      form.reset();
    }}><div class="fields"><${Field} label=${t("subtitles.file")} hint=${t("subtitles.hint")}><input type="file" name="file" accept=".vtt,.srt" required /></${Field}>
      <${Field} label=${t("subtitles.lang")}><input name="lang" required maxlength="35" defaultValue=${document.documentElement.lang} size="8" /></${Field}></div></${Form}></div>`;
}

const spans = [["1", "share.day"], ["7", "share.week"], ["30", "share.month"], ["365", "share.year"]];
const Expiry = () => html`<${Field} label=${t("share.expires")}><select name="days">${spans.map(([days, key]) => html`<option value=${days} selected=${days === "7"}>${t(key)}</option>`)}</select></${Field}>`;
/** A number of days in milliseconds: the server counts them by its own clock. */
const lasting = days => days * 86400000;

// Signed links of one kind at `path`: a form that makes one, the one just made, and those that hold, to be revoked.
function Links({ path, what, label, create, children }) {
  const list = useLoad(() => get(path));
  const [made, setMade] = useState();
  const revoke = one => del(`${path}/${one.id}`).then(list.again, sayError);
  const links = (list.data?.shares || []).filter(one => one.what === what);
  return html`${made && html`<${CopyField} value=${made} label=${label} />`}
    <${Form} label=${t("share.create")} work=${async values => { setMade(await create(values)); list.again(); }}>${children}</${Form}>
    ${list.error && !list.data ? html`<${Failure} ...${list} />` : links.length > 0 && html`<ul class="links">${links.map(one => html`<li key=${one.id}><span class="grow">${one.label || t("share.unnamed")}<br /><span class="muted small">${t("share.until", { time: moment(one.expires) })}</span></span><button class="button compact danger" aria-label=${`${t("revoke")}: ${one.label || t("share.unnamed")}`} onClick=${() => revoke(one)}>${t("revoke")}</button></li>`)}</ul>`}`;
}

export function ShareDialog({ video, onClose }) {
  const path = `/video/${video.id}/shares`;
  const page = `${location.origin}/v/${video.id}`;
  const create = async values => {
    const link = await post(path, { what: "view", expires_in_ms: lasting(values.days), label: values.label || undefined });
    return page + link.url.slice(link.url.indexOf("?"));
  };
  return html`<${Dialog} title=${t("share.title")} onClose=${onClose}>
    ${video.visibility === "private" ? html`<p class="note">${t("share.private")}</p>` : html`<div class="stack tight"><span class="label">${t("share.page")}</span><${CopyField} value=${page} label=${t("share.page")} /><p class="muted small sentence">${t(`visibility.${video.visibility || "public"}.text`)}</p></div>`}
    <div class="stack tight"><h3>${t("share.signed")}</h3><p class="muted small">${t("share.signed.text")}</p>
    <${Links} path=${path} what="view" label=${t("share.signed")} create=${create}><div class="fields"><${Field} label=${t("share.label")}><input name="label" maxlength="100" /></${Field}><${Expiry} /></div></${Links}></div></${Dialog}>`;
}

/** Links through which guests upload to the person who is signed in. */
export function DropDialog({ onClose }) {
  const path = `/user/${seg(me)}/shares`;
  const create = async values => new URL((await post(path, { what: "drop", expires_in_ms: lasting(values.days), max_files: Number(values.most), label: values.label || undefined })).url, location.href).href;
  return html`<${Dialog} title=${t("drop.link")} onClose=${onClose}><p class="muted">${t("drop.link.about")}</p>
    <${Links} path=${path} what="drop" label=${t("drop.link")} create=${create}><${Field} label=${t("share.label")}><input name="label" maxlength="100" /></${Field}><div class="fields"><${Field} label=${t("drop.most")}><input name="most" type="number" min="1" max="1000" defaultValue="50" required /></${Field}><${Expiry} /></div></${Links}></${Dialog}>`;
}
