// What moderators do on the pages, and comments where there are many.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, Site, film, until, words } from "./site.mjs";

let site, browser, id, ben, root;
before(async () => {
  site = await Site.start("[moderation]\nwords = [\"spam\"]\n");
  browser = await Browser.start();
  for (const name of ["ada", "ben", "carl"]) await site.addUser(name);
  await site.addUser("root", "--role", "admin");
  id = await site.upload("ada", film(12), "A film");
  ben = await site.as("ben");
  root = await site.as("root");
});
after(async () => {
  await browser?.stop();
  await site?.stop();
});
const say = async (content, more = {}) => (await (await ben("POST", `/videos/${id}/comments`, { content, ...more })).json()).id;
const reports = async state => (await (await root("GET", `/reports?state=${state}`)).json()).reports;

test("comments are listed newest first, however many danmaku there are", async () => {
  const carl = await site.as("carl");
  for (let n = 0; n < 300; n++) await carl("POST", `/videos/${id}/comments`, { content: `line ${n}`, position_ms: n });
  await say("the first comment");
  await say("the second comment");
  const page = await browser.open(site);
  const asked = [];
  page.on("request", request => { if (request.url().includes("/comments?") && !request.url().includes("by=position")) asked.push(request.url()); });
  await page.goto(`/v/${id}`);
  await page.waitForSelector(".comment >> text=the first comment");
  assert.deepEqual(await page.$$eval(".comments > .comment .text", all => all.map(one => one.textContent)), ["the second comment", "the first comment"]);
  assert.equal(await page.textContent("#comments h2"), "2 comments");
  assert.equal(asked.length, 1);
  await page.click("text=Newest first");
  await until(async () => (await page.$$eval(".comments > .comment .text", all => all.map(one => one.textContent))).join() === "the first comment,the second comment");
  await page.context().close();
});

test("a failed mute leaves the report open, and a successful one resolves it", async () => {
  const comment = await say("an insult");
  const carl = await site.as("carl");
  assert.equal((await carl("POST", `/videos/${id}/comments/${comment}/reports`, { reason: "harassment" })).status, 201);
  const page = await browser.open(site);
  await browser.signIn(page, "root");
  await page.goto("/admin#reports");
  for (const leave of [() => page.keyboard.press("Escape"), () => page.click("dialog >> text=Cancel"), () => page.click("dialog [aria-label=Close]")]) {
    await page.click(".report >> text=Mute");
    await page.waitForSelector("dialog[open]");
    await leave();
    await until(async () => !(await page.$("dialog")));
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Mute");  // the focus comes back
  }
  assert.equal((await reports("open")).length, 1);
  await page.click(".report >> text=Mute");
  await page.click("dialog button.danger");
  await page.waitForSelector("text=No reports");
  assert.equal((await reports("resolved"))[0].decision, "muted");
  assert.equal((await ben("POST", `/videos/${id}/comments`, { content: "x" })).status, 403);
  await page.click(".toast >> text=Undo");
  await until(async () => (await ben("POST", `/videos/${id}/comments`, { content: "y" })).status === 201);
  assert.deepEqual(browser.troubles, []);
  await page.context().close();
});

test("held comments can be approved, others hidden or deleted, and deleting asks first", async () => {
  await say("some spam");
  const page = await browser.open(site);
  await browser.signIn(page, "root");
  await page.goto("/admin#held");
  await page.click(".report >> text=Approve");
  await page.waitForSelector("text=No comments to approve");
  await page.goto(`/v/${id}`);
  const own = page.locator(".comment", { hasText: "some spam" });
  await own.locator("text=Hide").click();
  await own.locator(".chip >> text=Held").waitFor();
  await own.locator(".acts >> text=Delete").click();
  await page.waitForSelector("dialog >> text=cannot be undone");
  await page.keyboard.press("Escape");
  await own.waitFor();
  await own.locator(".acts >> text=Delete").click();
  await page.click("dialog button.danger");
  await until(async () => (await own.count()) === 0);
  assert.deepEqual(browser.troubles, []);
  await page.context().close();
});

test("a comment can be reported on the page, and a moderator can dismiss the report", async () => {
  await say("a harmless remark");
  const carl = await browser.open(site);
  await browser.signIn(carl, "carl");
  await carl.goto(`/v/${id}`);
  await carl.locator(".comment", { hasText: "a harmless remark" }).locator(".acts >> text=Report").click();
  await carl.selectOption("dialog [name=reason]", "spam");
  await carl.fill("dialog [name=text]", "I do not like it");
  assert.equal(await carl.$("dialog [name=contact]"), null);  // the server knows who reports
  await carl.click("dialog button.primary");
  await carl.waitForSelector(".toast >> text=Thank you");
  const page = await browser.open(site);
  await browser.signIn(page, "root");
  await page.goto("/admin#reports");
  const report = page.locator(".report", { hasText: "a harmless remark" });
  await report.locator("text=reported by carl").waitFor();
  await report.locator("text=I do not like it").waitFor();
  await report.locator(`text=${words["decision.dismiss"]}`).click();
  await page.fill("dialog [name=text]", "Not spam");
  await page.click("dialog button.primary");
  await page.waitForSelector("text=No reports");
  await page.check(".segments [value=resolved]");
  await report.locator("text=root").waitFor();
  const decided = (await reports("resolved")).find(one => one.text === "I do not like it");
  assert.equal(decided.decision, "dismissed");
  assert.equal((await (await fetch(`${site.url}/videos/${id}/comments?position=none&limit=100`)).json()).comments.filter(one => one.content === "a harmless remark").length, 1);
  assert.deepEqual(browser.troubles, []);
  for (const one of [carl, page]) await one.context().close();
});

test("a moderator can hide danmaku, and mute their author on the author's page", async () => {
  await say("a rude line", { position_ms: 0 });
  const page = await browser.open(site);
  await browser.signIn(page, "root");
  await page.goto(`/v/${id}`);
  const line = page.locator(".lines li", { hasText: "a rude line" });
  await line.hover();
  await line.locator(".about-line").click();
  await page.click("dialog >> text=Hide");
  await until(async () => (await line.count()) === 0, "the line is gone");
  const guest = await browser.open(site);
  await guest.goto(`/v/${id}`);
  await guest.waitForSelector(".lines li");
  assert.equal(await guest.locator(".lines li", { hasText: "a rude line" }).count(), 0);
  await page.goto("/u/ben");
  await page.click("#profile-actions summary");
  await page.click("#profile-actions >> text=Mute");
  await page.selectOption("dialog [name=days]", "7");
  await page.click("dialog button.danger");
  await page.waitForSelector(".toast >> text=Undo");
  assert.equal((await ben("POST", `/videos/${id}/comments`, { content: "x" })).status, 403);
  await page.click(".toast >> text=Undo");
  await until(async () => (await ben("POST", `/videos/${id}/comments`, { content: "y" })).status === 201);
  assert.deepEqual(browser.troubles, []);
  for (const one of [guest, page]) await one.context().close();
});

test("a video can be blocked and unblocked on its page", async () => {
  const page = await browser.open(site);
  await browser.signIn(page, "root");
  await page.goto(`/v/${id}`);
  await page.click("#actions summary");
  await page.click("#actions >> text=Block");
  await page.fill("dialog [name=reason]", "looked at");
  await page.click("dialog button.danger");
  await page.waitForSelector("#about >> text=looked at");
  assert.equal((await fetch(`${site.url}/v/${id}`)).status, 404);
  await page.click("#actions summary");
  await page.click("#actions >> text=Unblock");
  await until(async () => !(await page.$("#about >> text=looked at")));
  assert.equal((await fetch(`${site.url}/v/${id}`)).status, 200);
  await page.context().close();
});

test("a video that its owner deletes disappears from its page, and can be restored there", async () => {
  const page = await browser.open(site);
  await browser.signIn(page, "ada");
  await page.goto(`/v/${id}`);
  await page.click("#actions summary");
  await page.click("#actions >> text=Delete");
  await page.waitForSelector("#say >> text=was deleted");
  assert.equal(await page.isVisible("#player"), false);
  await page.click("#say >> text=Undo");
  await page.waitForSelector("#player", { state: "visible" });
  await page.context().close();
});

test("a signed-in user with a link to a private video can report it with an address, but not comment on it", async () => {
  await site.ctl("-q", "video", "set", id, "--visibility", "private");
  const ada = await site.as("ada");
  const { url } = await (await ada("POST", `/video/${id}/shares`, { what: "view", expires: new Date(Date.now() + 3600000).toISOString() })).json();
  const page = await browser.open(site);
  await browser.signIn(page, "carl");
  await page.goto(`/v/${id}${url.slice(url.indexOf("?"))}`);
  await page.waitForSelector("#comments >> text=With a signed link");
  assert.equal(await page.$(".say"), null);
  await page.click("#actions summary");
  await page.click("#actions >> text=Report");
  await page.fill("dialog [name=contact]", "carl@example.org");
  await page.click("dialog button.primary");
  await page.waitForSelector("text=Thank you");
  assert.equal((await reports("open")).length, 1);
  assert.deepEqual(browser.troubles, []);
  await page.context().close();
});

test("the watch history is listed in the account, entries can be removed, and nothing is added once it is switched off", async () => {
  await site.ctl("-q", "video", "set", id, "--visibility", "public");
  const carl = await site.as("carl");
  assert.equal((await carl("POST", `/videos/${id}/watch`, { position_ms: 6000 })).status, 200);
  const page = await browser.open(site);
  await browser.signIn(page, "carl");
  await page.goto("/account");
  await page.waitForSelector(".links >> text=A film");
  await page.click("[aria-label='Remove from history: A film']");
  await page.waitForSelector("text=Your watch history is empty.");
  await page.uncheck("label:has-text('Keep a watch history') input");
  await until(async () => (await (await carl("GET", "/user/carl")).json()).history_off === true);
  await page.goto(`/v/${id}`);
  await page.$eval("video", video => { video.muted = true; video.currentTime = 7; return video.play(); });
  await until(() => page.$eval("video", video => video.currentTime > 7.5));
  await page.$eval("video", video => video.pause());
  assert.equal(await page.evaluate(() => localStorage.getItem("positions")), null);
  assert.deepEqual((await (await carl("GET", "/user/carl/history")).json()).history, []);
  await page.context().close();
});
