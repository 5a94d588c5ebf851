// How every page and everything that opens over one looks: pictures of it, light and dark, wide and narrow, English and
// Chinese; within its width; nothing that axe finds serious.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser, film, until } from "./site.mjs";
import { faults, furnish } from "./furnished.mjs";

let site, browser, id, shared, drop;
before(async () => {
  ({ site, id, shared, drop } = await furnish());
  browser = await Browser.start();
});
after(async () => {
  await browser?.stop();
  await site?.stop();
});

const shots = process.env.VIDEO_SCREENSHOTS || join(process.env.VIDEO_BINARY_DIR, "../screenshots");
mkdirSync(shots, { recursive: true });
const languages = ["en", "zh-CN"];
// Widths and themes. axe looks at half of them in each language; in CI, pictures are taken of those only, and of
// what opens over a page in one language.
const looks = [[1440, "light"], [1440, "dark"], [360, "dark"], [360, "light"]];

// Takes pictures of what the page shows now; returns what is wrong with it.
async function look(page, name, lang, { isWhole = false } = {}) {
  const wrong = [];
  for (const [index, [width, theme]] of looks.entries()) {
    const isChecked = index % 2 === languages.indexOf(lang);
    if (process.env.CI && !isChecked) continue;
    await page.setViewportSize({ width, height: width > 1000 ? 900 : 740 });
    await page.emulateMedia({ colorScheme: theme });
    // Two frames, and the ends of transitions: sizes and colors are those of now.
    await page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await page.evaluate(() => Promise.allSettled(document.getAnimations().filter(one => one instanceof CSSTransition).map(one => one.finished)));
    const where = `${name} ${width} ${theme} ${lang}`;
    if (await page.evaluate(() => document.documentElement.lang) !== lang) wrong.push(`${where}: another language`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) wrong.push(`${where}: ${wide} px too wide`);
    await page.screenshot({ path: join(shots, `${name}-${width}-${theme}-${lang}.png`), fullPage: isWhole });
    if (isChecked) wrong.push(...await faults(page, where));
  }
  return wrong;
}
async function loaded(page) {
  await page.waitForLoadState("networkidle");
  await until(() => page.$(".skeleton").then(one => one === null), `${page.url()} is loaded`);
}
async function playTo(page, seconds) {
  await page.$eval("video", video => { video.muted = true; return video.play(); });
  await until(() => page.$eval("video", (video, seconds) => video.currentTime > seconds, seconds));
  await page.$eval("video", video => video.pause());
}
const sessions = new Map();  // of each user, as the browser keeps it: each signs in once
async function open(who, lang) {
  const page = await browser.open(site, { lang, storageState: sessions.get(who) });
  page.expected.push("Failed to load resource");
  if (who && !sessions.has(who)) {
    await browser.signIn(page, who);
    sessions.set(who, await page.context().storageState());
  }
  return page;
}

const pages = { "": ["/", "/signin", "/v/ID", "/v/ID?share", "/embed/ID", "/u/anna", "/drop", "/nothing"], anna: ["/", "/userhome", "/v/ID", "/account", "/u/ben"], carl: ["/userhome", "/u/carl"],
  root: ["/admin#reports", "/admin#held", "/admin#contents", "/admin#users", "/admin#queue", "/admin#tasks", "/admin#server", "/v/ID"] };
for (const lang of languages)
  test(`every page, ${lang}`, async () => {
    const wrong = [];
    // At once for each user: much of the time is waiting.
    await Promise.all(Object.entries(pages).map(async ([who, paths]) => {
      const page = await open(who, lang);
      for (const path of paths) {
        await page.goto(path === "/drop" ? drop : path.replace("?share", shared).replace("ID", id));
        await loaded(page);
        if (path.includes("ID")) await playTo(page, 2.2);
        wrong.push(...await look(page, `${who || "guest"}${path.replace(/[/#?]/g, "-")}`, lang, { isWhole: true }));
      }
      await page.context().close();
    }));
    assert.deepEqual(wrong, []);
    assert.deepEqual(browser.troubles, []);
  });

// What opens over pages, and what they show when something is going on: who, where, how it comes to be.
const first = ".mine > li:first-child";
const states = {
  "queue": ["anna", "/userhome", async page => {
    const network = await page.context().newCDPSession(page);
    await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 30000 });
    const big = n => film(n, { size: "640x360", source: `gradients=n=4:seed=${n}:speed=0.02` });
    await page.setInputFiles("input[type=file][multiple]", { name: "no film at all.mp4", mimeType: "video/mp4", buffer: Buffer.from("no film") });
    await page.waitForSelector("li[data-state=failed]");
    await page.setInputFiles("input[type=file][multiple]", [big(12), big(13), big(14), big(15)]);
    await page.waitForSelector("li[data-state=running] .state >> text=·");
    await page.click("li[data-state=running] [aria-label]:first-child");
    await page.waitForSelector("li[data-state=paused]");
  }],
  "trash": ["anna", "/userhome", page => page.click("#mine-trash").then(() => page.waitForSelector(".mine .chip.warn"))],
  "deleted": ["anna", "/userhome", async page => {
    // The message stays until all pictures are taken.
    await page.evaluate(() => { const set = window.setTimeout; window.setTimeout = (work, ms) => set(work, ms >= 6000 ? 600000 : ms); });
    await page.click(`${first} summary`);
    await page.click(`${first} .menu-list .danger`);
    await page.waitForSelector(".toast");
  }, page => page.click(".toast button")],
  "own-menu": ["anna", "/userhome", page => page.click(".header summary")],
  "edit": ["anna", "/v/ID", page => page.click("#actions > .button:first-child")],
  "subtitles": ["anna", "/v/ID", async page => {
    await page.click("#actions > .button:first-child");
    await page.click("#edit-subtitles");
    await page.waitForSelector("dialog .links li");
  }],
  "share": ["anna", "/v/ID", async page => {
    await page.click("#actions > .button:nth-child(2)");
    await page.click("dialog form .primary");
    await page.waitForSelector("dialog .copy:nth-of-type(2), dialog .stack + .stack .copy");
  }],
  "drop-link": ["anna", "/userhome", page => page.click(".row .row > .button.compact").then(() => page.waitForSelector("dialog[open] .links li"))],
  "token": ["anna", "/account", async page => {
    await page.fill("[name=label]", "backup");
    await page.click("form:has([name=label]) .primary");
    await page.waitForSelector(".copy");
  }],
  "video-menu": ["anna", "/v/ID", page => page.click("#actions summary")],
  "reply": ["anna", "/v/ID", page => page.click(".comment .acts button")],
  "delete-comment": ["anna", "/v/ID", page => page.click(".comment .acts button:nth-child(2)")],
  "line": ["anna", "/v/ID", page => page.$eval(".lines .about-line", one => one.click())],
  "say-menu": ["anna", "/v/ID", page => page.click(".say summary")],
  "player-danmaku": ["", "/v/ID", page => page.click(".control.wide-only[aria-haspopup=dialog]")],
  "player-speed": ["", "/v/ID", page => page.click(".control[aria-haspopup=menu]:not(.wide-only):nth-last-child(2)")],
  "player-captions": ["", "/v/ID", page => page.click(".control[aria-haspopup=menu]:nth-last-child(3)")],
  "player-help": ["", "/v/ID", page => page.focus(".player").then(() => page.keyboard.press("?"))],
  "player-codec": ["", "/v/ID", async page => {
    await page.route("**/v/*", async route => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: (await answer.text()).replace(/"video_codec":"[^"]*",?/, "").replace(/"content_type":/, "\"video_codec\":\"hvc1.9.9.Z999\",\"content_type\":") });
    });
    await page.reload();
    await page.waitForSelector(".trouble");
  }],
  "report": ["", "/v/ID", async page => {
    await page.click("#actions summary");
    await page.click("#actions .menu-list button");
  }],
  "link": ["", "/v/ID", page => page.click("#actions > .button")],
  "block": ["root", "/v/ID", async page => {
    await page.click("#actions summary");
    await page.click("#actions .menu-list .danger");
  }],
  "mute": ["root", "/v/ID", page => page.click(".comment .acts button:last-child")],
  "dismiss": ["root", "/admin#reports", page => page.click(".report .button:nth-child(2)")],
  "user": ["root", "/admin#users", page => page.click("tbody .button")],
  "tag": ["", "/?tag=nothing", page => page.waitForSelector(".empty")],
  "offline": ["", "/", async page => {
    await page.route("**/newest*", route => route.abort());
    await page.reload();
    await page.waitForSelector(".empty[role=alert]");
  }],
  "wrong-password": ["", "/signin", async page => {
    await page.fill("#name", "anna");
    await page.fill("#pwd", "wrong");
    await page.click("form[action='/signin'] button");
    await page.waitForSelector("[role=alert]");
  }],
  "forbidden": ["carl", "/admin", page => page.waitForSelector(".lost")],
};
for (const lang of languages)
  test(`everything that opens over a page, and what happens on one, ${lang}`, async () => {
    const wrong = [];
    const users = [...new Set(Object.values(states).map(([who]) => who))];
    await Promise.all(users.map(async who => {
      for (const [index, [name, [its, path, begin, end]]] of Object.entries(states).entries()) {
        if (its !== who || (process.env.CI && index % 2 !== languages.indexOf(lang))) continue;
        const page = await open(who, lang);
        await page.goto(path.replace("ID", id));
        await loaded(page);
        if (path.includes("ID")) await playTo(page, 1.2);
        await begin(page);
        wrong.push(...await look(page, `state-${name}`, lang));
        await end?.(page);
        await page.context().close();
      }
    }));
    assert.deepEqual(wrong, []);
    assert.deepEqual(browser.troubles, []);
  });
