// The danmaku of a video: loaded in windows of time as the video goes on, so that one with very many stays light.
import { get, query, me } from "../lib/api.js";

const step = 120;  // seconds of the video in one window
const mostPages = 5;

export class Lines {
  /** `video` as the API has it; `share` are the parts of a signed link. `onChange` is told when `all` has changed, and once `isReady`: what there is at the beginning has come, or cannot be had now. */
  constructor(video, danmaku, { share = {}, onChange = () => {} } = {}) {
    Object.assign(this, { video, danmaku, share, onChange, loaded: new Set(), known: new Set(), all: [], isReady: Boolean(video.danmaku_off), notBefore: 0, wait: 0 });
  }
  /** Loads what is needed around a time of the video, in seconds. */
  async near(time) {
    if (this.video.danmaku_off) return;
    const first = Math.floor(time / step);
    await this.load(first);
    if (time - first * step > step * 0.6) await this.load(first + 1);
  }
  async load(window) {
    if (this.loaded.has(window) || performance.now() < this.notBefore) return;
    this.loaded.add(window);
    try {
      const found = [];
      for (let cursor, pages = 0; pages < mostPages; pages++) {
        const page = await get(`/videos/${this.video.id}/comments${query({ ...this.share, by: "position", at_from: window * step * 1000, at_to: (window + 1) * step * 1000, limit: 1000, cursor })}`);
        found.push(...page.comments);
        cursor = page.next_cursor;
        if (!cursor) break;
      }
      this.wait = 0;
      this.add(found);
    } catch (error) {
      // `near` is called several times a second: the server that is busy or away is asked less and less often.
      this.loaded.delete(window);
      this.wait = Math.min(60000, Math.max(2000, this.wait * 2));
      this.notBefore = performance.now() + Math.max(this.wait, (error.wait || 0) * 1000);
    }
    if (this.isReady) return;
    this.isReady = true;
    this.onChange(this.all);
  }
  /** Adds comments of the API; those that are there already are left out. */
  add(comments, isLive = false) {
    const fresh = comments.filter(one => one.position_ms !== undefined && one.content && !this.known.has(one.id)).map(one => ({
      id: one.id, at: one.position_ms / 1000, text: one.content.replace(/\n/g, " "), mode: one.mode || "scroll", color: one.color, size: one.size || "normal",
      author: one.author, imported: one.imported_author, mine: isLive && one.author === me,
    }));
    if (!fresh.length) return;
    for (const one of fresh) this.known.add(one.id);
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
