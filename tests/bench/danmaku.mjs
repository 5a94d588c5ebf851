// Danmaku in the browser: 5,000 lines in a film of a minute, 120 on screen.
// - How evenly they fly, by the frames that Chromium's compositor displays: the median in frames per second (goal: 55).
// - Whether the page stays as large as it is while it plays: 10 minutes, or as many as are asked for.
//   node tests/bench/danmaku.mjs build/release [MINUTES]      (after tests/web/run has installed its tools)
import { resolve } from "node:path";

process.env.VIDEO_BINARY_DIR = resolve(process.argv[2]);
process.env.VIDEO_WEB_MODULES = resolve(process.argv[2], "web-tools");
const minutes = Number(process.argv[3] ?? 10);
const { Browser, Site, film, until } = await import("../web/site.mjs");
const { framesOf, memoryOf, openCrowded } = await import("../web/playing.mjs");

const site = await Site.start();
const browser = await Browser.start();
try {
  await site.addUser("anna");
  const page = await openCrowded(browser, site, await site.upload("anna", film(60, { size: "640x360" }), "Many lines"), { lines: 5000, seconds: 60 });
  await until(async () => (await page.$$eval(".danmaku span", all => all.length)) === 120, "120 lines fly");
  const gaps = await framesOf(page, () => new Promise(resolve => setTimeout(resolve, 10000)));
  console.log(`${gaps.length + 1} frames in 10 s; median ${(1000 / gaps[gaps.length >> 1]).toFixed(1)} frames/s, p95 of the interval ${gaps[Math.floor(gaps.length * 0.95)].toFixed(1)} ms`);
  await page.context().close();

  const long = await openCrowded(browser, site, await site.upload("anna", film(12), "Again and again"), { lines: 1000, seconds: 12 });
  await memoryOf(long, minutes * 5, ({ heap, nodes, listeners }) => console.log(`${(heap / 1e6).toFixed(2)} MB of JavaScript, ${nodes} nodes, ${listeners} listeners`));
} finally {
  await browser.stop();
  await site.stop();
}
