import "../lib/page.js";
import { html, render, usePages, More, Card, Empty, Failure, Skeletons } from "../lib/ui.js";
import { get, query, seg, me } from "../lib/api.js";
import { t } from "../lib/strings.js";
import { UserActions } from "../lib/moderation.js";

const author = document.getElementById("profile").dataset.author;

function Videos() {
  const pages = usePages(cursor => get(`/user/${seg(author)}/videos${query({ limit: 24, cursor, state: author === me ? "ready" : "" })}`), "videos");
  return pages.error && !pages.items ? html`<${Failure} ...${pages} />` : !pages.items ? html`<${Skeletons} n=${3} />`
    : pages.items.length ? html`<div class="grid">${pages.items.map(video => html`<${Card} key=${video.id} video=${video} withAuthor=${false} />`)}</div><${More} pages=${pages} />`
    : html`<${Empty} title=${t("user.empty")}><p>${t("user.empty.text")}</p></${Empty}>`;
}
const place = document.getElementById("app");
place.textContent = "";
render(html`<${Videos} />`, place);
if (author !== me) render(html`<${UserActions} name=${author} />`, document.getElementById("profile-actions"));
