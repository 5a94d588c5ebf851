// The API, as http-api.md has it. Every call throws an ApiError unless the answer is 2xx.
import { t, has, moment } from "./strings.js";

const root = document.documentElement;
/** Who is signed in: a name, empty for a guest. */
export const me = root.dataset.user || "";
export const role = root.dataset.role || "";
export const isStaff = role === "moderator" || role === "admin";
export const isAdmin = role === "admin";
const features = new Set((root.dataset.features || "").split(" "));
/** Whether the server has a part of the API. */
export const can = name => features.has(name);

export class ApiError extends Error {
  /** `wait`: after how many seconds to try again; 0 if the server has not said. */
  constructor(status, body = {}, wait = 0) {
    super(body.detail || body.error || "");
    Object.assign(this, { status, wait, code: body.error_code, detail: body.detail });
  }
  /** Whether the server could not be reached or cannot answer now: the same request may succeed later. */
  get passing() { return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504; }
}

/** What to tell a person about an error. */
export function explain(error) {
  if (!(error instanceof ApiError)) return t("problem.unknown");
  const known = `problem.${error.status}`;
  if ((error.status === 400 || error.status === 409) && error.detail) return t(known, { detail: error.detail });
  if (error.status === 403) {
    const until = /is muted until (\S+)/.exec(error.detail || "");
    if (until) return t("problem.muted", { time: moment(until[1]) });
  }
  if (error.status === 507) return t(error.code === "013" ? "problem.quota" : "problem.507");
  return has(known) ? t(known) : error.detail || t("problem.unknown");
}

export async function call(method, path, body, options = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method, credentials: "same-origin", ...options,
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...options.headers },
      body: body === undefined ? undefined : body instanceof Blob ? body : JSON.stringify(body),
    });
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    throw new ApiError(0);
  }
  const isJson = (answer.headers.get("Content-Type") || "").includes("json");
  let given;
  try {
    if (isJson) given = await answer.json();
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    if (answer.ok) throw new ApiError(0);  // the connection broke in the middle of the reply
  }
  // Not even a 401 leads to another page: what was typed, or plays, would be lost. `Problem` has the link.
  if (!answer.ok) throw new ApiError(answer.status, given, Number(answer.headers.get("Retry-After")) || 0);
  return given;
}
export const get = (path, options) => call("GET", path, undefined, options);
export const post = (path, body = {}) => call("POST", path, body);
export const patch = (path, body) => call("PATCH", path, body);
export const del = path => call("DELETE", path);

/** The page to sign in on, which leads back to this one. */
export const signInPath = () => `/signin?next=${encodeURIComponent(location.pathname + location.search)}`;

/** A query string of the values that are neither undefined, null nor empty. */
export function query(values) {
  const pairs = new URLSearchParams();
  for (const name in values) if (values[name] !== undefined && values[name] !== null && values[name] !== "") pairs.set(name, values[name]);
  const text = pairs.toString();
  return text ? `?${text}` : "";
}
export const seg = encodeURIComponent;
