// How evenly danmaku fly: 5,000 lines in a film of a minute, 120 on screen, by the frames that Chromium's compositor
// displays. Prints the median of the intervals as frames per second; the goal is 55 or more.
//   node tests/bench/danmaku.mjs build/release      (after tests/web/run has installed its tools)
import { resolve } from "node:path";

process.env.VIDEO_BINARY_DIR = resolve(process.argv[2]);
process.env.VIDEO_WEB_MODULES = resolve(process.argv[2], "web-tools");
const { Browser, Site, film, until } = await import("../web/site.mjs");

const site = await Site.start();
const browser = await Browser.start();
try {
  await site.addUser("anna");
  const id = await site.upload("anna", film(60, { size: "640x360" }), "Many lines");
  const page = await browser.open(site);
  await page.addInitScript(() => localStorage.setItem("danmaku", JSON.stringify({ most: 120, area: 1, size: 0.7, overlap: true })));
  let sent = 0;
  await page.route(/by=position/, route => {
    const comments = sent++ < 5 ? Array.from({ length: 1000 }, (_, n) => ({ id: `${sent}-${n}`, author: "x", content: `line number ${n}`, position_ms: n * 60 })) : [];
    return route.fulfill({ json: { comments, next_cursor: sent < 5 ? String(sent) : null } });
  });
  await page.goto(`/v/${id}`);
  await page.$eval("video", video => { video.muted = true; return video.play(); });
  await until(async () => (await page.$$eval(".danmaku span", all => all.length)) === 120, "120 lines fly");
  const tools = await page.context().newCDPSession(page);
  const events = [];
  tools.on("Tracing.dataCollected", part => events.push(...part.value));
  const complete = new Promise(resolve => tools.on("Tracing.tracingComplete", resolve));
  await tools.send("Tracing.start", { transferMode: "ReportEvents", categories: "viz" });
  await new Promise(resolve => setTimeout(resolve, 10000));
  await tools.send("Tracing.end");
  await complete;
  const times = events.filter(one => one.name === "Display::FrameDisplayed").map(one => one.ts).sort((a, b) => a - b);
  const gaps = times.slice(1).map((time, n) => time - times[n]).sort((a, b) => a - b);
  console.log(`${times.length} frames in 10 s; median ${(1e6 / gaps[gaps.length >> 1]).toFixed(1)} frames/s, p95 of the interval ${(gaps[Math.floor(gaps.length * 0.95)] / 1000).toFixed(1)} ms`);
} finally {
  await browser.stop();
  await site.stop();
}
