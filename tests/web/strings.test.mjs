import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";

const web = new URL("../../web/", import.meta.url).pathname;
const textsOf = name => JSON.parse(readFileSync(join(web, "strings", name), "utf8"));
const placesOf = text => [...text.matchAll(/\{(\w+)\}/g)].map(found => found[1]).sort().join();

test("all languages have the same keys with the same placeholders", () => {
  const english = textsOf("en.json"), chinese = textsOf("zh-CN.json");
  assert.deepEqual(Object.keys(chinese), Object.keys(english));
  for (const key in english) assert.equal(placesOf(chinese[key]), placesOf(english[key]), key);
});

test("every key that the pages use exists", () => {
  const english = textsOf("en.json");
  const sources = folder => readdirSync(join(web, folder), { withFileTypes: true }).flatMap(one => one.isDirectory() ? sources(join(folder, one.name)) : [join(folder, one.name)]);
  for (const file of [...sources("src"), ...sources("pages")]) {
    const text = readFileSync(join(web, file), "utf8");
    for (const [, key] of text.matchAll(/(?:\bt\(|\{\{t )"?([a-z][A-Za-z]*(?:\.[A-Za-z0-9]+)*)["}]/g)) assert.ok(key in english, `${file}: ${key}`);
    for (const [, key] of text.matchAll(/\bcount\("([a-zA-Z.]+)"/g)) assert.ok(`${key}.other` in english, `${file}: ${key}.other`);
  }
});

test("the files in web/vendor are those that its README names", () => {
  const readme = readFileSync(join(web, "vendor/README"), "utf8");
  const rows = [...readme.matchAll(/^(\w+\.js) .* ([0-9a-f]{64})$/gm)];
  assert.equal(rows.length, 3);
  for (const [, file, hash] of rows) assert.equal(createHash("sha256").update(readFileSync(join(web, "vendor", file))).digest("hex"), hash, file);
});
