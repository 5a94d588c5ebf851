import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser, Site, axe, film, until } from "./site.mjs";

let site, browser, id, shared, drop;
before(async () => {
  site = await Site.start("[web]\nname = \"Harbour\"\ncontact = \"mailto:hello@harbour.example\"\nimprint = \"https://harbour.example/imprint\"\n");
  browser = await Browser.start();
  for (const name of ["anna", "ben"]) await site.addUser(name);
  await site.addUser("root", "--role", "admin");
  await site.ctl("-q", "user", "set", "anna", "--display-name", "Anna 安娜");
  const names = ["A walk around the lake in early autumn", "三体 第一集：红岸基地", "How to sharpen a chisel, slowly and properly", "Night trains"];
  for (const [index, name] of names.entries()) {
    const made = await site.upload(index === 2 ? "ben" : "anna", film(12 + index), name);
    if (index === 0) id = made;
  }
  await site.ctl("-q", "video", "set", id, "--tags", "lake,autumn", "--description", "Filmed on two mornings.\n0:00 The jetty\n0:05 Mist over the water\n0:09 Back home");
  const ben = await site.as("ben");
  const lines = ["so calm here", "那只鹭！", "beautiful light", "前方高能", "is that fog?", "太美了", "what a morning"];
  for (let n = 0; n < 30; n++) await ben("POST", `/videos/${id}/comments`, { content: lines[n % lines.length], position_ms: n * 300 });
  await ben("POST", `/videos/${id}/comments`, { content: "Which camera is this? The colours at 0:05 are lovely." });
  await ben("POST", `/videos/${id}/reports`, { reason: "copyright", text: "I filmed this." });
  const expires = new Date(Date.now() + 3600000).toISOString();
  const anna = await site.as("anna");
  const linkOf = async (path, wanted) => new URL((await (await anna("POST", path, { expires, ...wanted })).json()).url, site.url);
  shared = (await linkOf(`/video/${id}/shares`, { what: "view" })).search;
  const dropped = await linkOf("/user/anna/shares", { what: "drop", max_files: 3 });
  drop = dropped.pathname + dropped.search;
});
after(async () => {
  await browser?.stop();
  await site?.stop();
});

const pages = { "": ["/", "/signin", "/v/ID", "/v/ID?share", "/embed/ID", "/u/anna", "/drop", "/nothing"], anna: ["/", "/userhome", "/v/ID", "/account", "/u/ben"], root: ["/admin#reports", "/admin#held", "/admin#contents", "/admin#users", "/admin#queue", "/admin#tasks", "/admin#server", "/v/ID"] };
const shots = process.env.VIDEO_SCREENSHOTS || join(process.env.VIDEO_BINARY_DIR, "../screenshots");
mkdirSync(shots, { recursive: true });
const checker = readFileSync(axe, "utf8");
// The serious violations that axe finds.
async function check(page, where) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(checker);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], rules: { "video-caption": { enabled: false } } }));
  return found.violations.filter(one => ["serious", "critical"].includes(one.impact)).flatMap(one => one.nodes.slice(0, 3).map(node => `${where}: ${one.id}: ${node.target} ${node.failureSummary}`));
}

for (const width of [1440, 360])
  for (const [theme, lang] of [["light", "en"], ["dark", "en"], ["light", "zh-CN"], ["dark", "zh-CN"]])
    test(`every page at ${width} px, ${theme}, ${lang}: accessible, no wider than the window, with a screenshot`, async () => {
      const wrong = [];
      for (const [who, paths] of Object.entries(pages)) {
        const page = await browser.open(site, { width, height: width > 1000 ? 900 : 740, theme, lang });
        page.expected.push("404");
        if (who) await browser.signIn(page, who);
        for (const path of paths) {
          await page.goto(path === "/drop" ? drop : path.replace("?share", shared).replace("ID", id));
          await page.waitForLoadState("networkidle");
          await until(() => page.$(".skeleton").then(one => one === null), `${path} is loaded`);
          if (path.includes("ID")) {
            await page.$eval("video", video => { video.muted = true; return video.play(); });
            await until(() => page.$eval("video", video => video.currentTime > 2));
            await page.$eval("video", video => video.pause());
          }
          const where = `${who || "guest"} ${path} ${width} ${theme} ${lang}`;
          if (await page.evaluate(() => document.documentElement.lang) !== lang) wrong.push(`${where}: another language`);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          if (wide > 0) wrong.push(`${where}: ${wide} px too wide`);
          await page.screenshot({ path: join(shots, `${who || "guest"}${path.replace(/[/#?]/g, "-")}-${width}-${theme}-${lang}.png`), fullPage: true });
          wrong.push(...await check(page, where));
        }
        await page.context().close();
      }
      assert.deepEqual(wrong, []);
      assert.deepEqual(browser.troubles, []);
    });

test("dialogs, menus and popups are accessible, take the focus and give it back", async () => {
  const wrong = [];
  const page = await browser.open(site);
  await browser.signIn(page, "anna");
  await page.goto(`/v/${id}`);
  await page.waitForLoadState("networkidle");
  const open = async (name, opener, opened, close = "Escape") => {
    await page.focus(opener);
    await page.keyboard.press("Enter");
    await page.waitForSelector(opened);
    await until(() => page.evaluate(wanted => Boolean(document.activeElement.closest(wanted)), opened), `${name} has the focus`);
    wrong.push(...await check(page, name));
    await page.keyboard.press(close);
    await until(async () => !(await page.$(opened)), `${name} closes`);
    await until(() => page.evaluate(wanted => document.activeElement.matches(wanted), opener), `${name} gives the focus back`);
  };
  await open("speed", ".control[aria-label^='Speed']", ".popup");
  await open("danmaku", ".control[aria-label='Danmaku settings']", ".popup");
  await open("edit", "#actions > .button:first-child", "dialog[open]");
  await open("share", "#actions > .button:nth-child(2)", "dialog[open]");
  await page.focus(".control[aria-label^='Speed']");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".popup [role=menuitemradio]");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.$eval("video", video => video.playbackRate), 1.25);
  await page.click(".say summary");
  wrong.push(...await check(page, "style of a line"));
  await page.focus(".say-menu .segments input:checked");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.$eval(".say-menu .segments input:checked", one => one.value), "top");
  const guest = await browser.open(site);
  await guest.goto(`/v/${id}`);
  await guest.click("#actions summary");
  await guest.click("#actions >> text=Report");
  await guest.waitForSelector("dialog[open]");
  wrong.push(...await check(guest, "report"));
  assert.deepEqual(wrong, []);
  assert.deepEqual(browser.troubles, []);
});

test("the arrow keys scroll the page, and change the volume while the player has the focus", async () => {
  const page = await browser.open(site, { height: 500 });
  await page.goto(`/v/${id}`);
  await page.waitForSelector(".comment");
  await page.keyboard.press("ArrowDown");
  await until(() => page.evaluate(() => scrollY > 0), "the page scrolls");
  assert.equal(await page.$eval("video", video => video.volume), 1);
  await page.focus(".control[aria-label='Play']");
  await page.keyboard.press("ArrowDown");
  await until(() => page.$eval("video", video => Math.abs(video.volume - 0.95) < 0.001));
});

test("on a phone, the danmaku settings are behind one button", async () => {
  const page = await browser.open(site, { width: 360, height: 740, isMobile: true, hasTouch: true });
  await page.goto(`/v/${id}`);
  await page.click(".control[aria-label=More]");
  await page.click(".popup >> text=Danmaku settings");
  await page.waitForSelector(".popup >> text=Opacity");
  const box = await (await page.$(".popup")).boundingBox();
  assert.ok(box.x === 0 && box.width === 360 && box.y + box.height <= 740, JSON.stringify(box));
  assert.deepEqual(await check(page, "settings on a phone"), []);
});

test("the first page takes at most 60 KB in all, compressed", async () => {
  for (const path of ["/", `/v/${id}`]) {
    const page = await browser.open(site);
    const network = await page.context().newCDPSession(page);
    await network.send("Network.enable");
    const kinds = new Map();
    let bytes = 0;
    network.on("Network.responseReceived", event => kinds.set(event.requestId, event.response.url));
    network.on("Network.loadingFinished", event => { if (!/\/videos\//.test(kinds.get(event.requestId) || "")) bytes += event.encodedDataLength; });
    await page.goto(path);
    await page.waitForLoadState("networkidle");
    console.log(`${path}: ${bytes} bytes`);
    assert.ok(bytes > 8000 && bytes <= 60000, `${path}: ${bytes} bytes`);
  }
});

const watchShift = page => page.addInitScript(() => {
  window.shift = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) if (!one.hadRecentInput) window.shift += one.value; }).observe({ type: "layout-shift", buffered: true });
});
test("the pages of a video and a user do not shift when their modules run", async () => {
  const page = await browser.open(site);
  await browser.signIn(page, "ben");
  await watchShift(page);
  for (const [path, loaded] of [[`/v/${id}`, ".comment"], ["/u/anna", ".card h3"]]) {
    await page.goto(path);
    await page.waitForSelector(loaded);
    await page.waitForLoadState("networkidle");
    assert.ok(await page.evaluate(() => window.shift) < 0.02, `${path}: layout shift ${await page.evaluate(() => window.shift)}`);
  }
});

test("a page is first painted without waiting for the API, and does not shift when that answers", async () => {
  const page = await browser.open(site);
  await watchShift(page);
  let release;
  const held = new Promise(resolve => { release = resolve; });
  await page.route("**/newest*", async route => { await held; await route.continue(); });
  await page.goto("/");
  await page.waitForSelector(".hero");
  await page.waitForSelector(".skeleton");
  release();
  await page.waitForSelector(".card h3");
  assert.ok(await page.evaluate(() => window.shift) < 0.02, `layout shift ${await page.evaluate(() => window.shift)}`);
});

test("while the API is down, the page says so and retries by itself", async () => {
  const page = await browser.open(site);
  page.expected.push("ERR_");
  await page.route("**/newest*", route => route.abort());
  await page.goto("/");
  await page.waitForSelector("text=The server cannot be reached");
  await page.unroute("**/newest*");
  await page.waitForSelector(".card h3");
});

test("for a video in a codec that the browser lacks, the player says so and offers a download", async () => {
  const page = await browser.open(site);
  await page.route("**/v/*", async route => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/"video_codec":"[^"]*",?/, "").replace(/"content_type":/, '"video_codec":"hvc1.9.9.Z999","content_type":') });
  });
  await page.goto(`/v/${id}`);
  await page.waitForSelector("text=This video uses HEVC, which your browser cannot play");
  await page.waitForSelector(".trouble >> text=Download");
});

test("after a lost connection the viewer can retry, and the video resumes where it was", async () => {
  const page = await browser.open(site);
  page.expected.push("ERR_", "Failed to load resource");
  await page.goto(`/v/${id}`);
  await page.$eval("video", video => { video.muted = true; return video.play(); });
  await until(() => page.$eval("video", video => video.currentTime > 2));
  await page.$eval("video", video => video.pause());
  const at = await page.$eval("video", video => video.currentTime);
  await page.route("**/videos/*", route => route.request().resourceType() === "media" ? route.abort() : route.continue());
  await page.$eval("video", video => { video.src = `${video.currentSrc}?again`; });
  await page.waitForSelector(".trouble >> text=The connection to the server was lost");
  await page.unroute("**/videos/*");
  await page.click(".trouble >> text=Try again");
  await until(() => page.$eval("video", (video, at) => video.currentTime >= at && !video.paused, at), "it goes on");
});

test("with reduced motion, lines that arrive during playback do not fly either", async () => {
  const page = await browser.open(site, { reducedMotion: "reduce" });
  await page.goto(`/v/${id}`);
  await page.$eval("video", video => { video.muted = true; return video.play(); });
  await until(() => page.$eval("video", video => video.currentTime > 1));
  const ben = await site.as("ben");
  await ben("POST", `/videos/${id}/comments`, { content: "live line", position_ms: 11000 });
  // Each pause asks for what is new.
  await until(async () => {
    await page.$eval("video", video => { if (video.paused) return video.play(); video.pause(); });
    return await page.$(".lines >> text=live line") !== null;
  }, "the line has come");
  await page.$eval("video", video => { video.currentTime = 10.5; return video.play(); });
  await page.waitForSelector(".danmaku-list >> text=live line");
  assert.equal(await page.$$eval(".danmaku span", all => all.length), 0);
});

test("with reduced motion, danmaku are shown in a list", async () => {
  const page = await browser.open(site, { reducedMotion: "reduce" });
  await page.goto(`/v/${id}`);
  await page.$eval("video", video => { video.muted = true; return video.play(); });
  await page.waitForSelector(".danmaku-list >> text=so calm here");
  assert.equal(await page.$$eval(".danmaku span", all => all.length), 0);
});

test("other sites can embed a video only if web.embed allows it", async () => {
  const answer = await fetch(`${site.url}/embed/${id}`);
  assert.match(answer.headers.get("content-security-policy"), /frame-ancestors 'none'/);
  assert.equal((await (await fetch(`${site.url}/oembed?url=${encodeURIComponent(`${site.url}/v/${id}`)}`)).json()).type, "link");
  const open = await Site.start("[web]\nembed = [\"https://blog.example\"]\n");
  try {
    await open.addUser("anna");
    const its = await open.upload("anna", film(12), "Shown elsewhere");
    assert.match((await fetch(`${open.url}/embed/${its}`)).headers.get("content-security-policy"), /frame-ancestors https:\/\/blog\.example;/);
    const said = await (await fetch(`${open.url}/oembed?url=${encodeURIComponent(`${open.url}/v/${its}`)}`)).json();
    assert.equal(said.type, "video");
    assert.match(said.html, new RegExp(`^<iframe src="${open.url}/embed/${its}"`));
    const page = await browser.open(open);
    const watched = page.waitForResponse(response => response.url().endsWith(`/videos/${its}/watch`));
    await page.goto(`/embed/${its}?t=0m2s`);
    await page.$eval("video", video => { video.muted = true; return video.play(); });
    assert.equal((await watched).status(), 200);
    assert.ok(await page.$eval("video", video => video.currentTime >= 2));
    assert.match((await fetch(`${open.url}/embed/none`, { headers: { Accept: "text/html" } })).headers.get("content-security-policy"), /frame-ancestors https:\/\/blog\.example;/);
  } finally {
    await open.stop();
  }
});
