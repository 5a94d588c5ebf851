// The danmaku of a video: loaded in windows of time as the film goes on, so that a film with very many stays light.
import { get, query, me } from "../lib/api.js";

const step = 120;  // seconds of film in one window
const mostPages = 5;

export class Lines {
  /** `share` are the parts of a signed link. `onChange` is told when `all` has changed. */
  constructor(video, danmaku, { share = {}, onChange = () => {} } = {}) {
    Object.assign(this, { video, danmaku, share, onChange, loaded: new Set(), all: [] });
  }
  /** Loads what is needed around a time of the film, in seconds. */
  async near(time) {
    const first = Math.floor(time / step);
    await this.load(first);
    if (time - first * step > step * 0.6) await this.load(first + 1);
  }
  async load(window) {
    if (this.loaded.has(window)) return;
    this.loaded.add(window);
    try {
      const found = [];
      for (let cursor, pages = 0; pages < mostPages; pages++) {
        const page = await get(`/videos/${this.video}/comments${query({ ...this.share, by: "position", at_from: window * step * 1000, at_to: (window + 1) * step * 1000, limit: 1000, cursor })}`);
        found.push(...page.comments);
        cursor = page.next_cursor;
        if (!cursor) break;
      }
      this.add(found);
    } catch { this.loaded.delete(window); }
  }
  /** Adds comments of the API; those that are there already are left out. */
  add(comments, isLive = false) {
    const known = new Set(this.all.map(one => one.id));
    const fresh = comments.filter(one => one.position_ms !== undefined && one.content && !known.has(one.id))
      .map(one => ({ id: one.id, at: one.position_ms / 1000, text: one.content.replace(/\n/g, " "), mode: one.mode || "scroll", color: one.color, size: one.size || "normal", author: one.author, mine: isLive && one.author === me }));
    if (!fresh.length) return;
    this.all = [...this.all, ...fresh].sort((a, b) => a.at - b.at);
    if (isLive) this.danmaku.add(fresh); else this.danmaku.setItems([...this.all]);
    this.onChange(this.all);
  }
  remove(id) {
    this.all = this.all.filter(one => one.id !== id);
    this.danmaku.setItems([...this.all]);
    this.onChange(this.all);
  }
}
