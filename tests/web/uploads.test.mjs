// The upload queue when several things happen at once.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser, Site, film, until } from "./site.mjs";

const big = () => film(60, { size: "640x360", rate: "8000k" });
let site, browser, api, root;
before(async () => {
  site = await Site.start();
  browser = await Browser.start();
  await site.addUser("ada");
  await site.addUser("root", "--role", "admin");
  api = await site.as("ada");
  root = await site.as("root");
});
after(async () => {
  await browser?.stop();
  await site?.stop();
});
const partial = async () => (await (await api("GET", "/uploads")).json()).uploads.filter(one => one.state === "partial");
const pending = async () => (await (await api("GET", "/user/ada/videos?state=pending")).json()).videos.length;
// Bytes that the server has received from all clients.
const received = async () => Number(/^videod_received_bytes_total (\S+)$/m.exec(await (await root("GET", "/metrics")).text())[1]);
const ready = async () => (await (await api("GET", "/user/ada/videos?state=ready")).json()).videos;

// A page on which all requests of uploads are noted; `rate` bytes a second are sent.
async function open(rate = -1) {
  const page = await browser.open(site);
  page.expected.push("ERR_", "Failed to load resource");
  await browser.signIn(page, "ada");
  page.sent = [];
  page.on("request", request => { if (request.url().includes("/uploads")) page.sent.push([request.method(), request.headers()["upload-offset"]]); });
  const network = await page.context().newCDPSession(page);
  page.throttle = uploadThroughput => network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await page.throttle(rate);
  return page;
}
const choose = (page, files) => page.setInputFiles("input[type=file][multiple]", files);
// The list has what is on disk for certain; the page has what was sent.
const sentPart = page => page.$eval("li[data-state=running] [role=progressbar]", one => Number(one.getAttribute("aria-valuenow"))).catch(() => 0);
const count = (page, method) => page.sent.filter(([its]) => its === method).length;

test("an upload that is cancelled while it is being created leaves nothing", async () => {
  const page = await open();
  let release;
  const held = new Promise(resolve => { release = resolve; });
  await page.route("**/uploads", async route => {
    if (route.request().method() === "POST") await held;
    await route.continue();
  });
  const asked = page.waitForRequest(request => request.method() === "POST" && request.url().endsWith("/uploads"));
  await choose(page, film(12));
  await asked;
  const removed = page.waitForResponse(response => response.request().method() === "DELETE");
  await page.click("li[data-state=running] [aria-label^='Cancel']");
  release();
  assert.equal((await removed).status(), 204);
  assert.deepEqual(await partial(), []);
  assert.equal(await pending(), 0);
  await page.context().close();
});

test("an upload that is cancelled while it is sending leaves nothing, neither in the queue nor among the incomplete uploads", async () => {
  const page = await open(200000);
  await choose(page, big());
  await until(async () => (await sentPart(page)) > 0, "some of it has been sent");
  await page.click("li[data-state=running] [aria-label^='Cancel']");
  await until(async () => (await partial()).length === 0);
  assert.equal(await pending(), 0);
  assert.equal(await page.evaluate(() => localStorage.getItem("uploads") || "{}"), "{}");
  await page.reload();
  await page.waitForSelector(".drop");
  await page.waitForLoadState("networkidle");
  assert.equal(await page.$("[data-upload]"), null);
  await page.context().close();
});

test("pausing and resuming in quick succession makes one upload, which sends one piece at a time", async () => {
  const page = await open(1000000);
  await choose(page, [big(), big()]);  // the same one twice
  await until(() => count(page, "PATCH") > 0);
  assert.equal(await page.$$eval(".queue li[data-state]", all => all.length), 1);
  for (let n = 0; n < 6; n++) {
    await page.click("[aria-label^='Pause']");
    await page.click("[aria-label^='Resume']");
  }
  await page.throttle(-1);
  await page.waitForSelector("li[data-state=done]", { timeout: 60000 });
  assert.equal(count(page, "POST"), 1);
  assert.equal((await ready()).length, 1);
  assert.deepEqual(await partial(), []);
  await page.context().close();
});

test("an upload is resumed after its tab was closed, and can be cancelled in another browser", async () => {
  const page = await open(3000000);
  const file = film(61, { size: "640x360", rate: "8000k" });
  const before = await received();
  await choose(page, file);
  await until(async () => (await sentPart(page)) > 30, "some of it has been sent");
  const context = page.context();
  await page.close({ runBeforeUnload: false });
  const later = await context.newPage();
  const offsets = [];
  later.on("request", request => { if (request.method() === "PATCH") offsets.push(Number(request.headers()["upload-offset"])); });
  await later.goto("/userhome");
  await later.waitForSelector("[data-upload] >> text=Choose the same file again");
  const elsewhere = await open();
  await elsewhere.waitForSelector("[data-upload] >> text=Cannot be resumed in this browser");
  await choose(later, file);
  await later.waitForSelector("li[data-state=done]", { timeout: 60000 });
  assert.ok(offsets.length >= 1 && offsets[0] > 1000000, String(offsets));
  const { size } = statSync(file), all = await received() - before;
  assert.ok(all > size && all < 1.2 * size, `the server received ${all} bytes for ${size}`);
  await context.close();

  const slow = await open(200000);
  await choose(slow, film(62, { size: "640x360", rate: "8000k" }));
  await until(async () => (await partial()).length === 1);
  await slow.context().close();
  await elsewhere.reload();
  await elsewhere.click("[data-upload] [aria-label^='Cancel']");
  await until(async () => (await partial()).length === 0);
  await elsewhere.context().close();
});

test("an upload waits while the connection is lost", async () => {
  const page = await open();
  await page.context().setOffline(true);
  await choose(page, film(13));
  await page.waitForSelector("li[data-state=running] >> text=Waiting for a connection");
  await page.context().setOffline(false);
  await page.waitForSelector("li[data-state=done]");
  await page.context().close();
});

test("through a proxy that limits the size of a request, the file is sent in pieces", async () => {
  const page = await open();
  await page.addInitScript(() => {
    // A file that is larger than one piece, without its bytes.
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (body) {
      window.sizes = [...(window.sizes || []), body.size];
      return send.call(this, body);
    };
  });
  await page.reload();
  await page.route("**/uploads/*", async route => {
    const isFirst = route.request().method() === "PATCH" && !page.refused;
    if (!isFirst) return route.continue();
    page.refused = true;
    await route.fulfill({ status: 413, contentType: "text/html", body: "<h1>413</h1>" });
  });
  await choose(page, film(14));
  await page.waitForSelector("li[data-state=done]");
  assert.equal(await page.evaluate(() => window.sizes.length), 2);
  await page.context().close();
});

test("an open dialog keeps what is typed while an upload ends, and no video is listed twice", async () => {
  for (let n = 0; n < 27; n++) await api("POST", "/user/ada/videos", { name: `video ${n}` });
  const page = await open();
  await page.click("text=Show more");
  await page.waitForSelector(".mine h3 >> text=video 0");
  const rows = () => page.$$eval(".mine > li", all => all.map(one => one.dataset.id));
  const before = (await rows()).length;
  await choose(page, film(15));
  await page.click(".mine > li:last-child >> text=Edit");
  await page.fill("dialog [name=name]", "being typed");
  await page.uncheck("dialog [name=comments]");
  await page.waitForSelector("li[data-state=done]");
  await until(async () => (await rows()).length === before + 1, "the upload is in the list");
  assert.equal(await page.inputValue("dialog [name=name]"), "being typed");
  assert.equal(await page.isChecked("dialog [name=comments]"), false);
  await page.click("dialog >> text=Save");
  await page.waitForSelector(".mine h3 >> text=being typed");
  const all = await rows();
  assert.equal(all.length, before + 1);
  assert.equal(new Set(all).size, all.length);
  await page.context().close();
});

test("a setting that is switched off and on again is on", async () => {
  const page = await open();
  const { id } = (await ready())[0];
  await page.goto(`/v/${id}`);
  const edit = async name => {
    await page.click("#actions >> text=Edit");
    const was = await page.isChecked(`dialog [name=${name}]`);
    await page.click(`dialog [name=${name}]`);
    await page.click("dialog >> text=Save");
    await until(async () => !(await page.$("dialog")));
    return was;
  };
  assert.equal(await edit("comments"), true);
  await page.waitForSelector("#comments >> text=switched off");
  assert.equal(await edit("comments"), false);
  await page.waitForSelector(".comment-form");
  assert.equal(await edit("danmaku"), true);
  await until(async () => !(await page.$(".say")));
  assert.equal(await edit("danmaku"), false);
  await page.waitForSelector(".say");
  await page.context().close();
});

test("files and folders are dragged into the page from the desktop", async () => {
  const folder = mkdtempSync(join(tmpdir(), "videod-dragged-"));
  try {
    mkdirSync(join(folder, "trip/day 2"), { recursive: true });
    cpSync(film(3), join(folder, "alone.mp4"));
    cpSync(film(4), join(folder, "trip/first.mp4"));
    cpSync(film(5), join(folder, "trip/day 2/second.mp4"));
    const page = await open();
    const network = await page.context().newCDPSession(page);
    const box = await (await page.waitForSelector(".drop")).boundingBox();
    const data = { items: [], files: [join(folder, "alone.mp4"), join(folder, "trip")], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) {
      await network.send("Input.dispatchDragEvent", { type, x: box.x + box.width / 2, y: box.y + 20, data });
      if (type === "dragOver") await page.waitForSelector(".drop.over");
    }
    await until(async () => (await page.$$("li[data-state=done]")).length === 3, "all three are uploaded");
    const names = (await ready()).map(one => one.name);
    for (const name of ["alone", "first", "second"]) assert.ok(names.includes(name), names.join());
    assert.equal(await page.$(".drop.over"), null);
    await page.context().close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
