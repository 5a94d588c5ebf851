// What the pages are made of: htm bound to preact, and small parts that all pages use.
import { h, render, cloneElement } from "../../vendor/preact.js";
import { useState, useEffect, useRef, useCallback } from "../../vendor/hooks.js";
import htm from "../../vendor/htm.js";
import { t, ago, clock, count } from "./strings.js";
import { explain, can } from "./api.js";

export const html = htm.bind(h);
export { h, render, useState, useEffect, useRef, useCallback };

const paths = {
  upload: "M12 16V4m0 0L7 9m5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4 4",
  more: "M4.700 12h.6m6.400 0h.6m6.400 0h.6",
  close: "m6 6 12 12M18 6 6 18",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1m2 4a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  edit: "M4 20h4L19 9a2.8 2.8 0 0 0-4-4L4 16v4Z",
  trash: "M4 7h16M9 7V4h6v3m-8 0 1 13h8l1-13",
  flag: "M5 21V4h12l-2 4 2 4H5",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9h4m-4 6h4m8-6h4m-4 6h4",
  play: "M8 5.5v13l11-6.5z",
  pause: "M7.5 5.5h2v13h-2zM14.5 5.5h2v13h-2z",
  mute: "M4 9v6h4l5 4V5L8 9zM17 9l5 6m0-6-5 6",
  sound: "M4 9v6h4l5 4V5L8 9zM16.5 8.5a5 5 0 0 1 0 7M19 6a9 9 0 0 1 0 12",
  captions: "M4 5h16v14H4zM10 10H8a1 1 0 0 0-1 1v2a1 1 0 0 0 1 1h2m7-4h-2a1 1 0 0 0-1 1v2a1 1 0 0 0 1 1h2",
  gear: "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm7.5-3 1.8-1.4-1.8-3.2-2.2.7a7 7 0 0 0-1.8-1L15 4.8h-3.800l-.5 2.300a7 7 0 0 0-1.800 1l-2.200-.7-1.800 3.200L6.700 12l-1.800 1.400 1.800 3.200 2.200-.7a7 7 0 0 0 1.800 1l.5 2.300H15l.5-2.300a7 7 0 0 0 1.800-1l2.200.7 1.800-3.200z",
  pip: "M3 5h18v14H3zM12 12h7v5h-7z",
  full: "M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5",
  unfull: "M9 4v5H4m16 0h-5V4m0 16v-5h5M4 15h5v5",
  danmaku: "M4 6h9m3 0h4M4 12h4m3 0h9M4 18h11m3 0h2",
  send: "m4 12 16-8-6 16-3-6z",
  check: "m5 13 4 4 10-11",
  warn: "M12 4 2.500 20h19zM12 10v4m0 3v.01",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-10v5m0-8v.01",
  offline: "M4 4l16 16M8 17h9a4 4 0 0 0 2.700-7M6 9.500A4.500 4.500 0 0 0 7 17M10 6.300A6 6 0 0 1 17.500 10",
  users: "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7Zm-6 9a6 6 0 0 1 12 0m1-9a3.500 3.500 0 0 0 0-7m2 16a6 6 0 0 0-3-5.200",
  chat: "M4 5h16v11H9l-5 4z",
  download: "M12 4v12m0 0-5-5m5 5 5-5M4 20h16",
};
export function Icon({ name, size = 20, fill }) {
  return html`<svg width=${size} height=${size} viewBox="0 0 24 24" fill=${fill ? "currentColor" : "none"} stroke="currentColor" stroke-width=${name === "more" ? 2.6 : 1.8} stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${paths[name]} /></svg>`;
}

/** A message at the foot of the page; `action` and `label` make a button of it. */
export function toast(text, { label, action, danger, seconds = 6 } = {}) {
  let frame = document.querySelector(".toasts");
  if (!frame) {
    frame = document.createElement("div");
    frame.className = "toasts";
    frame.setAttribute("role", "status");
    document.body.append(frame);
  }
  const one = document.createElement("div");
  one.className = danger ? "toast danger" : "toast";
  one.append(text);
  if (action) {
    const button = document.createElement("button");
    button.textContent = label;
    button.onclick = () => { one.remove(); action(); };
    one.append(button);
  }
  frame.append(one);
  setTimeout(() => one.remove(), seconds * 1000);
}
export const sayError = error => { if (error.name !== "AbortError") toast(explain(error), { danger: true }); };

/** What `load` gives, again when `keys` change; while the server cannot be reached, tries again by itself. */
export function useLoad(load, keys = []) {
  const [state, setState] = useState({ loading: true });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let stopped = false, timer;
    setState(old => ({ ...old, loading: true }));
    load().then(
      data => { if (!stopped) setState({ data }); },
      error => {
        if (stopped) return;
        setState(old => ({ error, data: old.data }));
        if (error.passing) timer = setTimeout(() => setRound(n => n + 1), Math.min(15000, 2000 * (round + 1)));
      });
    return () => { stopped = true; clearTimeout(timer); };
  }, [...keys, round]);
  return { ...state, again: () => setRound(n => n + 1), set: data => setState({ data }), update: change => setState(old => old.data ? { ...old, data: change(old.data) } : old) };
}

/** A list that comes page by page: `path(cursor)` is what to ask for. */
export function usePages(load, name, keys = []) {
  const first = useLoad(() => load(), keys);
  const [more, setMore] = useState({ items: [], cursor: undefined });
  const [busy, setBusy] = useState(false);
  useEffect(() => setMore({ items: [], cursor: undefined }), keys);
  const cursor = more.cursor === undefined ? first.data?.next_cursor : more.cursor;
  const items = first.data ? [...first.data[name], ...more.items] : undefined;
  return {
    items, error: first.error, loading: first.loading, again: first.again, busy, hasMore: Boolean(cursor),
    next: async () => {
      setBusy(true);
      try {
        const page = await load(cursor);
        setMore(old => ({ items: [...old.items, ...page[name]], cursor: page.next_cursor }));
      } catch (error) { sayError(error); }
      setBusy(false);
    },
    change: change => {
      first.update(data => ({ ...data, [name]: change(data[name]) }));
      setMore(old => ({ ...old, items: change(old.items, true) }));
    },
  };
}
export const More = ({ pages }) => pages.hasMore && html`<div class="more"><button class="button" aria-busy=${pages.busy} disabled=${pages.busy} onClick=${pages.next}>${t("more")}</button></div>`;

export const Empty = ({ icon = "film", title, children }) => html`<div class="empty"><${Icon} name=${icon} size=${48} /><h2>${title}</h2>${children}</div>`;
export function Failure({ error, again }) {
  return html`<div class="empty" role="alert"><${Icon} name=${error.passing ? "offline" : "warn"} size=${48} />
    <h2>${t(error.passing ? "failure.offline" : "failure.title")}</h2><p>${error.passing ? t("failure.retrying") : explain(error)}</p>
    ${again && html`<button class="button" onClick=${again}>${t("retry")}</button>`}</div>`;
}

export function Dialog({ title, onClose, children }) {
  const box = useRef();
  useEffect(() => { box.current.showModal(); }, []);
  return html`<dialog ref=${box} onClose=${onClose} onClick=${event => event.target === box.current && onClose()} aria-label=${title}>
    <div class="dialog"><header><h2>${title}</h2><button class="icon-button" type="button" aria-label=${t("close")} onClick=${onClose}><${Icon} name="close" /></button></header>${children}</div></dialog>`;
}
/** A form that runs `work(values)` once at a time and shows what went wrong. */
export function Form({ work, label, danger, children, cancel }) {
  const [state, setState] = useState({});
  const submit = async event => {
    event.preventDefault();
    const form = event.target;
    setState({ busy: true });
    try {
      await work(Object.fromEntries(new FormData(form)), form);
      setState({});
    } catch (error) { setState({ error }); }
  };
  return html`<form class="form" onSubmit=${submit}>${state.error && html`<p class="note danger" role="alert">${explain(state.error)}</p>`}${children}
    <div class="row end">${cancel && html`<button type="button" class="button" onClick=${cancel}>${t("cancel")}</button>`}
    <button class=${danger ? "button danger" : "button primary"} aria-busy=${Boolean(state.busy)} disabled=${Boolean(state.busy)}>${label}</button></div></form>`;
}
let fields = 0;
export function Field({ label, hint, children }) {
  const id = useRef(`field-${++fields}`).current;
  const input = cloneElement(children, { id, ...(hint && { "aria-describedby": `${id}-hint` }) });
  return html`<div class="field"><label for=${id}>${label}</label>${input}${hint && html`<span class="hint" id=${`${id}-hint`}>${hint}</span>`}</div>`;
}
export function Confirm({ title, text, label, work, onClose }) {
  return html`<${Dialog} title=${title} onClose=${onClose}><p>${text}</p><${Form} danger label=${label} cancel=${onClose} work=${async () => { await work(); onClose(); }} /></${Dialog}>`;
}
export function Menu({ label, children }) {
  const box = useRef();
  const close = () => { box.current.open = false; };
  return html`<details class="menu" ref=${box} onClick=${event => event.target.closest(".menu-list button, .menu-list a") && close()}>
    <summary class="icon-button" aria-label=${label}><${Icon} name="more" /></summary><div class="menu-list">${children}</div></details>`;
}
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("copied"));
  } catch { toast(t("copy.failed")); }
}
/** A text to copy; without a secure context it can only be selected. */
export function CopyField({ value, label }) {
  return html`<div class="copy"><input class="input grow" readonly value=${value} aria-label=${label} onFocus=${event => event.target.select()} />
    ${navigator.clipboard && html`<button class="button" type="button" onClick=${() => copy(value)}>${t("copy")}</button>`}</div>`;
}

export const hueOf = text => { let n = 0; for (const c of text) n = (n * 31 + c.codePointAt(0)) >>> 0; return n % 6; };
export const initial = name => [...(name || "?")][0];
export const Avatar = ({ name, large }) => html`<span class=${large ? "avatar large" : "avatar"} aria-hidden="true">${initial(name)}</span>`;
/** Where the picture of a video is; empty if it has none. */
export const pictureOf = video => video.thumbnail && video.thumbnail !== true ? video.thumbnail : video.thumbnail && can("thumbnails") ? `/videos/${video.id}/thumbnail` : "";
export function Thumb({ video, href }) {
  const picture = pictureOf(video);
  const inside = html`${picture ? html`<img src=${picture} alt="" loading="lazy" width="320" height="180" />` : html`<span class=${`blank hue-${hueOf(video.id)}`}><${Icon} name="play" size=${32} fill /></span>`}
    ${video.duration_ms ? html`<span class="badge">${clock(video.duration_ms)}</span>` : null}`;
  return href ? html`<a class="thumb" href=${href} tabindex="-1" aria-hidden="true">${inside}</a>` : html`<span class="thumb" aria-hidden="true">${inside}</span>`;
}
export function Card({ video, withAuthor = true }) {
  return html`<article class="card"><${Thumb} video=${video} /><div><h3><a href=${`/v/${video.id}`}>${video.name}</a></h3>
    <p class="by">${withAuthor && html`<a href=${`/u/${video.author}`}>${video.author_display_name || video.author}</a>`}
    <span class="dots">${withAuthor && html`<span></span>`}${video.views ? html`<span>${count("views", video.views)}</span>` : null}<span>${ago(video.create_time)}</span></span></p></div></article>`;
}
export const Skeletons = ({ n = 8 }) => html`<div class="grid" aria-hidden="true">${Array.from({ length: n }, () => html`<div class="card"><div class="thumb skeleton"></div><div class="skeleton line"></div><div class="skeleton line short"></div></div>`)}</div>`;
