import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, Site, film, until } from "./site.mjs";

const corpus = [
  "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'\"><svg/onload=alert(1)>", "javascript:alert(1)", "</title><script>alert(1)</script>", "{{constructor.constructor('alert(1)')()}}",
  "<iframe srcdoc='<script>alert(1)</script>'></iframe>", "<a href=javascript:alert(1)>x</a>", "</script><script>alert(1)</script>", "<!--<script>alert(1)</script>-->", "\u202ecod.exe", "&lt;script&gt;alert(1)&lt;/script&gt;", "${alert(1)}", "<c.x onclick=alert(1)>a class</c>", "<v <img src=x onerror=alert(1)>>a voice</v>", "<ruby>a<rt><img src=x onerror=alert(1)></rt></ruby>", "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">",
];
let site, browser, id;
before(async () => {
  site = await Site.start();
  browser = await Browser.start();
  for (const name of ["anna", "ben"]) await site.addUser(name);
  await site.addUser("root", "--role", "admin");
  id = await site.upload("anna", film(12), "x");
});
after(async () => {
  await browser?.stop();
  await site?.stop();
});

test("markup that users enter stays text: in names, descriptions, comments, tags, reports and file names", async () => {
  const anna = await site.as("anna");
  for (const text of corpus) {
    await anna("PATCH", `/video/${id}`, { name: text, description: `${text}\n0:01 ${text}`, tags: [text.replaceAll(",", "").slice(0, 50)] });
    await anna("PATCH", "/user/anna", { display_name: text.slice(0, 64) });
    await anna("POST", `/videos/${id}/comments`, { content: text });
    await anna("POST", `/videos/${id}/comments`, { content: text, position_ms: 200 });
    await anna("POST", `/videos/${id}/reports`, { reason: "other", text });
    const cue = `WEBVTT\n\n00:00.000 --> 00:10.000\n${text.replaceAll("-->", "->")}\n`;
    await anna("PUT", `/videos/${id}/subtitles/en?label=${encodeURIComponent(text.slice(0, 100))}`, cue);
    const page = await browser.open(site);
    await page.goto(`/v/${id}`);
    await page.waitForSelector(".comment .text");
    assert.equal(await page.textContent("h1"), text);
    assert.equal(await page.textContent(".comment .text"), text);
    await page.$eval("video", video => { video.muted = true; return video.play(); });
    await page.waitForSelector(".danmaku span");
    assert.ok((await page.$$eval(".lines button", all => all.map(one => one.textContent))).includes(text));
    await page.click("h1");
    await page.keyboard.press("c");
    await until(() => page.$eval("video", video => video.textTracks[0]?.mode === "showing" && video.textTracks[0].cues?.length === 1), "the subtitles show");
    await page.click(".control[aria-label=Subtitles]");
    assert.equal(await page.textContent(".popup .choice:nth-child(2)"), text.slice(0, 100));
    assert.equal(await page.evaluate(() => document.querySelectorAll("main img:not([src^='/']), main iframe, main svg[onload], main math").length), 0);
    for (const path of ["/", "/u/anna", `/embed/${id}`]) {
      await page.goto(path);
      await page.waitForLoadState("networkidle");
    }
    await page.context().close();
  }
  const own = await browser.open(site);
  await browser.signIn(own, "anna");
  await own.waitForSelector(".mine h3");
  await own.setInputFiles("input[type=file][multiple]", { name: "<img src=x onerror=alert(1)>.mp4", mimeType: "video/mp4", buffer: Buffer.from("no film") });
  own.expected.push("415");
  await own.waitForSelector("li[data-state=failed] >> text=<img src=x onerror=alert(1)>.mp4");
  const staff = await browser.open(site);
  await browser.signIn(staff, "root");
  await staff.goto("/admin#reports");
  await staff.waitForSelector(".report");
  assert.deepEqual(browser.troubles, []);
});

test("users cannot change what belongs to others", async () => {
  const anna = await site.as("anna");
  const name = Buffer.from("half").toString("base64");
  const begun = await fetch(`${site.url}/uploads`, { method: "POST", headers: { "X-Session-Id": anna.session, "Tus-Resumable": "1.0.0", "Upload-Length": "1000", "Upload-Metadata": `name ${name}` } });
  assert.equal(begun.status, 201);
  const upload = new URL(begun.headers.get("location"), site.url).pathname;
  const page = await browser.open(site);
  await browser.signIn(page, "ben");
  await page.goto(`/v/${id}`);
  assert.equal(await page.$("#actions >> text=Edit"), null);
  const statuses = await page.evaluate(async ({ video, upload }) => {
    const ask = async (method, path, body) => (await fetch(path, { method, body: body && JSON.stringify(body) })).status;
    const comment = (await (await fetch(`/videos/${video}/comments`)).json()).comments[0];
    return [await ask("PATCH", `/video/${video}`, { name: "mine now" }), await ask("DELETE", `/video/${video}`), await ask("GET", `/video/${video}/shares`), await ask("DELETE", `/videos/${video}/comments/${comment.id}`),
      await ask("GET", "/user/anna"), await ask("PATCH", "/user/anna", { display_name: "x" }), await ask("POST", "/user/anna/videos", { name: "x" }), await ask("GET", "/user"), await ask("POST", `/video/${video}/block`, { reason: "x" }),
      await ask("GET", "/user/anna/history"), await ask("DELETE", "/user/anna/history"), await ask("DELETE", `/videos/${video}/subtitles/en`), await ask("POST", `/video/${video}/strip-location`), await ask("GET", upload),
      ...await Promise.all(["HEAD", "DELETE", "PATCH"].map(async method => (await fetch(upload, { method, headers: { "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream" }, body: method === "PATCH" ? "x" : undefined })).status))];
  }, { video: id, upload });
  assert.ok(statuses.every(status => status === 403 || status === 404), String(statuses));
  page.expected.push("403");
  assert.equal((await page.goto("/admin")).status(), 403);
});

test("a page of another site cannot sign anybody in or out, or register them", async () => {
  for (const path of ["/signin", "/signout", "/register"]) {
    const cross = await fetch(site.url + path, { method: "POST", redirect: "manual", headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" }, body: "user_name=anna&pwd=correct+horse+battery" });
    assert.equal(cross.status, 403, path);
    assert.equal(cross.headers.get("set-cookie"), null);
  }
});

test("after signing in, the browser goes only to pages of this site", async () => {
  for (const next of ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)", "/\tevil", "/v/1\r\nX: y"]) {
    const answer = await fetch(`${site.url}/signin`, { method: "POST", redirect: "manual", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({ user_name: "anna", pwd: "correct horse battery", next }) });
    assert.equal(answer.status, 303);
    assert.equal(answer.headers.get("location"), "/userhome");
  }
});
