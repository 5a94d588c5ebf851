// What the pages are made of: htm bound to preact, and small parts that all pages use.
import { h, render, cloneElement } from "../../vendor/preact.js";
import { useState, useEffect, useLayoutEffect, useRef, useCallback } from "../../vendor/hooks.js";
import htm from "../../vendor/htm.js";
import { t, ago, clock, count } from "./strings.js";
import { explain, signInPath } from "./api.js";

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

/**
 * A message at the foot of the page, or of the dialog that is open: what lies behind that can be neither read nor clicked.
 * `action` and `label` make a button of it.
 */
export function toast(text, { label, action, danger, seconds = 6 } = {}) {
  const frame = [...document.querySelectorAll("dialog[open] .toasts")].pop() || document.querySelector("body > .toasts");
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
  const asked = useRef();
  const key = JSON.stringify(keys);
  useEffect(() => {
    let isStopped = false, timer;
    const isSame = asked.current === key;  // what belongs to other keys is not shown while this is loading
    setState(old => isSame ? { ...old, loading: true } : { loading: true });
    asked.current = key;
    load().then(
      data => { if (!isStopped) setState({ data }); },
      error => {
        if (isStopped) return;
        setState(old => ({ error, data: old.data }));
        if (error.passing) timer = setTimeout(() => setRound(n => n + 1), Math.min(15000, 2000 * (round + 1)));
      });
    return () => { isStopped = true; clearTimeout(timer); };
  }, [key, round]);
  // Until the effect has run, the state is that of other keys.
  const now = asked.current === undefined || asked.current === key ? state : { loading: true };
  return { ...now, again: () => setRound(n => n + 1), set: data => setState({ data }), update: change => setState(old => old.data ? { ...old, data: change(old.data) } : old) };
}

const idOf = one => one.id ?? one.sha256 ?? one.video_id;

/**
 * A list that comes page by page: `load(cursor)` asks for one, in whose field `name` the items are. `put` replaces an item
 * wherever it is in the list, or else adds it in front, or with `isLast` at the end.
 */
export function usePages(load, name, keys = []) {
  const key = JSON.stringify(keys);
  const now = useRef();
  now.current = key;
  const list = useLoad(async () => { const page = await load(); return { items: page[name], cursor: page.next_cursor }; }, keys);
  const [busy, setBusy] = useState(false);
  const change = work => list.update(data => ({ ...data, items: work(data.items) }));
  return {
    items: list.data?.items, error: list.error, loading: list.loading, again: list.again, busy, change, hasMore: Boolean(list.data?.cursor),
    next: async () => {
      setBusy(true);
      try {
        const page = await load(list.data.cursor);
        // Somebody may have added or changed an item meanwhile, or chosen another list.
        if (now.current === key) list.update(data => {
          const known = new Set(data.items.map(idOf));
          return { items: [...data.items, ...page[name].filter(one => !known.has(idOf(one)))], cursor: page.next_cursor };
        });
      } catch (error) { sayError(error); }
      setBusy(false);
    },
    put: (one, isLast) => change(items => items.some(old => idOf(old) === idOf(one)) ? items.map(old => idOf(old) === idOf(one) ? one : old) : isLast ? [...items, one] : [one, ...items]),
    drop: one => change(items => items.filter(old => idOf(old) !== idOf(one))),
  };
}
export const More = ({ pages }) => pages.hasMore && html`<div class="more"><button class="button" aria-busy=${pages.busy} disabled=${pages.busy} onClick=${pages.next}>${t("more")}</button></div>`;

export const Empty = ({ icon = "film", title, children }) => html`<div class="empty"><${Icon} name=${icon} size=${48} /><h2>${title}</h2>${children}</div>`;
export function Failure({ error, again }) {
  return html`<div class="empty" role="alert"><${Icon} name=${error.passing ? "offline" : "warn"} size=${48} />
    <h2>${t(error.passing ? "failure.offline" : "failure.title")}</h2><p>${error.passing ? t("failure.retrying") : explain(error)}</p>
    ${error.status === 401 && html`<a class="button primary" href=${signInPath()}>${t("nav.signin")}</a>`}${again && html`<button class="button" onClick=${again}>${t("retry")}</button>`}</div>`;
}

/** What went wrong, within a form. Signing in again opens another tab, so that nothing that was typed is lost. */
export const Problem = ({ error }) => html`<p class="note danger" role="alert"><span class="grow">${explain(error)}</span>${error.status === 401 && html`<a href=${signInPath()} target="_blank">${t("nav.signin")}</a>`}</p>`;

export function Dialog({ title, onClose, children }) {
  const box = useRef(), pressed = useRef();
  useLayoutEffect(() => {  // runs at once; useEffect waits for a frame, even to give the focus back
    const here = box.current, before = document.activeElement;
    here.showModal();
    return () => {
      document.querySelector("body > .toasts").append(...here.querySelectorAll(".toasts > *"));
      here.close();
      before?.focus();  // close() gives the focus back only while the dialog is in the document
    };
  }, []);
  // A click beside it closes it, but not if it began inside, as when text is selected.
  return html`<dialog ref=${box} aria-label=${title} onCancel=${event => { event.preventDefault(); onClose(); }} onPointerDown=${event => { pressed.current = event.target; }} onClick=${event => event.target === box.current && pressed.current === box.current && onClose()}>
    <div class="dialog"><header><h2>${title}</h2><button class="icon-button" type="button" aria-label=${t("close")} onClick=${onClose}><${Icon} name="close" /></button></header>${children}<div class="toasts" role="status"></div></div></dialog>`;
}
/**
 * A form that runs `work(values)` once at a time and shows what went wrong. Its inputs have `defaultValue` and
 * `defaultChecked`: with `value` and `checked`, a page that is drawn again would undo what is being typed.
 */
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
  return html`<form class="form" onSubmit=${submit}>${state.error && html`<${Problem} error=${state.error} />`}${children}
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
  const close = () => {
    box.current.querySelector("summary").focus();  // a dialog that opens now gives the focus back to it
    box.current.open = false;
  };
  return html`<details class="menu" ref=${box} onClickCapture=${event => event.target.closest(".menu-list button, .menu-list a") && close()}>
    <summary class="icon-button" aria-label=${label}><${Icon} name="more" /></summary><div class="menu-list">${children}</div></details>`;
}
/** A text to copy; without a secure context it can only be selected. */
export function CopyField({ value, label }) {
  const [state, setState] = useState("copy");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setState("copied");
      setTimeout(() => setState("copy"), 2000);
    } catch { setState("copy.failed"); }
  };
  return html`<div class="copy"><input class="input grow" readonly value=${value} aria-label=${label} onFocus=${event => event.target.select()} />
    ${navigator.clipboard && state !== "copy.failed" && html`<button class="button" type="button" onClick=${copy}><span role="status">${t(state)}</span></button>`}</div>
    ${state === "copy.failed" && html`<p class="muted small" role="status">${t(state)}</p>`}`;
}

/** Exactly one of some choices, by arrow keys too: radios that look like joined buttons. */
export function Segments({ label, choices, value, onChoose }) {
  const name = useRef(`segments-${++fields}`).current;
  return html`<fieldset class="segments"><legend class="visually-hidden">${label}</legend>${choices.map(([key, text]) => html`<label key=${key}><input type="radio" name=${name} value=${key} checked=${value === key} onChange=${() => onChoose(key)} /><span>${text}</span></label>`)}</fieldset>`;
}

/** Tabs over a TabPanel of the same `id`; `names` are [key, text]. Arrow keys, Home and End go from tab to tab. */
export function TabBar({ id, label, names, value, onChoose }) {
  const row = useRef();
  useEffect(() => row.current.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [value]);
  const press = event => {
    const at = names.findIndex(([key]) => key === value);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + names.length) % names.length;
    onChoose(names[next][0]);
    row.current.children[next].focus();
  };
  return html`<div class="tabs" role="tablist" aria-label=${label} ref=${row} onKeyDown=${press}>${names.map(([key, text]) => html`<button key=${key} role="tab" type="button" id=${`${id}-${key}`} aria-selected=${value === key} aria-controls=${`${id}-panel`} tabindex=${value === key ? 0 : -1} onClick=${() => onChoose(key)}>${text}</button>`)}</div>`;
}
export const TabPanel = ({ id, value, children }) => html`<div class="stack" role="tabpanel" id=${`${id}-panel`} aria-labelledby=${`${id}-${value}`}>${children}</div>`;

export const hueOf = text => { let n = 0; for (const c of text) n = (n * 31 + c.codePointAt(0)) >>> 0; return n % 6; };
export const initial = name => [...(name || "?")][0];
export const Avatar = ({ name, large }) => html`<span class=${large ? "avatar large" : "avatar"} aria-hidden="true">${initial(name)}</span>`;
/** Where the picture of a video is; empty if it has none. */
export const pictureOf = video => video.thumbnail || "";
export function Thumb({ video, href }) {
  const picture = pictureOf(video);
  const inside = html`${picture ? html`<img src=${picture} alt="" loading="lazy" width="320" height="180" />` : html`<span class=${`blank hue-${hueOf(video.id)}`}><${Icon} name="play" size=${32} fill /></span>`}
    ${video.duration_ms ? html`<span class="badge">${clock(video.duration_ms)}</span>` : null}`;
  return href ? html`<a class="thumb" href=${href} tabindex="-1" aria-hidden="true">${inside}</a>` : html`<span class="thumb" aria-hidden="true">${inside}</span>`;
}
export function Card({ video, withAuthor = true }) {
  return html`<article class="card"><${Thumb} video=${video} /><div><h3><a href=${`/v/${video.id}`}>${video.name}</a></h3>
    <p class="by dots">${withAuthor && html`<span><a href=${`/u/${video.author}`}>${video.author_display_name || video.author}</a></span>`}
    ${video.views ? html`<span>${count("views", video.views)}</span>` : null}<span>${ago(video.create_time)}</span></p></div></article>`;
}
export const Skeletons = ({ n = 8 }) => html`<div class="grid" aria-hidden="true">${Array.from({ length: n }, () => html`<div class="card"><div class="thumb skeleton"></div><div class="skeleton line"></div><div class="skeleton line short"></div></div>`)}</div>`;
