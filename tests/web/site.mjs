// A videod on a data directory of its own, and Debian's Chromium; each test file starts one of both.
import { spawn, execFile, execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, rmSync, writeFileSync, existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const build = process.env.VIDEO_BINARY_DIR;
const require = createRequire(join(process.env.VIDEO_WEB_MODULES, "package.json"));
export const { chromium } = require("playwright-core");
export const axe = require.resolve("axe-core/axe.min.js");
const run = promisify(execFile);

export const password = "correct horse battery";

/** Films of the tests, made once per build: `seconds` of a moving picture, which is a source of ffmpeg, with a tone. */
export function film(seconds, { kind = "mp4", size = "320x180", rate = "400k", source = "testsrc2" } = {}) {
  const folder = join(build, "web-films");
  mkdirSync(folder, { recursive: true });
  const picture = source === "testsrc2" ? "" : `-${source.split("=")[0]}`;
  const path = join(folder, `${seconds}-${size}-${rate}${picture}.${kind}`);
  if (!existsSync(path)) {
    const codecs = kind === "mp4" ? ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart"] : ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libvorbis"];
    execFileSync("ffmpeg", ["-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", `${source}${source.includes("=") ? ":" : "="}size=${size}:rate=24:duration=${seconds}`, "-f", "lavfi", "-i", `sine=frequency=300:duration=${seconds}`, ...codecs, "-b:v", rate, `${path}.part.${kind}`]);
    execFileSync("mv", [`${path}.part.${kind}`, path]);
  }
  return path;
}

/** Waits until `look` gives something true; throws after 20 seconds. */
export async function until(look, what = String(look)) {
  for (const end = Date.now() + 20000; Date.now() < end;) {
    const found = await look();
    if (found) return found;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`never happened: ${what}`);
}

export class Site {
  static async start(settings = "") {
    const site = new Site();
    site.data = mkdtempSync(join(tmpdir(), "videod-web-"));
    writeFileSync(join(site.data, "videod.toml"), `[access]\npassword_memlimit = "8KiB"\npassword_opslimit = 1\nregistrations_per_hour = 0\ncomments_per_minute = 0\nlogin_attempts = 1000\n[storage]\nfree_space_floor = 0\n${settings}`);
    site.folder = join(site.data, "data");
    site.password = join(site.data, "password");
    writeFileSync(site.password, password, { mode: 0o600 });
    await site.run();
    return site;
  }
  async run(listen = "127.0.0.1:0") {
    this.log = "";
    this.daemon = spawn(join(build, "videod"), ["--config", join(this.data, "videod.toml"), "--data-dir", this.folder, "--listen", listen], { stdio: ["ignore", "ignore", "pipe"] });
    this.daemon.stderr.on("data", text => { this.log += text; });
    this.ended = new Promise(resolve => this.daemon.on("exit", resolve));
    await until(() => this.log.includes("msg=ready") || this.daemon.exitCode !== null, "videod is ready");
    if (this.daemon.exitCode !== null) throw new Error(this.log);
    this.url = `http://${/msg=listening address=(\S+)/.exec(this.log)[1]}`;
  }
  async halt() {
    this.daemon.kill("SIGTERM");
    await this.ended;
  }
  async stop() {
    await this.halt();
    rmSync(this.data, { recursive: true, force: true });
  }
  async ctl(...words) {
    const { stdout } = await run(join(build, "videoctl"), ["--data-dir", this.folder, ...words]);
    return stdout.trim();
  }
  addUser(name, ...more) { return this.ctl("-q", "user", "add", name, "--password-file", this.password, ...more); }
  upload(user, file, name) { return this.ctl("-o", "id", "video", "upload", file, "--user", user, "--name", name); }
  /** A request of the API as a user, signed in anew. */
  async as(user) {
    const { session_id: session } = await (await fetch(`${this.url}/user/${user}`, { method: "POST", body: JSON.stringify({ pwd: password }) })).json();
    const ask = (method, path, body) => fetch(this.url + path, { method, headers: { "X-Session-Id": session }, body: typeof body === "string" ? body : body && JSON.stringify(body) });
    return Object.assign(ask, { session });
  }
  async features() {
    const text = await (await fetch(`${this.url}/`)).text();
    return new Set(/data-features="([^"]*)"/.exec(text)[1].split(" "));
  }
}

/** The browser, and a note of everything that must not happen in it. */
export class Browser {
  static async start() {
    const browser = new Browser();
    browser.program = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"] });
    browser.troubles = [];
    return browser;
  }
  async open(site, { width = 1280, height = 800, theme = "light", lang = "en", ...more } = {}) {
    const context = await this.program.newContext({ baseURL: site.url, viewport: { width, height }, colorScheme: theme, locale: lang, ...more });
    await context.exposeBinding("noteViolation", (_, text) => this.troubles.push(`CSP: ${text}`));
    await context.addInitScript(() => document.addEventListener("securitypolicyviolation", event => window.noteViolation(`${event.violatedDirective} ${event.blockedURI} ${location.pathname}`)));
    const page = await context.newPage();
    page.expected = [];
    page.on("console", message => { if (["error", "warning"].includes(message.type()) && !page.expected.some(one => message.text().includes(one))) this.troubles.push(`console: ${message.text()} at ${page.url()}`); });
    page.on("pageerror", error => this.troubles.push(`error: ${error.stack} at ${page.url()}`));
    page.on("dialog", dialog => { this.troubles.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.setDefaultTimeout(20000);
    return page;
  }
  async signIn(page, name) {
    await page.goto("/signin");
    await page.fill("#name", name);
    await page.fill("#pwd", password);
    await page.click("form[action='/signin'] button");
    await page.waitForURL("**/userhome");
  }
  stop() { return this.program.close(); }
}
