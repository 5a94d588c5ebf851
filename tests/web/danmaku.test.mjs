import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser, Site, film, until } from "./site.mjs";
import { framesOf, memoryOf, openCrowded } from "./playing.mjs";
import { firstAt, mayFollow } from "../../web/src/player/danmaku.js";

let site, browser, id;
before(async () => {
  site = await Site.start();
  browser = await Browser.start();
  await site.addUser("anna");
  id = await site.upload("anna", film(30), "Many lines");
  const anna = await site.as("anna");
  for (let n = 0; n < 120; n++) await anna("POST", `/videos/${id}/comments`, { content: `line ${n} ${"long ".repeat(n % 4)}`, position_ms: n * 200 });
});
after(async () => {
  await browser?.stop();
  await site?.stop();
});

test("a line follows another in its lane once that has entered in full, if it does not catch up with it", () => {
  const line = (at, width) => ({ at, width });
  assert.equal(mayFollow(null, line(0, 100), 1000, 8), true);
  assert.equal(mayFollow(line(0, 200), line(0.5, 200), 1000, 8), false);  // the tail is still outside
  assert.equal(mayFollow(line(0, 200), line(2, 200), 1000, 8), true);
  assert.equal(mayFollow(line(0, 100), line(1, 3000), 1000, 8), false);  // longer, so faster: it would catch up
  assert.equal(mayFollow(line(0, 3000), line(6.5, 100), 1000, 8), true);
});

test("the first line at a time is found by binary search", () => {
  const items = [0, 1, 1, 2, 5].map(at => ({ at }));
  assert.deepEqual([-1, 0, 0.5, 1, 1.5, 5, 6].map(time => firstAt(items, time)), [0, 0, 1, 1, 3, 4, 5]);
});

// Pairs of lines that overlap at this moment.
const overlaps = page => page.$$eval(".danmaku span", all => {
  const boxes = all.map(one => [one.textContent, one.getBoundingClientRect()]);
  const found = [];
  for (const [i, [text, a]] of boxes.entries()) for (const [other, b] of boxes.slice(i + 1))
    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4) found.push(`${text} ${a.left}–${a.right} over ${other} ${b.left}–${b.right}, ${a.top} and ${b.top}`);
  return found;
});

test("lines never overlap: during playback, after a seek, or after a change of size or speed", async () => {
  const page = await browser.open(site);
  await page.goto(`/v/${id}`);
  await page.$eval("video", video => { video.muted = true; return video.play(); });
  const enough = () => until(async () => (await page.$$eval(".danmaku span", all => all.length)) >= 8, "lines fly");
  await enough();
  for (let n = 0; n < 10; n++) assert.deepEqual(await overlaps(page), []);
  await page.$eval("video", video => { video.currentTime = 14; });
  await enough();
  assert.deepEqual(await overlaps(page), []);
  await page.setViewportSize({ width: 700, height: 600 });
  await enough();
  assert.deepEqual(await overlaps(page), []);
  await page.$eval("video", video => { video.playbackRate = 2; });
  await until(() => page.$eval("video", video => video.currentTime > 18));
  assert.deepEqual(await overlaps(page), []);
  assert.ok(await page.evaluate(() => document.getAnimations().filter(one => one.effect.target.parentElement?.className === "danmaku").every(one => one.playbackRate === 2)));
  await page.$eval("video", video => video.pause());
  const still = () => page.$$eval(".danmaku span", all => all.map(one => Math.round(one.getBoundingClientRect().left)).join());
  await until(() => page.evaluate(() => document.getAnimations().filter(one => one.effect.target.parentElement?.className === "danmaku").every(one => one.playState === "paused")));
  assert.equal(await still(), await still());
});

test("no lines pile up while the player is hidden, and no more fly than the viewer has set", async () => {
  const page = await browser.open(site);
  await page.goto(`/v/${id}`);
  await page.$eval("video", video => { video.muted = true; return video.play(); });
  await page.$eval(".player", player => { player.hidden = true; });
  await until(() => page.$eval("video", video => video.currentTime > 3));
  assert.equal(await page.$$eval(".danmaku span", all => all.length), 0);
  await page.$eval(".player", player => { player.hidden = false; });
  await until(async () => (await page.$$eval(".danmaku span", all => all.length)) > 3);
  assert.deepEqual(await overlaps(page), []);
  await page.evaluate(() => localStorage.setItem("danmaku", JSON.stringify({ most: 5 })));
  await page.reload();
  await page.$eval("video", video => { video.muted = true; video.currentTime = 10; return video.play(); });
  await until(async () => (await page.$$eval(".danmaku span", all => all.length)) === 5);
});

test("danmaku of a second viewer come with the next heartbeat, and the number of viewers is shown", async () => {
  const first = await browser.open(site), second = await browser.open(site);
  await browser.signIn(second, "anna");
  for (const page of [first, second]) {
    await page.goto(`/v/${id}`);
    await page.$eval("video", video => { video.muted = true; return video.play(); });
  }
  await second.fill(".say input[type=text]", "from the second viewer");
  await second.press(".say input[type=text]", "Enter");
  await second.waitForSelector(".danmaku span.mine");
  // Pausing and playing send heartbeats too.
  await until(async () => {
    await first.$eval("video", video => { if (video.paused) return video.play(); video.pause(); });
    return await first.$(".lines >> text=from the second viewer") !== null;
  }, "the line has come");
  await first.waitForSelector("#by >> text=2 watching now");
  for (const page of [first, second]) await page.context().close();
});

test("120 lines fly at once, moved by the compositor while the page's thread is busy", async () => {
  const page = await openCrowded(browser, site, id, { lines: 5000, seconds: 30 });
  const flying = () => page.$$eval(".danmaku span", all => all.length);
  await until(async () => (await flying()) === 120, "120 lines fly");
  // The page's own thread is busy for 1.5 s, in which the video has 36 frames: there are more, because the lines move.
  const busy = () => page.evaluate(() => { for (const end = performance.now() + 1500; performance.now() < end;); });
  await until(async () => (await framesOf(page, busy)).length > 45, "the compositor shows more frames than the video has");
  assert.ok((await flying()) <= 120);
  await page.context().close();
});

test("however many lines a video has, they reach its end, and so does a seek", async () => {
  const dense = await site.upload("anna", film(30), "Dense");
  const lines = Array.from({ length: 6000 }, (_, n) => `<d p="${(n / 200).toFixed(3)},1,25,16777215,1600000000,0,x,${n + 1}">line ${n}</d>`);
  const file = join(site.data, "dense.xml");
  writeFileSync(file, `<i>${lines.join("")}</i>`);
  await site.ctl("-q", "comment", "import", dense, file);
  const page = await browser.open(site);
  await page.goto(`/v/${dense}`);
  const hasAt = second => until(() => page.$$eval(".lines time", (all, second) => all.some(one => one.textContent === `0:${second}`), second), `lines at 0:${second}`);
  await hasAt("00");
  await page.$eval("video", video => { video.currentTime = 27.5; });
  await hasAt("27");
  await page.$eval("video", video => { video.muted = true; return video.play(); });
  await hasAt("29");
  await page.context().close();
});

test("a page that plays for a long time does not grow in memory", async () => {
  const short = await site.upload("anna", film(6), "Again and again");
  const page = await openCrowded(browser, site, short, { lines: 1000, seconds: 6 });
  const samples = await memoryOf(page, 6);
  // What is not yet collected varies; lines that were kept would be a thousand more with each pass.
  const most = (of, name) => Math.max(...of.map(one => one[name])), least = (of, name) => Math.min(...of.map(one => one[name]));
  const before = samples.slice(0, 3), after = samples.slice(3);
  for (const [name, slack] of [["heap", 500000], ["nodes", 800], ["listeners", 300]])
    assert.ok(least(after, name) < most(before, name) + slack, `${name}: ${JSON.stringify(samples)}`);
  await page.context().close();
});

test("while the server is busy, danmaku are requested less and less often", async () => {
  const page = await browser.open(site);
  page.expected.push("503");
  const asked = [];
  await page.route("**/comments?*by=position*", route => { asked.push(Date.now()); return route.fulfill({ status: 503, json: { error: "busy", error_code: "014" } }); });
  await page.goto(`/v/${id}`);
  await page.$eval("video", video => { video.muted = true; video.playbackRate = 4; return video.play(); });
  await until(() => page.$eval("video", video => video.currentTime > 20));  // five seconds, with some twenty changes of the time
  assert.ok(asked.length >= 1 && asked.length <= 3, String(asked.length));
  await page.context().close();
});
