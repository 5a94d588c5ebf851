// What people see who have no account here: drop links, signed links, pages without scripts.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, Site, film, password, until, words } from "./site.mjs";

let site, browser, anna, id;
before(async () => {
  site = await Site.start();
  browser = await Browser.start();
  await site.addUser("anna");
  anna = await site.as("anna");
  id = await site.upload("anna", film(12), "For the family");
  await site.ctl("-q", "video", "set", id, "--visibility", "private", "--description", "0:00 Arrival\n0:06 Cake");
  await anna("PUT", `/videos/${id}/subtitles/en?label=English`, "WEBVTT\n\n00:00.000 --> 00:10.000\nHello\n");
});
after(async () => {
  await browser?.stop();
  await site?.stop();
});
const expires = () => new Date(Date.now() + 3600000).toISOString();
const link = async (path, wanted) => {
  const made = await (await anna("POST", path, { expires: expires(), ...wanted })).json();
  return { id: made.id, ...Object.fromEntries(["pathname", "search"].map(name => [name, new URL(made.url, site.url)[name]])) };
};
const dropLink = async most => {
  const { pathname, search } = await link("/user/anna/shares", { what: "drop", max_files: most });
  return pathname + search;
};
const videos = async state => (await (await anna("GET", `/user/anna/videos?state=${state}`)).json()).videos;

test("a guest can send as many videos as a drop link allows, and they belong to the recipient and are private", async () => {
  const page = await browser.open(site);
  page.expected.push("403", "409");
  await page.goto(await dropLink(1));
  assert.equal(await page.textContent("h1"), words["drop.title"]);
  await page.setInputFiles("input[type=file][multiple]", film(13));
  await page.waitForSelector(`li[data-state=done] >> text=${words["drop.done"]}`);
  const [arrived] = (await videos("ready")).filter(one => one.id !== id);
  assert.match(arrived.name, /^13-/);
  assert.equal(arrived.visibility, "private");
  assert.equal(await page.$("li[data-state=done] a"), null);  // the guest may not see it
  await page.setInputFiles("input[type=file][multiple]", film(14));
  await page.waitForSelector("li[data-state=failed] .state.danger");
  assert.equal((await videos("ready")).length, 2);
  assert.deepEqual(await videos("pending"), []);
  assert.deepEqual(browser.troubles, []);
  await page.context().close();
});

test("a guest's upload can be paused, resumed and cancelled, and a cancelled one leaves nothing", async () => {
  const page = await browser.open(site);
  page.expected.push("ERR_", "Failed to load resource");
  const network = await page.context().newCDPSession(page);
  const rate = uploadThroughput => network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await page.goto(await dropLink(2));
  await rate(100000);
  await page.setInputFiles("input[type=file][multiple]", film(15));
  await until(() => page.$eval("li[data-state=running] [role=progressbar]", bar => Number(bar.getAttribute("aria-valuenow")) > 5).catch(() => false), "some of it is sent");
  await page.click("[aria-label^='Pause']");
  await page.waitForSelector("li[data-state=paused]");
  await rate(-1);
  await page.click("[aria-label^='Resume']");
  await page.waitForSelector("li[data-state=done]");
  await rate(100000);
  await page.setInputFiles("input[type=file][multiple]", film(12));
  await page.waitForSelector("li[data-state=running]");
  await page.click("[aria-label^='Cancel']");
  await until(async () => (await videos("pending")).length === 0 && (await videos("deleted")).length === 0, "nothing is left");
  assert.deepEqual((await (await anna("GET", "/uploads")).json()).uploads.filter(one => one.state === "partial"), []);
  await page.context().close();
});

test("a revoked drop link accepts nothing, and says so", async () => {
  const made = await link("/user/anna/shares", { what: "drop", max_files: 2 });
  assert.equal((await anna("DELETE", `/user/anna/shares/${made.id}`)).status, 204);
  const page = await browser.open(site);
  page.expected.push("403", "404");
  await page.goto(made.pathname + made.search);
  await page.setInputFiles("input[type=file][multiple]", film(13));
  await page.waitForSelector("li[data-state=failed] .state.danger");
  assert.deepEqual(await videos("pending"), []);
  await page.context().close();
});

test("a signed link plays from its start time, with subtitles and chapters, until it is revoked", async () => {
  const made = await link(`/video/${id}/shares`, { what: "view" });
  const page = await browser.open(site);
  page.expected.push("403", "404");
  await page.goto(`/v/${id}${made.search}&t=6`);
  await page.$eval("video", video => { video.muted = true; return video.play(); });
  await until(() => page.$eval("video", video => video.currentTime > 6.3));
  await page.waitForSelector(".chapters [aria-current] >> text=Cake");
  await page.click("h1");
  await page.keyboard.press("c");
  await until(() => page.$eval("video", video => video.textTracks[0]?.mode === "showing" && video.textTracks[0].cues?.length === 1), "the subtitles show");
  await page.waitForSelector(`#comments >> text=${words["comments.link"]}`);
  assert.equal(await page.$("#actions >> text=Share"), null);  // it would give the page's address, which shows nothing
  assert.equal((await page.goto(`/v/${id}`)).status(), 404);
  assert.equal((await anna("DELETE", `/video/${id}/shares/${made.id}`)).status, 204);
  assert.ok([403, 404].includes((await page.goto(`/v/${id}${made.search}`)).status()));
  await page.waitForSelector("main h1");
  assert.deepEqual(browser.troubles, []);
  await page.context().close();
});

test("without scripts, every page says what needs them, and a signed link plays with its subtitles", async () => {
  const made = await link(`/video/${id}/shares`, { what: "view" });
  const page = await browser.open(site, { javaScriptEnabled: false });
  const says = async (...wanted) => {
    const text = await page.innerText("main");
    for (const one of wanted) assert.ok(text.includes(one), `${page.url()}: ${text}`);
  };
  await page.goto("/");
  await says(words["noscript.list"]);
  await page.goto("/u/anna");
  await says("@anna", words["noscript.list"]);
  assert.equal(await page.isVisible(".skeleton"), false);
  await page.goto(await dropLink(1));
  await says(words["noscript.page"]);
  await page.goto("/nothing");
  await says("404", words["error.home"]);
  await page.goto(`/v/${id}${made.search}`);
  await says("For the family", "0:06 Cake");
  // What the browser itself does with the page: it asks for the video and the subtitles, signed.
  const video = page.locator("video[controls]");
  const { src, track } = await video.evaluate(element => ({ src: element.getAttribute("src"), track: element.querySelector("track").getAttribute("src") }));
  for (const path of [src, track]) {
    assert.match(path, /sig=/);
    assert.equal((await fetch(site.url + path)).status, 200);
  }
  await page.goto("/signin");
  await page.fill("#name", "anna");
  await page.fill("#pwd", password);
  await page.click("form[action='/signin'] button");
  await page.waitForURL("**/userhome");
  await says(words["noscript.upload"]);
  assert.equal((await page.goto("/testpage")).status(), 200);
  for (const path of ["/account", `/v/${id}`]) assert.equal((await page.goto(path)).status(), 200);
  await page.context().close();
});
