// A site's own pages, in `web.root`: the calls of the original site's front end with the jQuery that it used,
// and the real DPlayer.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser, Site, film, password, until } from "./site.mjs";

const modules = join(process.env.VIDEO_WEB_MODULES, "node_modules");
let root, site, browser;
before(async () => {
  root = mkdtempSync(join(tmpdir(), "videod-pages-"));
  mkdirSync(join(root, "scripts"));
  copyFileSync(join(modules, "jquery/dist/jquery.min.js"), join(root, "scripts/jquery.js"));
  copyFileSync(join(modules, "dplayer/dist/DPlayer.min.js"), join(root, "scripts/dplayer.js"));
  writeFileSync(join(root, "home.html"), `<!DOCTYPE html><title>Home</title><link rel="icon" href="data:,"><h1>Home</h1><script src="/statics/scripts/jquery.js"></script>`);
  writeFileSync(join(root, "userhome.html"), `<!DOCTYPE html><title>Mine</title><link rel="icon" href="data:,"><h1>Mine</h1><script src="/statics/scripts/jquery.js"></script>`);
  writeFileSync(join(root, "player.html"), `<!DOCTYPE html><title>Player</title><link rel="icon" href="data:,"><div id="player"></div><script src="/statics/scripts/dplayer.js"></script>
<script>const id = location.hash.slice(1);
window.player = new DPlayer({ container: document.getElementById("player"), mutex: false, video: { url: "/videos/" + id, type: "normal" }, danmaku: { id, api: "/danmaku/" } });</script>`);
  site = await Site.start(`[web]\nroot = "${root}"\n`);
  browser = await Browser.start();
});
after(async () => {
  await browser?.stop();
  await site?.stop();
  if (root) rmSync(root, { recursive: true, force: true });
});

// A request in the original's envelope, sent with jQuery as its home.js sends it.
const call = (page, session, wanted) => page.evaluate(({ session, wanted }) => new Promise(resolve => {
  $.ajax({ url: `http://${location.host}/api`, type: "post", headers: { "X-Session-Id": session }, data: JSON.stringify(wanted),
    complete: (xhr, status) => resolve({ status: xhr.status, type: xhr.getResponseHeader("Content-Type"), text: xhr.responseText, isText: typeof xhr.responseText === "string", how: status }) });
}), { session, wanted });

test("the original's front end works: register, sign in, upload, list, play, comment, delete", async () => {
  const page = await browser.open(site);
  await page.goto("/");
  assert.equal(await page.title(), "Home");
  const at = path => `http://video.example:8000${path}`;
  const api = (session, method, path, body) => call(page, session, { url: at(path), method, ...(body === undefined ? {} : { req_body: JSON.stringify(body) }) });

  const registered = await api("", "POST", "/user", { user_name: "anna", pwd: password });
  assert.equal(registered.status, 201);
  assert.equal(registered.type, "text/plain; charset=utf-8");
  assert.ok(JSON.parse(registered.text).session_id);
  const session = JSON.parse((await api("", "POST", "/user/anna", { user_name: "anna", pwd: password })).text).session_id;
  assert.equal((await api("", "POST", "/user/anna", { user_name: "anna", pwd: "wrong" })).status, 401);
  const user = JSON.parse((await api(session, "GET", "/user/anna")).text);
  assert.equal(user.user_name, "anna");
  assert.equal(typeof user.id, "number");  // which home.js sends as author_id
  assert.deepEqual(JSON.parse((await api(session, "GET", "/user/anna/videos", "")).text).videos, []);
  const made = await api(session, "POST", "/user/anna/videos", { author_id: user.id, name: "a film" });
  assert.equal(made.status, 201);
  const { id } = JSON.parse(made.text);

  const bytes = [...(await import("node:fs")).readFileSync(film(3))];
  const uploaded = await page.evaluate(async ({ id, session, bytes }) => {
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(bytes)]), "film.mp4");
    return new Promise(resolve => $.ajax({ url: `http://${location.host}/upload/${id}`, type: "POST", data: form, headers: { "X-Session-Id": session }, processData: false, contentType: false, complete: xhr => resolve({ status: xhr.status, text: xhr.responseText }) }));
  }, { id, session, bytes });
  assert.deepEqual(uploaded, { status: 201, text: "Uploaded successfully" });
  const { videos } = JSON.parse((await api(session, "GET", "/user/anna/videos", "")).text);
  assert.deepEqual(videos.map(one => [one.id, one.name]), [[id, "a film"]]);
  assert.ok(videos[0].display_ctime);

  assert.deepEqual(JSON.parse((await api(session, "GET", `/videos/${id}/comments`, "")).text).comments, []);
  const commented = await api(session, "POST", `/videos/${id}/comments`, { author_id: user.id, content: "hello" });
  assert.deepEqual([commented.status, commented.text], [201, "ok"]);
  const { comments } = JSON.parse((await api(session, "GET", `/videos/${id}/comments`, "")).text);
  assert.deepEqual(comments.map(one => [one.author, one.content]), [["anna", "hello"]]);

  await page.evaluate(id => { document.body.innerHTML = `<video src="/videos/${id}" muted>`; return document.querySelector("video").play(); }, id);
  await page.waitForFunction(() => document.querySelector("video").currentTime > 0.3);

  const deleted = await api(session, "DELETE", `/user/anna/videos/${id}`, "");
  assert.deepEqual([deleted.status, deleted.text], [204, ""]);
  assert.deepEqual(JSON.parse((await api(session, "GET", "/user/anna/videos", "")).text).videos, []);
  assert.deepEqual(browser.troubles.splice(0).filter(one => !one.includes("401")), []);
});

test("an envelope reaches only this site's API, and anything but an envelope is refused", async () => {
  const post = body => fetch(`${site.url}/api`, { method: "POST", body, headers: { "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8" } });
  const wrapped = async wanted => {
    const answer = await post(JSON.stringify(wanted));
    return [answer.status, answer.headers.get("content-type"), await answer.text()];
  };
  const text = "text/plain; charset=utf-8";
  assert.deepEqual(await wrapped({ url: "http://127.0.0.1:1/newest", method: "GET" }), [200, text, `{"videos":[],"next_cursor":null}`]);
  assert.deepEqual(await wrapped({ url: "/newest", method: "PATCH" }), [400, text, "Bad api request"]);
  for (const [wanted, status] of [[{ url: "http://x/nothing", method: "GET" }, 404], [{ url: "http://x:8000/user/", method: "GET" }, 400], [{ url: "/api", method: "POST", req_body: "{}" }, 404], [{ url: "/metrics", method: "GET" }, 401], [{ url: "/a b", method: "GET" }, 400], [{ method: "GET" }, 400], [[], 400]]) {
    const [got, type] = await wrapped(wanted);
    assert.deepEqual([JSON.stringify(wanted), got, type], [JSON.stringify(wanted), status, text]);
  }
  assert.equal((await post("no JSON")).status, 400);
  assert.equal((await post("")).status, 400);
  assert.equal((await fetch(`${site.url}/api`)).status, 404);  // only POST is the API's; GET asks for a file of that name
});

test("a session in the header takes precedence over any cookie, and the reply has one request ID", async () => {
  await site.addUser("cleo");
  const post = (headers, wanted) => fetch(`${site.url}/api`, { method: "POST", headers: { Origin: site.url, ...headers }, body: JSON.stringify(wanted) });
  const signIn = { url: "http://x/user/cleo", method: "POST", req_body: JSON.stringify({ user_name: "cleo", pwd: password }) };
  const answer = await post({ Cookie: "session=ended" }, signIn);
  assert.equal(answer.status, 200);
  const { session_id: session } = await answer.json();
  const me = await post({ Cookie: "session=ended", "X-Session-Id": session }, { url: "/user/cleo", method: "GET" });
  assert.deepEqual([me.status, (await me.json()).user_name], [200, "cleo"]);
  const missing = await post({ "X-Request-Id": "mine" }, { url: "/nothing", method: "GET" });
  assert.equal(missing.headers.get("x-request-id"), "mine");
});

test("pages redirect by the original's cookies, and only files of the folder are served", async () => {
  const get = (path, headers = {}, method = "GET") => fetch(site.url + path, { method, headers, redirect: "manual" });
  const both = { Cookie: "username=anna; session=x" };
  assert.deepEqual([(await get("/", both)).status, (await get("/", both)).headers.get("location")], [302, "/userhome"]);
  assert.deepEqual([(await get("/userhome")).status, (await get("/userhome")).headers.get("location")], [302, "/"]);
  assert.equal((await get("/userhome", both)).status, 200);
  assert.equal((await get("/", {}, "POST")).status, 200);
  const script = await get("/statics/scripts/jquery.js");
  assert.deepEqual([script.status, script.headers.get("content-type"), script.headers.get("content-security-policy")], [200, "text/javascript; charset=utf-8", null]);
  assert.equal((await get("/statics/scripts/jquery.js", { "If-None-Match": script.headers.get("etag") })).status, 304);
  for (const path of ["/statics/../videod.toml", "/statics/%2e%2e/videod.toml", "/statics/..%2fvideod.toml", "/statics/.hidden", "/statics/scripts", "/nothing.html"]) assert.equal((await get(path)).status, 404, path);
  for (const path of ["/nothing", "/a/b", "/films/x.html", "/statics/", "/statics", "/statics/a/b"]) {
    const page = await get(path, { Accept: "text/html,application/xhtml+xml" });
    assert.deepEqual([path, page.status, page.headers.get("content-type")], [path, 404, "text/html; charset=utf-8"]);
    assert.equal((await get(path, { Accept: "text/html;q=0" })).headers.get("content-type"), "application/json; charset=utf-8");
  }
  assert.equal((await get("/nothing")).headers.get("content-type"), "application/json; charset=utf-8");
});

test("the real DPlayer shows danmaku and posts some", async () => {
  await site.addUser("ben").catch(() => {});
  const id = await site.upload("ben", film(12), "for DPlayer");
  const ben = await site.as("ben");
  for (const [content, position_ms, mode] of [["scrolls", 300, "scroll"], ["on top", 400, "top"]]) await ben("POST", `/videos/${id}/comments`, { content, position_ms, mode, color: 0xff0000 });
  const page = await browser.open(site);
  const { session_id: session } = await (await fetch(`${site.url}/user/ben`, { method: "POST", body: JSON.stringify({ pwd: password }) })).json();
  await page.context().addCookies([{ name: "session", value: session, url: site.url }]);
  await page.goto(`/player.html#${id}`);
  await page.waitForFunction(() => window.player.danmaku.dan?.length === 2);
  assert.deepEqual(await page.evaluate(() => window.player.danmaku.dan.map(one => [one.time, one.type, one.color, one.author, one.text])), [[0.3, 0, 0xff0000, "ben", "scrolls"], [0.4, 1, 0xff0000, "ben", "on top"]]);
  const markup = `<img src=x onerror="window.hit = 1">`;
  await ben("POST", `/videos/${id}/comments`, { content: markup, position_ms: 500, mode: "scroll" });
  await page.reload();
  await page.waitForFunction(() => window.player.danmaku.dan?.length === 3);
  await page.evaluate(() => { window.player.video.muted = true; return window.player.play(); });
  await page.waitForFunction(() => [...document.querySelectorAll(".dplayer-danmaku-item")].some(one => one.textContent.includes("scrolls")));
  await page.waitForFunction(text => [...document.querySelectorAll(".dplayer-danmaku-item")].some(one => one.textContent.includes(text)), markup);
  assert.equal(await page.evaluate(() => window.hit), undefined);
  await page.evaluate(() => new Promise(resolve => window.player.danmaku.send({ text: "from DPlayer", color: 255, type: 2 }, resolve)));
  const { comments } = await (await fetch(`${site.url}/videos/${id}/comments?by=position`)).json();
  const sent = comments.find(one => one.content === "from DPlayer");
  assert.deepEqual([sent.author, sent.mode, sent.color], ["ben", "bottom", 255]);
  await until(() => true);
  browser.troubles.splice(0);
});
