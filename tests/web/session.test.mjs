// Sessions that end, or would end, while a page is open.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, Site, film, password, until, words } from "./site.mjs";

let site, browser, id;
before(async () => {
  site = await Site.start("[session]\nttl = \"12s\"\n");
  browser = await Browser.start();
  await site.addUser("ada");
  id = await site.upload("ada", film(30), "Half a minute");
});
after(async () => {
  await browser?.stop();
  await site?.stop();
});

test("neither the session nor the cookie expires while a video plays", async () => {
  const page = await browser.open(site);
  await browser.signIn(page, "ada");
  await page.goto(`/v/${id}`);
  await page.$eval("video", video => { video.muted = true; return video.play(); });
  await page.waitForFunction(() => document.querySelector("video").currentTime > 20, null, { timeout: 60000 });
  await page.fill(".comment-form textarea", "Still here");
  await page.click(".comment-form >> text=Comment");
  await page.waitForSelector(".comment >> text=Still here");
  assert.deepEqual(browser.troubles, []);
  await page.context().close();
});

test("an expired session leaves the page as it is, and what was typed can be sent after signing in again", async () => {
  const page = await browser.open(site);
  page.expected.push("401");
  await browser.signIn(page, "ada");
  await page.goto(`/v/${id}`);
  await page.$eval("video", video => { video.muted = true; return video.play(); });
  await until(() => page.$eval("video", video => video.currentTime > 1));
  await page.fill(".comment-form textarea", "A long text");
  const ada = await site.as("ada");
  assert.equal((await ada("DELETE", "/user/ada/sessions")).status, 204);
  const pinged = page.waitForResponse(response => response.url().includes("/watch") && response.request().method() === "POST");
  await page.$eval("video", video => video.pause());
  await pinged;
  await page.click(".comment-form >> text=Comment");
  await page.waitForSelector(".comment-form [role=alert] >> text=Sign in");
  assert.equal(new URL(page.url()).pathname, `/v/${id}`);
  assert.equal(await page.inputValue(".comment-form textarea"), "A long text");
  const other = await page.context().newPage();
  await browser.signIn(other, "ada");
  await other.close();
  await page.click(".comment-form >> text=Comment");
  await page.waitForSelector(".comment >> text=A long text");
  assert.deepEqual(browser.troubles, []);
});

test("a new password is refused with a wrong old one, and the page counts the tokens that stay valid", async () => {
  await site.addUser("carl");
  const carl = await site.as("carl");
  const page = await browser.open(site);
  page.expected.push("403");
  await browser.signIn(page, "carl");
  await page.goto("/account");
  const change = async (old, next) => {
    await page.fill("[name=old]", old);
    await page.fill("[name=new]", next);
    await page.click(`button >> text=${words["account.password.button"]}`);
  };
  await change("wrong", "another long one");
  await page.waitForSelector(`[role=alert] >> text=${words["problem.oldPassword"]}`);
  await change(password, "another long one");
  await page.waitForSelector(`.toast >> text=/^${words["account.password.done"]}$/`);
  assert.equal((await carl("GET", "/user/carl/tokens")).status, 401);  // another session, which has ended
  const again = await page.evaluate(() => fetch("/user/carl/tokens", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ label: "backup", scope: "read" }) }).then(reply => reply.status));
  assert.equal(again, 201);
  await change("another long one", "yet another long one");
  await page.waitForSelector(`.toast >> text=${words["account.password.tokens.one"].replace("{n}", "1")}`);
  assert.deepEqual(browser.troubles, []);
  await page.context().close();
});
