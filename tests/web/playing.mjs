// A page that plays a video with very many danmaku, and what that costs. Tests use it for a minute, tests/bench for longer.

/** Opens `/v/ID`, where `lines` danmaku are spread over `seconds` of the video and at most 120 fly at once. */
export async function openCrowded(browser, site, id, { lines, seconds }) {
  const page = await browser.open(site);
  page.setDefaultTimeout(120000);
  await page.addInitScript(() => localStorage.setItem("danmaku", JSON.stringify({ most: 120, area: 1, size: 0.7, overlap: true })));
  let sent = 0;
  await page.route(/by=position/, route => {
    const n = Math.min(1000, lines - sent);
    const comments = Array.from({ length: n }, (_, at) => ({ id: `line-${sent + at}`, author: "x", content: `line number ${sent + at}`, position_ms: Math.floor((sent + at) * seconds * 1000 / lines) }));
    sent += n;
    return route.fulfill({ json: { comments, next_cursor: sent < lines && n > 0 ? String(sent) : null } });
  });
  await page.goto(`/v/${id}`);
  await page.$eval("video", video => {
    window.passes = 0;
    let last = 0;
    video.addEventListener("timeupdate", () => { if (video.currentTime < last - 5) window.passes++; last = video.currentTime; });
    Object.assign(video, { muted: true, loop: true });
    return video.play();
  });
  return page;
}

/**
 * What the page holds after each of `passes` of its video, garbage collected: bytes of JavaScript, nodes, listeners. In
 * each pass the player is used: a pause, a seek, the settings opened and closed.
 */
export async function memoryOf(page, passes, onSample = () => {}) {
  const tools = await page.context().newCDPSession(page);
  await tools.send("Performance.enable");
  const samples = [];
  for (let n = 0; n < passes; n++) {
    await page.waitForFunction(n => window.passes > n, n);
    for (const key of ["k", "k", "Shift+?", "Escape"]) await page.keyboard.press(key);
    await page.click(".control[aria-label='Danmaku settings']");
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    for (let times = 0; times < 2; times++) await tools.send("HeapProfiler.collectGarbage");
    const metrics = new Map((await tools.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
    samples.push({ heap: metrics.get("JSHeapUsedSize"), nodes: metrics.get("Nodes"), listeners: metrics.get("JSEventListeners") });
    onSample(samples.at(-1));
  }
  return samples;
}

/** The intervals in ms between the frames that Chromium's compositor displayed while `work` ran, in order of size. */
export async function framesOf(page, work) {
  const tools = await page.context().newCDPSession(page);
  const events = [];
  tools.on("Tracing.dataCollected", part => events.push(...part.value));
  const complete = new Promise(resolve => tools.on("Tracing.tracingComplete", resolve));
  await tools.send("Tracing.start", { transferMode: "ReportEvents", categories: "viz" });
  await work();
  await tools.send("Tracing.end");
  await complete;
  const times = events.filter(one => one.name === "Display::FrameDisplayed").map(one => one.ts).sort((a, b) => a - b);
  return times.slice(1).map((time, n) => (time - times[n]) / 1000).sort((a, b) => a - b);
}
