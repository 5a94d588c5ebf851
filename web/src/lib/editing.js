// Dialogs to change and to share a video.
import { html, useState, useLoad, Dialog, Form, Field, CopyField, Icon, toast, sayError } from "./ui.js";
import { get, post, patch, del, call, can, me, seg, ApiError } from "./api.js";
import { t, moment } from "./strings.js";

export function EditDialog({ video, onClose, onChange }) {
  const [tab, setTab] = useState("about");
  return html`<${Dialog} title=${t("edit.title")} onClose=${onClose}>
    ${can("subtitles") && html`<div class="tabs" role="tablist">${["about", "subtitles"].map(name => html`<button role="tab" type="button" aria-selected=${tab === name} onClick=${() => setTab(name)}>${t(`edit.${name}`)}</button>`)}</div>`}
    ${tab === "subtitles" ? html`<${Subtitles} video=${video} onChange=${onChange} />` : html`<${Form} label=${t("save")} cancel=${onClose} work=${async values => {
      const tags = values.tags.split(/[,，]/).map(one => one.trim()).filter(Boolean);
      const wanted = { name: values.name, description: values.description.replaceAll("\r\n", "\n"), visibility: values.visibility, tags, comments_off: values.comments !== "on" };
      if ("danmaku_off" in video || can("danmaku")) wanted.danmaku_off = values.danmaku !== "on";
      onChange(await patch(`/video/${video.id}`, wanted));
      onClose();
      toast(t("saved"));
    }}>
      <${Field} label=${t("edit.name")}><input name="name" value=${video.name} required maxlength="200" /></${Field}>
      <${Field} label=${t("edit.description")} hint=${t("edit.description.hint")}><textarea name="description" maxlength="5000" rows="5">${video.description}</textarea></${Field}>
      <${Field} label=${t("edit.tags")} hint=${t("edit.tags.hint")}><input name="tags" value=${(video.tags || []).join(", ")} /></${Field}>
      <${Field} label=${t("edit.visibility")}><select name="visibility">${["public", "unlisted", "private"].map(one => html`<option value=${one} selected=${(video.visibility || "public") === one}>${t(`visibility.${one}`)} – ${t(`visibility.${one}.text`)}</option>`)}</select></${Field}>
      <label class="check"><input type="checkbox" name="comments" checked=${!video.comments_off} /><span>${t("edit.comments")}</span></label>
      ${("danmaku_off" in video || can("danmaku")) && html`<label class="check"><input type="checkbox" name="danmaku" checked=${!video.danmaku_off} /><span>${t("edit.danmaku")}</span></label>`}
    </${Form}>`}</${Dialog}>`;
}

function Subtitles({ video, onChange }) {
  const [list, setList] = useState(video.subtitles || []);
  const refresh = async () => { const now = await get(`/video/${video.id}`); setList(now.subtitles || []); onChange(now); };
  const remove = async one => { try { await del(`/videos/${video.id}/subtitles/${one.lang}`); await refresh(); } catch (error) { sayError(error); } };
  return html`<div class="stack"><ul class="links">${list.map(one => html`<li><span class="chip">${one.lang}</span><span class="grow">${one.label}</span><button class="icon-button" aria-label=${`${t("delete")}: ${one.label || one.lang}`} onClick=${() => remove(one)}><${Icon} name="trash" size=${18} /></button></li>`)}</ul>
    <${Form} label=${t("subtitles.add")} work=${async (values, form) => {
      if (!values.file.size) throw new ApiError(400, { detail: t("subtitles.none") });
      await call("PUT", `/videos/${video.id}/subtitles/${encodeURIComponent(values.lang)}`, values.file, { headers: { "Content-Type": "text/vtt" } });
      await refresh();
      form.reset();
    }}><div class="row"><div class="grow"><${Field} label=${t("subtitles.file")} hint=${t("subtitles.hint")}><input type="file" name="file" accept=".vtt,.srt" required /></${Field}></div>
      <${Field} label=${t("subtitles.lang")}><input name="lang" required maxlength="35" value=${document.documentElement.lang} size="8" /></${Field}></div></${Form}></div>`;
}

const spans = [["1", "share.day"], ["7", "share.week"], ["30", "share.month"], ["365", "share.year"]];
export function ShareDialog({ video, onClose, onChange }) {
  const links = useLoad(() => get(`/video/${video.id}/shares`));
  const [made, setMade] = useState();
  const page = `${location.origin}/v/${video.id}`;
  const revoke = one => del(`/video/${video.id}/shares/${one.id}`).then(links.again, sayError);
  const view = (links.data?.shares || []).filter(one => one.what === "view");
  return html`<${Dialog} title=${t("share.title")} onClose=${onClose}>
    ${video.visibility === "private" ? html`<p class="note">${t("share.private")}</p>` : html`<div class="stack tight"><span class="label">${t("share.page")}</span><${CopyField} value=${page} label=${t("share.page")} /><p class="muted small sentence">${t(`visibility.${video.visibility || "public"}.text`)}</p></div>`}
    <div class="stack tight"><h3>${t("share.signed")}</h3><p class="muted small">${t("share.signed.text")}</p>
    ${made && html`<${CopyField} value=${made} label=${t("share.signed")} />`}
    <${Form} label=${t("share.create")} work=${async values => {
      const link = await post(`/video/${video.id}/shares`, { what: "view", expires: new Date(Date.now() + values.days * 86400000).toISOString(), label: values.label || undefined });
      setMade(page + link.url.slice(link.url.indexOf("?")));
      links.again();
    }}><div class="row"><div class="grow"><${Field} label=${t("share.label")}><input name="label" maxlength="100" /></${Field}></div><${Field} label=${t("share.expires")}><select name="days">${spans.map(([days, key]) => html`<option value=${days} selected=${days === "7"}>${t(key)}</option>`)}</select></${Field}></div></${Form}>
    ${view.length > 0 && html`<ul class="links">${view.map(one => html`<li><span class="grow">${one.label || t("share.unnamed")}<br /><span class="muted small">${t("share.until", { time: moment(one.expires) })}</span></span><button class="button compact danger" onClick=${() => revoke(one)}>${t("revoke")}</button></li>`)}</ul>`}</div>
  </${Dialog}>`;
}

/** Links through which guests upload to the person who is signed in. */
export function DropDialog({ onClose }) {
  const path = `/user/${seg(me)}/shares`;
  const links = useLoad(() => get(path));
  const [made, setMade] = useState();
  return html`<${Dialog} title=${t("drop.link")} onClose=${onClose}><p class="muted">${t("drop.link.about")}</p>
    ${made && html`<${CopyField} value=${made} label=${t("drop.link")} />`}
    <${Form} label=${t("share.create")} work=${async values => {
      const link = await post(path, { what: "drop", expires: new Date(Date.now() + values.days * 86400000).toISOString(), max_files: Number(values.most), label: values.label || undefined });
      setMade(new URL(link.url, location.href).href);
      links.again();
    }}><${Field} label=${t("share.label")}><input name="label" maxlength="100" /></${Field}><div class="row"><div class="grow"><${Field} label=${t("drop.most")}><input name="most" type="number" min="1" max="1000" value="50" required /></${Field}></div>
      <${Field} label=${t("share.expires")}><select name="days">${spans.map(([days, key]) => html`<option value=${days} selected=${days === "7"}>${t(key)}</option>`)}</select></${Field}></div></${Form}>
    ${links.data?.shares.length > 0 && html`<ul class="links">${links.data.shares.map(one => html`<li><span class="grow">${one.label || t("share.unnamed")}<br /><span class="muted small">${t("share.until", { time: moment(one.expires) })}</span></span><button class="button compact danger" onClick=${() => del(`${path}/${one.id}`).then(links.again, sayError)}>${t("revoke")}</button></li>`)}</ul>`}</${Dialog}>`;
}
