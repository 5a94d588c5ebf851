// The player: a native <video> with a bar of its own, so that the danmaku fly over it in full screen too.
import { html, render, useState, useEffect, useRef, Icon } from "../lib/ui.js";
import { get, can, me } from "../lib/api.js";
import { busy } from "../lib/session.js";
import { stored, store } from "../lib/stored.js";
import { t, clock, number, percent, secondsBy } from "../lib/strings.js";
import { Danmaku } from "./danmaku.js";

const speeds = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];

const codecs = [["hvc1", "HEVC"], ["hev1", "HEVC"], ["dvh", "Dolby Vision"], ["av01", "AV1"], ["avc", "H.264"], ["vp09", "VP9"], ["vp9", "VP9"], ["vp8", "VP8"], ["mp4v", "MPEG-4"], ["ap", "ProRes"]];
export const codecName = codec => codecs.find(([start]) => codec.toLowerCase().startsWith(start))?.[1] || codec;
/** Whether this browser says that it cannot play the codec in any container that browsers know. */
function isUnplayable(video, codec) {
  return Boolean(codec) && ["video/mp4", "video/webm"].every(type => video.canPlayType(`${type}; codecs="${codec}"`) === "");
}

/** A path of the API with the parts of a signed link. */
export const withLink = (path, query) => path.includes("?") ? path + query.replace("?", "&") : path + query;
/** The ways to play a video: as it was uploaded, and the form that every browser plays, if there is one. */
export function formsOf(data, query) {
  const forms = [{ name: "original", path: withLink(`/videos/${data.id}`, query) }];
  if (data.play) forms.unshift({ name: "play", path: withLink(data.play, query) });
  return forms;
}

/** Runs the player on the figure that the server has sent; `data` is the video as the API has it. */
export function startPlayer(figure, data, { query = "", start, onTime } = {}) {
  const video = figure.querySelector("video");
  const stage = figure.querySelector(".stage");
  video.controls = false;
  figure.tabIndex = -1;  // a click gives it the focus, and with that the arrow keys
  busy.add(() => !video.paused);
  const layer = document.createElement("div");
  const player = { figure, stage, video, data, query, layer, chapters: data.chapters || [] };
  player.danmaku = new Danmaku(stage, video, { ...stored("danmaku", {}), ...(data.danmaku_off ? { on: false } : {}) });
  // The server has sent them with the page.
  if (!video.querySelector("track")) for (const one of data.subtitles || []) {
    const track = document.createElement("track");
    Object.assign(track, { kind: "subtitles", src: withLink(one.url, query), srclang: one.lang, label: one.label || one.lang });
    video.append(track);
  }
  stage.append(layer);
  restore(player, start);
  render(html`<${Bar} player=${player} />`, layer);
  if (onTime) video.addEventListener("timeupdate", () => onTime(video.currentTime));
  return player;
}

/** Takes note that the video was changed on the page; `data` is what it is now. */
export function changePlayer(player, data) {
  player.data = data;
  player.chapters = data.chapters || [];
  player.danmaku.set({ on: !data.danmaku_off && stored("danmaku", {}).on !== false });
}

// Where viewers who are not signed in stopped: the newest 200 videos, by ID. What those who are signed in watch is in the
// account, if they want that kept, and not left behind in the browser.
const mostPositions = 200;
function keepPosition(id, at) {
  const { [id]: _, ...others } = stored("positions", {});
  const all = Object.entries(at ? { ...others, [id]: at } : others);
  store("positions", Object.fromEntries(all.slice(-mostPositions)));
}

// Goes to where the viewer stopped last time, unless that was at the beginning or the end.
function restore({ video, data, query }, start) {
  video.playbackRate = video.defaultPlaybackRate = stored("speed", 1);
  video.volume = stored("volume", 1);
  const isInside = at => at > 5 && at < 0.95 * (video.duration || data.duration_ms / 1000 || Infinity);
  const ready = new Promise(resolve => { if (video.readyState >= 1) resolve(); else video.addEventListener("loadedmetadata", resolve, { once: true }); });
  const isInAccount = me && can("watch") && !query;
  const remembered = start !== undefined ? start : isInAccount ? get(`/videos/${data.id}/watch`).then(point => point.ended ? 0 : (point.position_ms || 0) / 1000, () => 0) : stored("positions", {})[data.id] || 0;
  Promise.all([remembered, ready]).then(([at]) => {
    if (at > 0 && (start !== undefined || (isInside(at) && video.currentTime < 1))) video.currentTime = Math.min(at, (video.duration || at) - 0.1);
  });
  if (isInAccount) return;
  const save = () => { if (video.currentTime > 0) keepPosition(data.id, isInside(video.currentTime) ? Math.round(video.currentTime * 10) / 10 : 0); };
  let last = 0;
  video.addEventListener("timeupdate", () => { if (Math.abs(video.currentTime - last) > 5) { last = video.currentTime; save(); } });
  video.addEventListener("pause", save);
  addEventListener("pagehide", save);
}

function Seek({ player, time, duration, heat }) {
  const { video, chapters } = player;
  const [tip, setTip] = useState();
  const box = useRef();
  const loaded = video.buffered.length ? video.buffered.end(video.buffered.length - 1) : 0;
  const part = value => duration ? Math.min(100, 100 * value / duration) : 0;
  const width = value => element => { if (element) element.style.width = `${part(value)}%`; };
  const left = value => element => { if (element) element.style.left = `${part(value)}%`; };
  const point = event => {
    const frame = box.current.getBoundingClientRect();
    setTip(Math.max(0, Math.min(1, (event.clientX - frame.left) / frame.width)) * duration);
  };
  return html`<div class="seek" ref=${box} onPointerMove=${point} onPointerLeave=${() => setTip()}>
    ${heat && html`<svg class="heat" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true"><path d=${heat.path} transform=${`scale(${heat.seconds && duration ? heat.seconds / duration : 1} 1)`} /></svg>`}
    <div class="track"><i class="loaded" ref=${width(loaded)}></i><i class="played" ref=${width(time)}></i></div>
    ${chapters.map(one => one.time_ms > 0 && html`<i class="mark" ref=${left(one.time_ms / 1000)}></i>`)}
    <input type="range" min="0" max=${duration || 0} step="any" value=${time} aria-label=${t("player.seek")} aria-valuetext=${t("player.position", { at: clock(time * 1000), of: clock(duration * 1000) })}
      onKeyDown=${event => { const by = { ArrowLeft: -5, ArrowRight: 5, ArrowDown: -5, ArrowUp: 5 }[event.key]; if (by) { event.preventDefault(); event.stopPropagation(); video.currentTime = Math.max(0, Math.min(duration, video.currentTime + by)); } }}
      onInput=${event => { video.currentTime = Number(event.target.value); }} />
    ${tip !== undefined && duration ? html`<span class="tip" ref=${left(tip)}>${clock(tip * 1000)}${chapterAt(chapters, tip) ? ` · ${chapterAt(chapters, tip).title}` : ""}</span>` : null}</div>`;
}
export const chapterAt = (chapters, time) => chapters.findLast(one => one.time_ms / 1000 <= time + 0.01);

// A smooth area over the seek bar of how many comments there are; `bins` are counts.
function heatPath(bins) {
  const most = Math.max(...bins, 1);
  if (Math.max(...bins) === 0) return "";
  const smooth = bins.map((_, i) => (bins[Math.max(0, i - 1)] + 2 * bins[i] + bins[Math.min(bins.length - 1, i + 1)]) / 4);
  return `M0 28 ${smooth.map((n, i) => `L${((i + 0.5) * 100 / bins.length).toFixed(2)} ${(28 - 26 * n / most).toFixed(2)}`).join(" ")} L100 28Z`;
}

// What stands in the player's place when it cannot go on: another program, another form, or another try.
function Trouble({ trouble, player, forms, choose, again }) {
  return html`<div class="trouble" role="alert"><${Icon} name=${trouble.isFormat ? "film" : "offline"} size=${48} /><h2>${trouble.text}</h2>
    ${trouble.isFormat && html`<p>${t("player.instead")}</p>`}<div class="row">${trouble.isFormat ? html`<a class="button primary" href=${`/videos/${player.data.id}${player.query}`} download=${player.data.name}><${Icon} name="download" />${t("download")}</a>` : html`<button class="button primary" onClick=${again}>${t("retry")}</button>`}
    ${forms.map(one => html`<button class="button" onClick=${() => choose(one)}>${t(`form.${one.name}`)}</button>`)}</div></div>`;
}

const isFilling = figure => document.fullscreenElement === figure || figure.classList.contains("filled");

function Bar({ player }) {
  const { video, figure, stage, data, danmaku, chapters } = player;
  const [, redraw] = useState(0);
  const [idle, setIdle] = useState(false);
  const [popup, setPopup] = useState("");
  const [said, setSaid] = useState("");
  const [stuck, setStuck] = useState(false);
  const [started, setStarted] = useState(false);
  const isForeign = isUnplayable(video, data.video_codec);
  const foreign = { text: t("player.codec", { codec: codecName(data.video_codec || "") }), isFormat: true };
  const [trouble, setTrouble] = useState(() => !data.play && isForeign ? foreign : undefined);
  const [heat, setHeat] = useState();
  const timers = useRef({});
  const reached = useRef(0);  // the time up to which it has played: an error may set it back
  const say = text => { setSaid(text); clearTimeout(timers.current.said); timers.current.said = setTimeout(() => setSaid(""), 900); };
  const wake = () => {
    setIdle(false);
    clearTimeout(timers.current.idle);
    timers.current.idle = setTimeout(() => { if (!video.paused) setIdle(true); }, 2600);
  };
  const duration = Number.isFinite(video.duration) ? video.duration : (data.duration_ms || 0) / 1000;
  const toggle = () => { if (video.paused) video.play().catch(() => {}); else video.pause(); };
  const seekBy = by => { video.currentTime = Math.max(0, Math.min(duration, video.currentTime + by)); say(secondsBy(by)); };
  const setVolume = level => { video.volume = Math.max(0, Math.min(1, level)); video.muted = video.volume === 0; store("volume", video.volume); say(percent(video.volume)); };
  const setSpeed = speed => { video.playbackRate = video.defaultPlaybackRate = speed; store("speed", speed); say(`${number(speed)}×`); };
  const stepSpeed = by => setSpeed(speeds[Math.max(0, Math.min(speeds.length - 1, speeds.indexOf(speeds.reduce((a, b) => Math.abs(b - video.playbackRate) < Math.abs(a - video.playbackRate) ? b : a)) + by))]);
  const isFull = isFilling(figure);
  const full = () => {
    if (document.fullscreenElement) return document.exitFullscreen();
    if (figure.classList.contains("filled") || !figure.requestFullscreen) figure.classList.toggle("filled");
    else figure.requestFullscreen().catch(() => figure.classList.toggle("filled"));
    redraw(n => n + 1);
  };
  const tracks = [...video.textTracks].filter(track => track.kind === "subtitles" || track.kind === "captions");
  const shown = tracks.find(track => track.mode === "showing");
  const show = track => { for (const one of tracks) one.mode = one === track ? "showing" : "disabled"; store("captions", track ? track.language : ""); redraw(n => n + 1); };
  const options = danmaku.options;
  const setDanmaku = change => { danmaku.set(change); store("danmaku", danmaku.options); redraw(n => n + 1); };
  const forms = formsOf(data, player.query);
  const form = forms.find(one => video.currentSrc.endsWith(one.path)) || forms[0];
  // Loads the video anew, or another form of it, and goes on where it was.
  const reload = (path, isPlaying) => {
    const at = reached.current, rate = video.playbackRate;
    setTrouble();
    if (path) video.src = path; else video.load();
    video.addEventListener("loadedmetadata", () => { video.currentTime = at; video.playbackRate = rate; if (isPlaying) video.play().catch(() => {}); }, { once: true });
  };
  const chooseForm = one => reload(one.path, !video.paused || Boolean(trouble));
  const canPip = document.pictureInPictureEnabled && !video.disablePictureInPicture;
  const pip = () => document.pictureInPictureElement ? document.exitPictureInPicture() : video.requestPictureInPicture().catch(() => {});

  useEffect(() => {
    const change = () => redraw(n => n + 1);
    for (const name of "play pause timeupdate durationchange volumechange ratechange progress loadedmetadata ended seeking seeked".split(" ")) video.addEventListener(name, change);
    for (const name of ["timeupdate", "seeked"]) video.addEventListener(name, () => { if (video.readyState > 0 && !video.error) reached.current = video.currentTime; });
    video.addEventListener("play", () => { setStarted(true); wake(); });
    video.addEventListener("pause", () => setIdle(false));
    video.addEventListener("waiting", () => setStuck(true));
    for (const name of ["playing", "seeked", "canplay"]) video.addEventListener(name, () => setStuck(false));
    const failed = () => {
      // Browsers also call it a format that they cannot play when the server refuses, or is away.
      const isOriginal = !data.play || !video.currentSrc.endsWith(withLink(data.play, player.query));
      const isUnknown = !data.video_codec || !video.canPlayType(data.content_type);
      const isFormat = [3, 4].includes(video.error?.code) && reached.current === 0 && navigator.onLine && isOriginal && (isForeign || isUnknown);
      setTrouble(!isFormat ? { text: t("player.offline") } : isForeign ? foreign : { text: t("player.format"), isFormat });
    };
    video.addEventListener("error", failed);
    if (video.error) failed();
    addEventListener("online", () => { if (troubleNow.current && !troubleNow.current.isFormat) reload("", true); });
    document.addEventListener("fullscreenchange", change);
    figure.addEventListener("pointermove", wake);
    stage.addEventListener("click", event => { if (event.target === video || event.target === stage) { if (popupNow.current) setPopup(""); else toggle(); } });
    stage.addEventListener("dblclick", event => { if (event.target === video) full(); });
    const wanted = stored("captions", "");
    const choose = () => { const one = [...video.textTracks].find(track => track.language === wanted); if (wanted && one) one.mode = "showing"; change(); };
    choose();
    video.textTracks.addEventListener("addtrack", choose);
    if (can("heat") && !data.danmaku_off) get(`/videos/${data.id}/heat${player.query}`).then(given => setHeat({ path: heatPath(given.bins), seconds: given.duration_ms / 1000 }), () => {});
  }, []);
  const popupNow = useRef(), troubleNow = useRef();
  popupNow.current = popup;
  troubleNow.current = trouble;
  useEffect(() => { figure.classList.toggle("idle", idle && !popup); }, [idle, popup]);
  // Captions move above the bar while that is there.
  useEffect(() => {
    const isCovered = !idle || Boolean(popup);
    for (const cue of shown?.activeCues || []) {
      if (isCovered && cue.line === "auto") Object.assign(cue, { line: -4, isLifted: true });
      else if (!isCovered && cue.isLifted) Object.assign(cue, { line: "auto", isLifted: false });
    }
  });

  // A popup takes the focus, and gives it back to what opened the first one.
  const box = useRef(), opener = useRef();
  useEffect(() => {
    if (popup && box.current) {
      opener.current ??= document.activeElement;
      (box.current.querySelector("[aria-checked=true]") || box.current.querySelector("button, input") || box.current).focus();
    } else if (opener.current) {
      if (document.activeElement === document.body) opener.current.focus();
      opener.current = undefined;
    }
  }, [popup]);

  const keys = {
    " ": toggle, k: toggle, j: () => seekBy(-10), l: () => seekBy(10), ArrowLeft: () => seekBy(-5), ArrowRight: () => seekBy(5),
    ArrowUp: () => setVolume(video.volume + 0.05), ArrowDown: () => setVolume(video.volume - 0.05),
    m: () => { video.muted = !video.muted; say(t(video.muted ? "player.muted" : "player.unmuted")); }, f: full,
    c: () => { if (tracks.length) { show(shown ? null : tracks[0]); say(t(shown ? "player.captionsOff" : "player.captionsOn")); } },
    "<": () => stepSpeed(-1), ">": () => stepSpeed(1), ",": () => { video.pause(); video.currentTime -= 1 / 30; }, ".": () => { video.pause(); video.currentTime += 1 / 30; },
    "?": () => setPopup(popup === "help" ? "" : "help"),
  };
  if (!data.danmaku_off) keys.d = () => { setDanmaku({ on: !options.on }); say(t(options.on ? "danmaku.on" : "danmaku.off")); };
  if (popup) keys.Escape = () => setPopup("");
  else if (figure.classList.contains("filled")) keys.Escape = () => { figure.classList.remove("filled"); redraw(n => n + 1); };
  const keysNow = useRef();
  keysNow.current = keys;
  useEffect(() => {
    const press = event => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      const target = event.target;
      if (event.key !== "Escape" && target.closest("input:not([type=range]), textarea, select, [contenteditable], .lines, .popup")) return;
      if (target.type === "range" && event.key.startsWith("Arrow")) return;
      // Elsewhere on the page they scroll.
      if ((event.key === "ArrowUp" || event.key === "ArrowDown") && !isFilling(figure) && !figure.contains(target)) return;
      if ((event.key === " " || event.key === "Enter") && target.closest("button, a, summary, input")) return;
      let work = keysNow.current[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (/^[0-9]$/.test(event.key)) work = () => { video.currentTime = (video.duration || 0) * Number(event.key) / 10; };
      if (!work) return;
      event.preventDefault();
      wake();
      work();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);

  if (trouble) return html`<${Trouble} trouble=${trouble} player=${player} forms=${forms.length > 1 ? forms : []} choose=${chooseForm} again=${() => reload("", true)} />`;
  const control = (icon, label, work, more = {}) => html`<button class=${`control ${more.class || ""}`} type="button" aria-label=${label} title=${label} onClick=${work} ...${more.props}><${Icon} name=${icon} size=${22} fill=${more.fill} /></button>`;
  const open = name => setPopup(popup === name ? "" : name);
  const opens = name => ({ "aria-expanded": popup === name, "aria-haspopup": name === "danmaku" ? "dialog" : "menu" });
  const chapter = chapterAt(chapters, video.currentTime);
  const range = (name, label, least, most, step) => html`<label>${label}<input type="range" min=${least} max=${most} step=${step} value=${options[name]} onInput=${event => setDanmaku({ [name]: Number(event.target.value) })} /></label>`;
  const tick = (name, label) => html`<label class="tick">${label}<input type="checkbox" checked=${options[name]} onChange=${event => setDanmaku({ [name]: event.target.checked })} /></label>`;
  // What there is no room for on a narrow screen; there, one button opens all of it.
  const extras = [!data.danmaku_off && ["gear", "popup.danmaku", () => open("danmaku"), "danmaku"], forms.length > 1 && ["film", "popup.form", () => open("form"), "form"], canPip && ["pip", "player.pip", () => { setPopup(""); pip(); }]].filter(Boolean);
  // The choices of a menu: [what is shown, whether it is chosen, what it does].
  const menus = {
    speed: () => speeds.map(speed => [speed === 1 ? t("player.normal") : `${number(speed)}×`, video.playbackRate === speed, () => setSpeed(speed)]),
    form: () => forms.map(one => [t(`form.${one.name}`), one === form, () => chooseForm(one)]),
    captions: () => [null, ...tracks].map(track => [track ? track.label : t("player.none"), (shown || null) === track, () => show(track)]),
    more: () => extras.map(([, key, work]) => [t(key), undefined, work]),
  };
  const step = event => {
    const all = [...box.current.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all.at(to % all.length).focus();
  };
  return html`
    ${danmaku.motion.matches && options.on && html`<${Quiet} danmaku=${danmaku} time=${video.currentTime} />`}
    <div class="shade"></div>
    ${!started && video.paused && html`<button class="big-play" type="button" aria-label=${t("player.play")} onClick=${toggle}><${Icon} name="play" size=${36} fill /></button>`}
    ${stuck && !video.paused && html`<div class="spinner"></div>`}
    ${said && html`<div class="said" role="status">${said}</div>`}
    ${popup in menus && html`<div class="popup" key=${popup}><h3 aria-hidden="true">${t(`popup.${popup}`)}</h3><div role="menu" aria-label=${t(`popup.${popup}`)} ref=${box} onKeyDown=${step}>
      ${menus[popup]().map(([text, isChosen, work]) => html`<button class="choice" type="button" role=${isChosen === undefined ? "menuitem" : "menuitemradio"} aria-checked=${isChosen} onClick=${() => { setPopup(""); work(); }}>${text}</button>`)}</div></div>`}
    ${(popup === "danmaku" || popup === "help") && html`<div class="popup" key=${popup} role="dialog" aria-label=${t(`popup.${popup}`)} tabindex="-1" ref=${box}><h3>${t(`popup.${popup}`)}</h3>
      ${popup === "danmaku" ? html`${tick("on", t("danmaku.show"))}${range("opacity", t("danmaku.opacity"), 0.2, 1, 0.1)}${range("size", t("danmaku.size"), 0.6, 1.8, 0.1)}${range("speed", t("danmaku.speed"), 0.5, 2, 0.1)}${range("area", t("danmaku.area"), 0.25, 1, 0.25)}${range("most", t("danmaku.most"), 20, 300, 20)}
        ${tick("scroll", t("mode.scroll"))}${tick("top", t("mode.top"))}${tick("bottom", t("mode.bottom"))}${tick("overlap", t("danmaku.overlap"))}
        <label class="wide">${t("danmaku.words")}<input type="text" defaultValue=${options.words} onChange=${event => setDanmaku({ words: event.target.value })} /></label>`
        : html`<div class="keys">${["space", "jl", "arrows", "updown", "m", "f", "c", "d", "speed", "frame", "numbers"].map(name => html`<kbd>${t(`key.${name}`)}</kbd><span>${t(`key.${name}.text`)}</span>`)}</div>`}</div>`}
    <div class="controls" onFocusIn=${wake}>
      <${Seek} player=${player} time=${video.currentTime} duration=${duration} heat=${heat} />
      <div class="control-row">${control(video.paused ? "play" : "pause", t(video.paused ? "player.play" : "player.pause"), toggle, { fill: true })}
        <div class="volume">${control(video.muted || video.volume === 0 ? "mute" : "sound", t("player.mute"), keys.m)}<input type="range" min="0" max="1" step="0.05" value=${video.muted ? 0 : video.volume} aria-label=${t("player.volume")} onInput=${event => setVolume(Number(event.target.value))} /></div>
        <span class="clock">${clock(video.currentTime * 1000)} / ${clock(duration * 1000)}</span>${chapter && html`<span class="chapter">${chapter.title}</span>`}<span class="space"></span>
        ${!data.danmaku_off && control("danmaku", t(options.on ? "danmaku.hide" : "danmaku.show"), () => setDanmaku({ on: !options.on }), { props: { "aria-pressed": options.on } })}
        ${extras.map(([icon, key, work, name]) => control(icon, t(key), work, { class: "wide-only", props: name && opens(name) }))}
        ${extras.length > 0 && control("more", t("popup.more"), () => open("more"), { class: "narrow-only", props: opens("more") })}
        ${tracks.length > 0 && control("captions", t("popup.captions"), () => open("captions"), { props: { ...opens("captions"), "aria-pressed": Boolean(shown) } })}
        <button class="control" type="button" aria-label=${`${t("popup.speed")}: ${number(video.playbackRate)}×`} title=${t("popup.speed")} onClick=${() => open("speed")} ...${opens("speed")}>${number(video.playbackRate)}×</button>
        ${control(isFull ? "unfull" : "full", t(isFull ? "player.unfull" : "player.full"), full)}</div></div>`;
}

// Who does not want motion reads the lines in a list.
function Quiet({ danmaku, time }) {
  const lines = danmaku.items.filter(one => one.at <= time && one.at > time - 6 && danmaku.isWanted(one)).slice(-4);
  return html`<div class="danmaku-list">${lines.map(one => html`<span>${one.text}</span>`)}</div>`;
}
