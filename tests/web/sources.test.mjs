// Checks of the pages' sources that need no browser.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const web = new URL("../../web/", import.meta.url).pathname;
const filesOf = folder => readdirSync(join(web, folder), { withFileTypes: true }).flatMap(one => one.isDirectory() ? filesOf(join(folder, one.name)) : [join(folder, one.name)]);
const textOf = file => readFileSync(join(web, file), "utf8");

test("a module imports only what it uses", () => {
  const unused = [];
  for (const file of filesOf("src")) {
    const text = textOf(file);
    for (const [whole, names] of text.matchAll(/^import \{([^}]*)\} from .*$/gm))
      for (const name of names.split(",").map(one => one.trim().split(" as ").pop()))
        if (!new RegExp(`(?<![\\w.$-])${name}(?![\\w-])`).test(text.replaceAll(whole, ""))) unused.push(`${file}: ${name}`);
  }
  assert.deepEqual(unused, []);
});

test("everything that a module exports is used by another, or by its tests", () => {
  const sources = filesOf("src").map(textOf).join("\n") + readdirSync(new URL(".", import.meta.url)).map(name => name.endsWith(".mjs") ? readFileSync(new URL(name, import.meta.url), "utf8") : "").join("\n");
  const unused = [];
  for (const file of filesOf("src"))
    for (const [, name] of textOf(file).matchAll(/^export (?:async )?(?:const|function|class) (\w+)/gm))
      if ((sources.match(new RegExp(`\\b${name}\\b`, "g")) || []).length < 2) unused.push(`${file}: ${name}`);
  assert.deepEqual(unused, []);
});

test("no input of a form uses value or checked, which would undo typing when the page is drawn again", () => {
  for (const file of filesOf("src")) {
    for (const [form] of textOf(file).matchAll(/<\$\{Form\}[\s\S]*?<\/\$\{Form\}>/g))
      for (const [input] of form.matchAll(/<(?:input|textarea)\b(?:\$\{(?:[^{}]|\{[^{}]*\})*\}|[^>$])*>/g))
        assert.ok(!/type="hidden"|type="radio"/.test(input) ? !/ (?:value|checked)=/.test(input) : true, `${file}: ${input}`);
  }
});

test("colors that are repeated in several places are the same", () => {
  const tokens = textOf("style/tokens.css");
  const rulesOf = start => tokens.slice(tokens.indexOf(start)).match(/--[\w-]+: [^;]+;/g).slice(0, 18);
  assert.deepEqual(rulesOf('[data-theme="auto"]'), rulesOf('[data-theme="dark"]'));
});
