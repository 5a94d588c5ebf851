// A site with what a real one has: people, videos, comments, danmaku, reports, things that are held, queued or deleted.
import { readFileSync } from "node:fs";
import { Site, axe, film } from "./site.mjs";

/** `id` is the video with most about it; `shared` the query of a signed link to it; `drop` the path of a drop link. */
export async function furnish() {
  const site = await Site.start("[web]\nname = \"Harbour\"\ncontact = \"mailto:hello@harbour.example\"\nimprint = \"https://harbour.example/imprint\"\nterms = \"https://harbour.example/terms\"\nprivacy = \"https://harbour.example/privacy\"\n[moderation]\nwords = [\"cheap\"]\n");
  for (const name of ["anna", "ben", "carl"]) await site.addUser(name);
  await site.addUser("root", "--role", "admin");
  await site.ctl("-q", "user", "set", "anna", "--display-name", "Anna 安娜", "--quota", "20MB");
  const videos = [
    ["anna", 12, "A walk around the lake in early autumn"], ["anna", 13, "三体 第一集：红岸基地"], ["ben", 14, "How to sharpen a chisel, slowly and properly"], ["anna", 15, "Night trains"],
    ["ben", 16, "在北方小城度过的漫长冬天里，一家人围着火炉包饺子、讲故事、等待第一场雪融化的全部过程"], ["ben", 17, "Supercalifragilisticexpialidocious_recording_2026-08-14_final_version_3"],
  ];
  let id;
  for (const [user, seconds, name] of videos) {
    const made = await site.upload(user, film(seconds, { size: "640x360", source: `gradients=n=4:seed=${seconds}:speed=0.02` }), name);
    id ??= made;
  }
  await site.ctl("-q", "video", "set", id, "--tags", "lake,autumn", "--description", "Filmed on two mornings.\n0:00 The jetty\n0:05 Mist over the water\n0:09 Back home");
  const [anna, ben, carl] = await Promise.all(["anna", "ben", "carl"].map(name => site.as(name)));
  await anna("PUT", `/videos/${id}/subtitles/en?label=English`, "WEBVTT\n\n00:00.000 --> 00:05.000\nGood morning from the lake.\n");
  const lines = ["so calm here", "那只鹭！", "beautiful light", "前方高能", "is that fog?", "太美了", "what a morning"];
  for (let n = 0; n < 30; n++) await ben("POST", `/videos/${id}/comments`, { content: lines[n % lines.length], position_ms: n * 300 });
  const comment = await (await ben("POST", `/videos/${id}/comments`, { content: "Which camera is this? The colours at 0:05 are lovely." })).json();
  await anna("POST", `/videos/${id}/comments`, { content: "一台很旧的相机，镜头是从跳蚤市场买来的；早上的光线每隔几分钟就会变一次，所以大多数画面都是在等待中拍到的。", parent_id: comment.id });
  await carl("POST", `/videos/${id}/comments`, { content: `https://maps.example/${"the-long-way-round-the-lake-".repeat(6)}` });
  await carl("POST", `/videos/${id}/comments`, { content: "Buy cheap watches" });
  await ben("POST", `/videos/${id}/reports`, { reason: "copyright", text: "I filmed this." });
  await carl("POST", `/videos/${id}/comments/${comment.id}/reports`, { reason: "spam" });
  for (const n of [1, 2]) await anna("POST", "/user/anna/tokens", { label: `nightly ${n}`, scope: "read" });
  const deleted = await site.upload("anna", film(12), "An old version");
  await anna("DELETE", `/video/${deleted}`);
  const expires = new Date(Date.now() + 3600000).toISOString();
  const linkOf = async (path, wanted) => new URL((await (await anna("POST", path, { expires, ...wanted })).json()).url, site.url);
  const shared = (await linkOf(`/video/${id}/shares`, { what: "view", label: "for the family" })).search;
  const dropped = await linkOf("/user/anna/shares", { what: "drop", max_files: 3 });
  return { site, id, shared, drop: dropped.pathname + dropped.search };
}

const checker = readFileSync(axe, "utf8");
/** What axe finds wrong on a page, if it is serious; each begins with `where`. */
export async function faults(page, where) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(checker);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"], rules: { "video-caption": { enabled: false } } }));
  return found.violations.filter(one => ["serious", "critical"].includes(one.impact)).flatMap(one => one.nodes.slice(0, 3).map(node => `${where}: ${one.id}: ${node.target} ${node.failureSummary}`));
}
