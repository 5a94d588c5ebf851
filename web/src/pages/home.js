import "../lib/page.js";
import { html, render, usePages, useLoad, More, Card, Empty, Failure, Skeletons } from "../lib/ui.js";
import { get, query, can, me } from "../lib/api.js";
import { t } from "../lib/strings.js";

const asked = new URLSearchParams(location.search);
const words = asked.get("q") || "";
const tag = asked.get("tag") || "";

function Trending() {
  const { data } = useLoad(() => get("/trending?limit=4"));
  return data?.videos?.length ? html`<section class="stack" aria-label=${t("home.trending")}><div class="section-head"><h2>${t("home.trending")}</h2></div>
    <div class="grid">${data.videos.map(video => html`<${Card} key=${video.id} video=${video} />`)}</div></section>` : null;
}
function Home() {
  const isSearch = words && can("search");
  const pages = usePages(cursor => get((isSearch ? "/search" : "/newest") + query({ q: isSearch ? words : undefined, tag, limit: 24, cursor })), "videos");
  const title = isSearch ? t("home.found", { words }) : tag ? t("home.tag", { tag }) : t("home.newest");
  return html`${!isSearch && !tag && can("trending") && html`<${Trending} />`}
    <div class="section-head"><${me ? "h1" : "h2"}>${title}</${me ? "h1" : "h2"}>${tag && html`<a class="button compact" href="/">${t("home.all")}</a>`}</div>
    ${pages.error && !pages.items ? html`<${Failure} ...${pages} />` : !pages.items ? html`<${Skeletons} n=${4} />`
      : pages.items.length ? html`<div class="grid">${pages.items.map(video => html`<${Card} key=${video.id} video=${video} />`)}</div><${More} pages=${pages} />`
      : isSearch || tag ? html`<${Empty} icon="search" title=${t("home.nothing")}>${isSearch && html`<p>${t("home.nothing.text")}</p>`}</${Empty}>`
      : html`<${Empty} title=${t("home.empty")}><p>${t("home.empty.text")}</p><a class="button primary" href="/userhome">${t("nav.upload")}</a></${Empty}>`}`;
}
const place = document.getElementById("app");
place.textContent = "";
render(html`<${Home} />`, place);
