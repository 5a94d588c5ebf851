// Danmaku: comments that fly over the video. Web Animations move them, so that a busy page does not make them stutter;
// this code only decides which line flies in which lane, and when.

export const defaults = { on: true, opacity: 1, size: 1, area: 0.75, speed: 1, most: 120, overlap: false, words: "", top: true, bottom: true, scroll: true };
const family = 'system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
const scales = { small: 0.78, normal: 1, big: 1.3 };
const crossing = 8;  // seconds that a line takes to cross, at speed 1
const standing = 4;  // seconds that a line at the top or bottom stays

/** The index of the first item at `time` or later. */
export function firstAt(items, time) {
  let low = 0, high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle].at < time) low = middle + 1; else high = middle;
  }
  return low;
}

/**
 * Whether a scrolling line may follow `before` in its lane: its predecessor's tail has entered, and it does not catch
 * up before that has left. `width` is the stage's; times are the video's, in seconds.
 */
export function mayFollow(before, line, width, duration, gap = 16) {
  if (!before) return true;
  const entered = before.at + duration * (before.width + gap) / (width + before.width);
  const arrives = line.at + duration * width / (width + line.width);
  return line.at >= entered && arrives >= before.at + duration;
}

export class Danmaku {
  constructor(stage, video, options = {}) {
    this.video = video;
    this.options = { ...defaults, ...options };
    this.items = [];
    this.next = 0;
    this.live = new Set();
    this.base = { video: 0, wall: 0 };  // see `clock`
    this.isRunning = false;
    this.spare = [];
    this.pen = document.createElement("canvas").getContext("2d");
    this.layer = document.createElement("div");
    this.layer.className = "danmaku";
    this.layer.setAttribute("aria-hidden", "true");
    stage.append(this.layer);
    this.motion = matchMedia("(prefers-reduced-motion: reduce)");
    const on = (target, names, work) => { for (const name of names.split(" ")) target.addEventListener(name, work); };
    on(video, "seeked emptied", () => this.refill());
    on(video, "pause waiting", () => this.setClock());
    on(video, "play playing", () => this.go());
    on(video, "ratechange", () => {
      for (const one of this.live) one.animation.playbackRate = video.playbackRate;
      this.setClock();
    });
    on(document, "visibilitychange", () => { if (!document.hidden) this.refill(); });
    this.motion.addEventListener("change", () => this.refill());
    this.seen = new ResizeObserver(() => this.refill());
    this.seen.observe(this.layer);
    this.tick = this.tick.bind(this);
    this.go();
  }

  /** Replaces the lines; they are sorted by `at`, in seconds. */
  setItems(items) {
    this.items = items;
    this.refill();
  }
  /** Adds lines; those that are due fly at once. */
  add(items) {
    const now = this.clock;
    for (const item of items) {
      const index = firstAt(this.items, item.at + 1e-6);
      this.items.splice(index, 0, item);
      // The tick comes to it, unless it is the next one and due: a paused video does not tick.
      if (index > this.next || (index === this.next && item.at > now + 0.001)) continue;
      this.next++;
      if (item.at > now - 1) this.spawn(item);
    }
  }
  set(options) {
    Object.assign(this.options, options);
    this.refill();
  }

  /** The video's time by which the lines fly. It runs evenly, so that lines keep their distances; the video's own stutters. */
  get clock() {
    const passed = this.isRunning ? (document.timeline.currentTime - this.base.wall) / 1000 * this.video.playbackRate : 0;
    return this.base.video + passed;
  }
  /** Sets the clock by the video, and all lines by the clock. */
  setClock() {
    this.base = { video: this.video.currentTime, wall: document.timeline.currentTime };
    this.isRunning = this.isMoving;
    for (const one of [...this.live]) {
      const passed = Math.max(0, this.base.video - one.at);
      if (passed >= one.duration) {  // play() would let it begin again
        this.drop(one);
        continue;
      }
      one.animation.currentTime = passed * 1000;
      if (this.isRunning) one.animation.play(); else one.animation.pause();
    }
  }

  get width() { return this.layer.clientWidth; }
  get height() { return this.layer.clientHeight; }
  get duration() { return crossing / this.options.speed; }
  get font() { return Math.max(12, Math.min(30, this.width / 40)) * this.options.size; }
  get isMoving() { return !this.video.paused && this.video.readyState >= 3 && !this.video.seeking; }

  /** Empties the stage and shows what would be on it now: after a seek, a resize, a hidden tab. */
  refill() {
    for (const one of [...this.live]) this.drop(one);
    this.setClock();
    const now = this.video.currentTime;
    this.laneHeight = Math.ceil(this.font * 1.4);
    const lanes = Math.max(1, Math.floor(this.height * this.options.area / this.laneHeight));
    this.lanes = { scroll: Array(lanes).fill(null), reverse: Array(lanes).fill(null), top: Array(lanes).fill(0), bottom: Array(lanes).fill(0) };
    this.layer.style.opacity = this.options.opacity;
    this.next = firstAt(this.items, now);
    for (let i = firstAt(this.items, now - this.duration); i < this.next; i++) this.spawn(this.items[i]);
  }
  go() {
    this.setClock();
    if (!this.asked) this.asked = requestAnimationFrame(this.tick);
  }
  tick() {
    this.asked = 0;
    if (this.video.paused) return;
    if (this.isRunning !== this.isMoving || Math.abs(this.video.currentTime - this.clock) > 0.12) this.setClock();
    const now = this.clock;
    while (this.next < this.items.length && this.items[this.next].at <= now) {
      const item = this.items[this.next++];
      if (item.at > now - 1) this.spawn(item);
    }
    this.asked = requestAnimationFrame(this.tick);
  }

  isWanted(item) {
    if (this.options[item.mode === "reverse" ? "scroll" : item.mode] === false) return false;
    const text = item.text.toLowerCase();
    return !this.options.words.toLowerCase().split(/[\s,，]+/).some(word => word && text.includes(word));
  }
  /** The first of `span` lanes that are free for the line, -1 if there is none. */
  laneFor(line, mode, span) {
    const lanes = this.lanes[mode];
    const flies = mode === "scroll" || mode === "reverse";
    const isFree = index => flies ? mayFollow(lanes[index], line, this.width, this.duration) : lanes[index] <= line.at;
    for (let first = 0; first + span <= lanes.length; first++) {
      let free = 0;
      while (free < span && isFree(first + free)) free++;
      if (free === span) return first;
    }
    return this.options.overlap ? Math.floor(Math.random() * Math.max(1, lanes.length - span + 1)) : -1;
  }
  spawn(item) {
    const now = this.clock;
    if (!this.options.on || this.motion.matches || !this.width || !this.height) return;
    if (this.live.size >= this.options.most || !this.isWanted(item)) return;
    const mode = item.mode in this.lanes ? item.mode : "scroll";
    const flies = mode === "scroll" || mode === "reverse";
    const size = this.font * (scales[item.size] || 1);
    this.pen.font = `650 ${size}px ${family}`;
    const line = { at: item.at, width: Math.ceil(this.pen.measureText(item.text).width) };
    const span = Math.min(Math.ceil(size * 1.3 / this.laneHeight), this.lanes[mode].length);
    const duration = flies ? this.duration : standing;
    if (now - item.at >= duration) return;
    const lane = this.laneFor(line, mode, span);
    if (lane < 0) return;
    for (let i = lane; i < Math.min(lane + span, this.lanes[mode].length); i++) this.lanes[mode][i] = flies ? line : item.at + duration;

    const node = this.spare.pop() || document.createElement("span");
    node.textContent = item.text;
    node.className = item.mine ? "mine" : "";
    node.style.font = `650 ${size}px/1.3 ${family}`;
    node.style.color = `#${(item.color ?? 0xffffff).toString(16).padStart(6, "0")}`;
    const y = mode === "bottom" ? this.height - (lane + span) * this.laneHeight - 8 : lane * this.laneHeight + 8;
    const middle = Math.max(0, (this.width - line.width) / 2);
    const from = flies ? (mode === "scroll" ? this.width : -line.width) : middle;
    const to = flies ? (mode === "scroll" ? -line.width : this.width) : middle;
    this.layer.append(node);
    const animation = node.animate([{ transform: `translate3d(${from}px,${y}px,0)` }, { transform: `translate3d(${to}px,${y}px,0)` }], { duration: duration * 1000, fill: "both" });
    const one = { node, animation, at: item.at, duration };
    animation.playbackRate = this.video.playbackRate;
    animation.currentTime = Math.max(0, now - item.at) * 1000;
    if (!this.isRunning) animation.pause();
    animation.onfinish = () => this.drop(one);
    this.live.add(one);
  }
  drop(one) {
    if (!this.live.delete(one)) return;
    one.animation.onfinish = null;
    one.animation.cancel();
    one.node.remove();
    if (this.spare.length < 200) this.spare.push(one.node);
  }
}
