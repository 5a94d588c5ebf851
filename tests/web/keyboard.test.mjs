// The whole story with the keyboard alone: no pointer touches the page, and the focus shows wherever it is.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, Site, film, password, until, words } from "./site.mjs";

let site, browser;
before(async () => {
  site = await Site.start();
  browser = await Browser.start();
});
after(async () => {
  await browser?.stop();
  await site?.stop();
});

test("a person registers, uploads, edits, watches, comments, deletes, takes that back and signs out by keyboard", async () => {
  const page = await browser.open(site);
  const has = selector => page.evaluate(wanted => Boolean(document.activeElement?.matches(wanted)), selector);
  // Goes on with Tab until the focus is there, and looks at whether it shows.
  const reach = async (selector, key = "Tab") => {
    for (let n = 0; n < 90 && !(await has(selector)); n++) await page.keyboard.press(key);
    assert.ok(await has(selector), `${selector} cannot be reached at ${page.url()}`);
    const shows = await page.evaluate(() => {
      const of = element => getComputedStyle(element).outlineStyle !== "none";
      const here = document.activeElement;
      // A radio of Segments shows its focus on the text, a card on its link's frame.
      return of(here) || (here.nextElementSibling && of(here.nextElementSibling)) || getComputedStyle(here, "::after").outlineStyle !== "none";
    });
    assert.ok(shows, `the focus on ${selector} does not show`);
  };
  const press = async (selector, key = "Enter") => {
    await reach(selector);
    await page.keyboard.press(key);
  };
  const first = ".mine > li:first-child";

  page.on("filechooser", chooser => chooser.setFiles(film(12)));
  await page.goto("/");
  await reach(".skip");
  await press(".account a[href$='#register']");
  await page.waitForURL("**/signin#register");
  await reach("#new-name");
  await page.keyboard.type("ada");
  await reach("#new-pwd");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/userhome");

  await page.waitForSelector(".drop");
  await press(".drop .button.primary");
  await page.waitForSelector("li[data-state=done]");
  await page.waitForSelector(`${first} h3 a`);

  await press(`${first} .actions .button:nth-of-type(2)`);
  await page.waitForSelector("dialog[open]");
  await reach("dialog [name=name]");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("By keyboard");
  await reach("dialog [name=visibility]");
  await page.keyboard.press("ArrowDown");
  await reach("#edit-about", "Shift+Tab");
  await page.keyboard.press("ArrowRight");
  assert.ok(await has("#edit-subtitles"));
  await page.keyboard.press("ArrowLeft");
  await press("dialog .button.primary");
  await page.waitForSelector(`${first} h3 >> text=By keyboard`);
  assert.ok(await has(`${first} .actions .button:nth-of-type(2)`), "the dialog gives the focus back");
  assert.equal(await page.textContent(`${first} .chip`), words["visibility.unlisted"]);

  await reach(`${first} h3 a`, "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/v/*");
  await press(".big-play");
  await until(() => page.$eval("video", video => !video.paused));
  await reach(".seek input");
  const before = await page.$eval("video", video => video.currentTime);
  await page.keyboard.press("ArrowRight");
  await until(() => page.$eval("video", (video, before) => video.currentTime >= before + 4.5, before));
  await press(".control[aria-label^='Speed']");
  await until(() => has(".popup [aria-checked=true]"));
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await until(() => page.$eval("video", video => video.playbackRate === 0.75));
  await press(".say summary");
  await reach(".say-menu .segments input");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Escape");
  await reach(".say input[type=text]");
  await page.keyboard.type("A line");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".lines >> text=A line");
  await reach(".comment-form textarea");
  await page.keyboard.type("A comment");
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector(".comment >> text=A comment");
  await press(".comment .acts button");
  await until(() => has(".comment .comment-form textarea"));
  await page.keyboard.type("A reply");
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector(".replies >> text=A reply");

  await page.goto("/userhome");
  await page.waitForSelector(`${first} h3 a`);
  await press(`${first} summary`);
  await press(`${first} .menu-list .danger`);
  await page.waitForSelector(".toast button");
  await press(".toast button");
  await page.waitForSelector(`${first} h3 >> text=By keyboard`);
  await page.goto("/account");
  await press(".header summary");
  await press(".header form button");
  await page.waitForURL("**/");
  assert.equal(await page.getAttribute("html", "data-user"), "");
  assert.deepEqual(browser.troubles, []);
});
