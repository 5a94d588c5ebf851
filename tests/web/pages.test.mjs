import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, Site, film, until } from "./site.mjs";
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
    wrong.push(...await faults(page, name));
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
  await until(() => page.evaluate(() => document.activeElement.matches(".popup [role=menuitemradio]")), "the menu has the focus");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.$eval("video", video => video.playbackRate), 1.25);
  await page.click(".say summary");
  wrong.push(...await faults(page, "style of a line"));
  await page.focus(".say-menu .segments input:checked");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.$eval(".say-menu .segments input:checked", one => one.value), "top");
  const guest = await browser.open(site);
  await guest.goto(`/v/${id}`);
  await guest.click("#actions summary");
  await guest.click("#actions >> text=Report");
  await guest.waitForSelector("dialog[open]");
  wrong.push(...await faults(guest, "report"));
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
  assert.deepEqual(await faults(page, "settings on a phone"), []);
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

// Sums what moves without anybody having asked for it, and says when something is painted.
const watchPage = page => page.addInitScript(() => {
  window.moved = [];
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) window.moved.push({ by: one.value, what: one.sources.map(({ node, previousRect: was, currentRect: now }) => `${node?.nodeName}.${node?.className} ${was.x},${was.y} ${was.width}×${was.height} → ${now.x},${now.y} ${now.width}×${now.height}`) });
  }).observe({ type: "layout-shift", buffered: true });
});
const pages = { "": ["/", "/signin", "/v/ID", "/v/ID?share", "/embed/ID", "/u/anna", "/drop", "/nothing"], ben: ["/", "/userhome", "/v/ID", "/account", "/u/anna"], root: ["/admin#reports", "/admin#users", "/v/ID"] };
for (const width of [1440, 360])
  test(`a page of ${width} px is painted before its modules and the API reply arrive, and does not shift when they do`, async () => {
    const wrong = [];
    for (const [who, paths] of Object.entries(pages)) {
      const page = await browser.open(site, { width, height: width > 1000 ? 900 : 740 });
      page.expected.push("404");
      if (who) await browser.signIn(page, who);
      await watchPage(page);
      // What is asked for, by kind, and is let through when the test says so.
      let waiting = {}, release = {};
      await page.route("**/*", async route => {
        const kind = route.request().resourceType();
        if (kind !== "fetch" && kind !== "script") return route.continue();
        await new Promise(resolve => { (waiting[kind] ??= []).push(resolve); if (release[kind]) resolve(); });
        await route.continue();
      });
      const pass = kind => { release[kind] = true; waiting[kind]?.forEach(one => one()); };
      for (const path of paths) {
        waiting = {}, release = {};
        await page.goto(path === "/drop" ? drop : path.replace("?share", shared).replace("ID", id), { waitUntil: "commit" });
        await until(() => page.evaluate(() => performance.getEntriesByName("first-contentful-paint").length === 1), `${path} is painted`);
        pass("script");
        if (!["/signin", "/drop", "/nothing"].includes(path)) await until(() => waiting.fetch, `${path} asks the API`);
        await page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))));
        pass("fetch");
        await page.waitForLoadState("networkidle");
        await until(() => page.$(".skeleton").then(one => one === null), `${path} is loaded`);
        const moved = await page.evaluate(() => window.moved);
        const sum = moved.reduce((sum, { by }) => sum + by, 0);
        if (sum > 0.001) wrong.push(`${who || "guest"} ${path}: ${sum.toFixed(4)}: ${moved.flatMap(({ what }) => what).join("; ")}`);
      }
      await page.context().close();
    }
    assert.deepEqual(wrong, []);
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
    page.expected.push("404");
    await page.goto("/embed/00000000-0000-7000-8000-000000000000");
    assert.match(await page.innerText("body"), /^\s*Page not found\s/);
    assert.equal(await page.isVisible(".header, .footer, a.button"), false);
    assert.match((await fetch(`${open.url}/embed/none`, { headers: { Accept: "text/html" } })).headers.get("content-security-policy"), /frame-ancestors https:\/\/blog\.example;/);
  } finally {
    await open.stop();
  }
});
