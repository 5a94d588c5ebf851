// Reporting for everyone; blocking, muting and hiding for moderators.
import { html, useState, Dialog, Form, Field, Menu, Icon, toast, sayError } from "./ui.js";
import { post, del, seg, me, isStaff } from "./api.js";
import { t } from "./strings.js";

const reasons = ["illegal", "harassment", "copyright", "spam", "other"];

/** `link` is the query of a signed link, with which the server does not know who reports. */
export function ReportDialog({ path, link = "", onClose }) {
  return html`<${Dialog} title=${t("report.title")} onClose=${onClose}><p class="muted">${t("report.about")}</p>
    <${Form} label=${t("report.send")} cancel=${onClose} work=${async values => {
      await post(path + link, { reason: values.reason, text: values.text || undefined, contact: values.contact || undefined });
      onClose();
      toast(t("report.thanks"));
    }}>
      <${Field} label=${t("report.reason")}><select name="reason">${reasons.map(one => html`<option value=${one}>${t(`reason.${one}`)}</option>`)}</select></${Field}>
      <${Field} label=${t("report.text")}><textarea name="text" maxlength="2000"></textarea></${Field}>
      ${(!me || link) && html`<${Field} label=${t("report.contact")} hint=${t("report.contact.hint")}><input name="contact" type="email" required maxlength="254" /></${Field}>`}
    </${Form}></${Dialog}>`;
}
export function BlockDialog({ video, onClose, onDone }) {
  return html`<${Dialog} title=${t("block.title")} onClose=${onClose}><p class="muted">${t("block.about")}</p>
    <${Form} danger label=${t("block.button")} cancel=${onClose} work=${async values => { await post(`/video/${video.id}/block`, { reason: values.reason }); onDone(values.reason); onClose(); }}>
      <${Field} label=${t("block.reason")}><input name="reason" required maxlength="500" /></${Field}></${Form}></${Dialog}>`;
}
const spans = [["1", "mute.day"], ["7", "mute.week"], ["30", "mute.month"], ["3650", "mute.long"]];
export function MuteDialog({ name, onClose, onDone = () => {} }) {
  return html`<${Dialog} title=${t("mute.title", { name })} onClose=${onClose}><p class="muted">${t("mute.about")}</p>
    <${Form} danger label=${t("mute.button")} cancel=${onClose} work=${async values => {
      await post(`/user/${seg(name)}/mute`, { for_ms: values.days * 86400000 });
      onDone();
      onClose();
      toast(t("mute.done", { name }), { label: t("undo"), action: () => del(`/user/${seg(name)}/mute`).catch(sayError) });
    }}><${Field} label=${t("mute.until")}><select name="days">${spans.map(([days, key]) => html`<option value=${days}>${t(key)}</option>`)}</select></${Field}></${Form}></${Dialog}>`;
}
export function UserActions({ name }) {
  const [open, setOpen] = useState("");
  const close = () => setOpen("");
  return html`<${Menu} label=${t("actions")}><button onClick=${() => setOpen("report")}><${Icon} name="flag" />${t("report.button")}</button>
    ${isStaff && html`<button class="danger" onClick=${() => setOpen("mute")}><${Icon} name="mute" />${t("mute.button")}</button>`}</${Menu}>
    ${open === "report" && html`<${ReportDialog} path=${`/user/${seg(name)}/reports`} onClose=${close} />`}
    ${open === "mute" && html`<${MuteDialog} name=${name} onClose=${close} />`}`;
}
