// The danmaku of a video: loaded as the video goes on, so that one with very many stays light.
import { get, query, me } from "../lib/api.js";

const step = 120;  // the most seconds of the video that one request is for
const ahead = 48;  // seconds before the end of what is loaded, at which what follows is requested
const flight = 12;  // seconds for which a line may be seen
const least = 2;  // seconds of the video for one request, however many lines there are: some are left out then

export class Lines {
  /** `video` as the API has it; `share` are the parts of a signed link. `onChange` is told when `all` has changed, and once `isReady`: what there is at the beginning has come, or cannot be had now. */
  constructor(video, danmaku, { share = {}, onChange = () => {} } = {}) {
    Object.assign(this, { video, danmaku, share, onChange, loaded: [], known: new Set(), all: [], isReady: Boolean(video.danmaku_off), notBefore: 0, wait: 0 });
  }
  /** Until when the video is loaded from a time on, in seconds; the time itself if it is not. */
  end(time) {
    for (let end = time; ;) {
      const next = this.loaded.find(([from, to]) => from <= end && end < to);
      if (!next) return end;
      end = next[1];
    }
  }
  /** Loads what is needed around a time of the video, in seconds. */
  async near(time) {
    if (this.video.danmaku_off) return;
    const end = this.end(time);
    if (end > time) {
      if (end - time < ahead) await this.load(end);
      return;
    }
    // From the beginning of the step; if lines are dense, what flies at that time is further on.
    const start = Math.floor(time / step) * step;
    for (const from of [start, Math.max(start, time - flight), time])
      if (this.end(time) === time && this.end(from) === from) await this.load(from);
  }
  async load(from) {
    if (this.isLoading || performance.now() < this.notBefore) return;
    this.isLoading = true;
    try {
      const to = (Math.floor(from / step) + 1) * step;
      const page = await get(`/videos/${this.video.id}/comments${query({ ...this.share, by: "position", at_from: Math.round(from * 1000), at_to: to * 1000, limit: 1000 })}`);
      const last = page.comments.at(-1);
      this.loaded.push([from, page.next_cursor && last ? Math.max(last.position_ms / 1000, from + least) : to]);
      this.wait = 0;
      this.add(page.comments);
    } catch (error) {
      // `near` is called several times a second: the server that is busy or away is asked less and less often.
      this.wait = Math.min(60000, Math.max(2000, this.wait * 2));
      this.notBefore = performance.now() + Math.max(this.wait, (error.wait || 0) * 1000);
    }
    this.isLoading = false;
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
