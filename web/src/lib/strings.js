// Texts, numbers, dates and sizes in the page's language.
const root = document.documentElement;
const strings = (await import(root.dataset.strings)).default;

export const lang = root.lang || "en";
const plural = new Intl.PluralRules(lang);
const compact = new Intl.NumberFormat(lang, { notation: "compact", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat(lang);
const relative = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
const dateOnly = new Intl.DateTimeFormat(lang, { dateStyle: "medium" });
const dateTime = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });

// What people have written must not reorder the text around it: it stands in an isolate of its own, which it cannot end.
const turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const leftwards = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]|[\ud802\ud803\ud83a\ud83b]/;
const isolated = value => typeof value === "string" && (value.search(turning) >= 0 || leftwards.test(value))
  ? `\u2068${value.replace(turning, "")}\u2069` : value;

/** The text of a key, with `{name}` replaced by values; the key itself if there is none. */
export function t(key, values) {
  let text = strings[key] ?? key;
  if (values) for (const name in values) text = text.replaceAll(`{${name}}`, () => isolated(values[name]));  // a function, so that $ is no pattern
  return text;
}
export const has = key => key in strings;
/** The text of `key.one` or `key.other`, as the count asks for; `{n}` is the count. */
export const count = (key, n) => t(has(`${key}.${plural.select(n)}`) ? `${key}.${plural.select(n)}` : `${key}.other`, { n: n < 10000 ? whole.format(n) : compact.format(n) });
export const number = n => whole.format(n);
/** `50%` of 0.5. */
export const percent = part => new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 0 }).format(part);
/** A step of some seconds, with its sign: `+10 sec`. */
export const secondsBy = n => new Intl.NumberFormat(lang, { style: "unit", unit: "second", unitDisplay: "short", signDisplay: "always" }).format(n);

export function bytes(n) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  while (n >= 1000 && at < units.length - 1) { n /= 1000; at++; }
  return `${new Intl.NumberFormat(lang, { maximumFractionDigits: at && n < 100 ? 1 : 0 }).format(n)} ${units[at]}`;
}

/** `1:02` or `1:01:02` of milliseconds. */
export function clock(ms) {
  const s = Math.max(0, Math.floor((ms || 0) / 1000));
  const two = n => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

const steps = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];
export function ago(time) {
  let n = (new Date(time) - Date.now()) / 1000;
  if (Math.abs(n) < 45) return t("now");
  for (const [unit, size] of steps) {
    if (Math.abs(n) < size) return relative.format(Math.round(n), unit);
    n /= size;
  }
}
export const day = time => dateOnly.format(new Date(time));
export const moment = time => dateTime.format(new Date(time));
/** A time left, in words: `2 min`. */
export function left(seconds) {
  if (!isFinite(seconds)) return "";
  const of = (n, unit) => new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 0 }).format(n);
  return seconds < 60 ? of(Math.max(1, Math.round(seconds)), "second") : seconds < 3600 ? of(Math.round(seconds / 60), "minute") : of(Math.round(seconds / 3600), "hour");
}
