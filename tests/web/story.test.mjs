import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, Site, film, password, until } from "./site.mjs";

let site, browser, page, features;
before(async () => {
  site = await Site.start();
  browser = await Browser.start();
  features = await site.features();
  page = await browser.open(site);
});
after(async () => {
  await browser?.stop();
  await site?.stop();
});
const videosOf = async (user, state = "ready") => (await (await (await site.as(user))("GET", `/user/${user}/videos?state=${state}`)).json()).videos;
const time = () => page.$eval("video", video => video.currentTime);

test("a user registers, uploads, watches, comments, deletes and signs out", async t => {
  await t.test("registers with the form", async () => {
    await page.goto("/");
    await page.click("text=Register");
    await page.fill("#new-name", "ada");
    await page.fill("#new-pwd", password);
    await page.click("form[action='/register'] button");
    await page.waitForURL("**/userhome");
    assert.equal(await page.getAttribute("html", "data-user"), "ada");
    await page.waitForSelector("text=Nothing here yet");
  });
  await t.test("uploads a video, which appears in the list", async () => {
    await page.setInputFiles("input[type=file][multiple]", film(12));
    await page.waitForSelector("li[data-state=done]");
    await page.waitForSelector(".mine h3 a");
    assert.match(await page.textContent(".mine h3"), /^12-320x180/);
  });
  await t.test("renames and describes it", async () => {
    await page.click(".mine >> text=Edit");
    await page.fill("dialog [name=name]", "A test film");
    await page.fill("dialog [name=description]", "0:00 Beginning\n0:05 Middle");
    await page.click("dialog >> text=Save");
    await page.waitForSelector(".mine h3 >> text=A test film");
  });
  await t.test("plays it: the time advances, and seeking changes it", async () => {
    await page.click(".mine h3 a");
    await page.waitForURL("**/v/*");
    assert.equal(await page.textContent("h1"), "A test film");
    await page.click(".big-play");
    await until(async () => (await time()) > 0.5, "the video plays");
    await page.keyboard.press("l");
    await until(async () => (await time()) >= 10, "l goes on by ten seconds");
    await page.keyboard.press("k");
    assert.equal(await page.$eval("video", video => video.paused), true);
    await page.keyboard.press("j");
    await until(async () => (await time()) < 4);
    await page.keyboard.press(">");
    assert.equal(await page.$eval("video", video => video.playbackRate), 1.25);
    await page.keyboard.press("<");
    await page.keyboard.press("5");
    await until(async () => Math.abs((await time()) - 6) < 0.3, "5 goes to the middle");
  });
  await t.test("adds subtitles and sees them", { skip: !features?.has("subtitles") && "no subtitles in this version" }, async () => {
    await page.click("#actions >> text=Edit");
    await page.click("dialog >> text=Subtitles");
    await page.setInputFiles("dialog [name=file]", { name: "a.vtt", mimeType: "text/vtt", buffer: Buffer.from("WEBVTT\n\n00:00.000 --> 00:20.000\nHello there\n") });
    await page.click("dialog >> text=Add subtitles");
    await page.waitForSelector("dialog .links li");
    await page.reload();
    await until(() => page.$eval("video", video => video.textTracks.length === 1));
    await page.click("h1");
    await page.keyboard.press("c");
    await until(() => page.$eval("video", video => video.textTracks[0].mode === "showing" && video.textTracks[0].cues?.length === 1), "the subtitles show");
  });
  await t.test("writes a comment with a time, which links into the video", async () => {
    await page.fill(".comment-form textarea", "Look at 0:03!");
    await page.click(".comment-form >> text=Comment");
    await page.click(".comment >> text=0:03");
    await until(async () => Math.abs((await time()) - 3) < 0.3);
    await page.click(".comment >> text=Reply");
    await page.fill(".comment .comment-form textarea", "Seen.");
    await page.click(".comment .comment-form button.primary");
    await page.waitForSelector(".replies >> text=Seen.");
  });
  await t.test("posts danmaku, which fly over the picture", async () => {
    await page.$eval("video", video => { video.muted = true; return video.play(); });
    await page.fill(".say input[type=text]", "A line of mine");
    await page.press(".say input[type=text]", "Enter");
    await page.waitForSelector(".danmaku span.mine");
    assert.equal(await page.textContent(".danmaku span.mine"), "A line of mine");
    const first = await page.$eval(".danmaku span.mine", one => one.getBoundingClientRect().left);
    await until(async () => (await page.$eval(".danmaku span.mine", one => one.getBoundingClientRect().left).catch(() => -1e9)) < first - 20, "the line moves");
    await page.waitForSelector(".lines >> text=A line of mine");
  });
  await t.test("resumes where the video stopped", async () => {
    await page.$eval("video", video => video.play());  // it may have ended meanwhile
    await page.$eval("video", video => { video.currentTime = 8; video.pause(); });
    const id = new URL(page.url()).pathname.slice(3);
    const ada = await site.as("ada");
    await until(async () => (await (await ada("GET", `/videos/${id}/watch`)).json()).position_ms === 8000, "the account knows the position");
    assert.equal(await page.evaluate(() => localStorage.getItem("positions")), null);
    await page.reload();
    await until(async () => Math.abs((await time()) - 8) < 0.3, "the position is restored");
    await page.goto(`${page.url()}?t=2`);
    await until(async () => Math.abs((await time()) - 2) < 0.3, "?t= begins there");
  });
  await t.test("shares it by a signed link that plays without signing in", async () => {
    await page.goto("/userhome");
    await page.click(".mine >> text=Edit");
    await page.selectOption("dialog [name=visibility]", "private");
    await page.click("dialog >> text=Save");
    await page.waitForSelector(".mine .chip >> text=Private");
    await page.click(".mine >> text=Share");
    await page.click("dialog >> text=Create a link");
    await page.waitForSelector("dialog .copy input");
    const link = await page.inputValue("dialog .copy input");
    assert.match(link, /\/v\/[0-9a-f-]+\?share=.*&sig=/);
    const guest = await browser.open(site);
    guest.expected.push("404");
    assert.equal((await guest.goto(link.split("?")[0])).status(), 404);
    assert.equal(await guest.textContent("h1"), "Page not found");
    assert.equal((await guest.goto(link)).status(), 200);
    await guest.$eval("video", video => { video.muted = true; return video.play(); });
    await until(async () => (await guest.$eval("video", video => video.currentTime)) > 0.3);
    await guest.waitForSelector(".comment >> text=Look at");
    await guest.context().close();
    await page.keyboard.press("Escape");
  });
  await t.test("deletes it and undoes that", async () => {
    await page.goto("/userhome");
    await page.click(".mine summary");
    await page.click(".mine >> text=Delete");
    await page.waitForSelector("text=Nothing here yet");
    await page.click(".toast >> text=Undo");
    await page.waitForSelector(".mine h3 >> text=A test film");
  });
  await t.test("creates a token and an archive of the data", async () => {
    await page.goto("/account");
    await page.fill("[name=label]", "nightly");
    await page.click("text=Create token");
    await page.waitForSelector("text=only once");
    await page.click("text=Prepare an archive");
    await page.waitForSelector("text=Download the archive");
  });
  await t.test("signs out", async () => {
    await page.click(".header summary");
    await page.click(".header >> text=Sign out");
    await page.waitForURL("**/");
    assert.equal(await page.getAttribute("html", "data-user"), "");
    await page.goto("/userhome");
    assert.match(page.url(), /\/signin\?next=%2Fuserhome$/);
  });
});

test("no page violated the content security policy or wrote an error to the console", () => {
  assert.deepEqual(browser.troubles, []);
});

test("the page says that a password is wrong or a name is taken, and keeps the name", async () => {
  const guest = await browser.open(site);
  guest.expected.push("401", "409");
  await guest.goto("/signin?next=/account");
  await guest.fill("#name", "ada");
  await guest.fill("#pwd", "wrong");
  await guest.click("form[action='/signin'] button");
  await guest.waitForSelector("[role=alert] >> text=wrong");
  assert.equal(await guest.inputValue("#name"), "ada");
  await guest.fill("#pwd", password);
  await guest.click("form[action='/signin'] button");
  await guest.waitForURL("**/account");
  const other = await browser.open(site);
  other.expected.push("409");
  await other.goto("/signin");
  await other.fill("#new-name", "Ada");
  await other.fill("#new-pwd", password);
  await other.click("form[action='/register'] button");
  await other.waitForSelector("[role=alert] >> text=taken");
  assert.deepEqual(browser.troubles, []);
});

test("without scripts, pages are shown, forms sign in, and the video has the browser's own controls", async () => {
  const plain = await browser.open(site, { javaScriptEnabled: false });
  await plain.goto("/signin");
  await plain.fill("#name", "ada");
  await plain.fill("#pwd", password);
  await plain.click("form[action='/signin'] button");
  await plain.waitForURL("**/userhome");
  const id = (await videosOf("ada"))[0].id;
  await plain.goto(`/v/${id}`);
  assert.equal(await plain.textContent("h1"), "A test film");
  assert.equal(await plain.$("video[controls][src]") !== null, true);
  if (features.has("subtitles")) assert.equal(await plain.getAttribute("video track", "srclang"), "en");
  await plain.goto("/");
  assert.equal(await plain.isVisible(".skeleton"), false);
  await plain.click(".header summary");
  await plain.click(".header >> text=Sign out");
  await plain.waitForSelector(".header >> text=Sign in");
});

test("an upload that a restart of the server interrupts is resumed, and a cancelled one leaves nothing", async t => {
  if (!features.has("tus")) return t.skip("no resumable uploads in this version");
  const own = await browser.open(site);
  own.expected.push("ERR_", "Failed to load resource");
  await browser.signIn(own, "ada");
  const slow = await own.context().newCDPSession(own);
  const rate = uploadThroughput => slow.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });
  await rate(1000000);
  await own.setInputFiles("input[type=file][multiple]", film(60, { size: "640x360", rate: "8000k" }));
  const percent = () => own.$eval("li[data-state] [role=progressbar]", bar => Number(bar.getAttribute("aria-valuenow")));
  await until(async () => (await percent()) >= 5, "some of it is sent");
  const address = site.url.slice("http://".length);
  await site.halt();
  await site.run(address);
  await rate(-1);
  await own.waitForSelector("li[data-state=done]", { timeout: 60000 });
  await rate(200000);
  const before = (await videosOf("ada", "pending")).length;
  await own.click("text=Clear finished");
  await own.setInputFiles("input[type=file][multiple]", film(61, { size: "640x360", rate: "8000k" }));
  await own.waitForSelector("li[data-state=running]");
  await own.click("li[data-state] [aria-label^='Pause']");
  await own.waitForSelector("li[data-state=paused]");
  assert.equal((await videosOf("ada", "pending")).length, before + 1);
  await own.click("li[data-state=paused] [aria-label^='Cancel']");
  await until(async () => (await videosOf("ada", "pending")).length === before, "the pending video is gone");
});
