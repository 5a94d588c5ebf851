import { startPlayer } from "../player/player.js";
import { Lines } from "../player/lines.js";

const data = JSON.parse(document.getElementById("video").textContent);
const asked = new URLSearchParams(location.search);
const share = Object.fromEntries(["share", "exp", "sig"].filter(name => asked.has(name)).map(name => [name, asked.get(name)]));
const query = Object.keys(share).length ? `?${new URLSearchParams(share)}` : "";
const start = asked.has("t") ? Number.parseFloat(asked.get("t")) : undefined;
document.documentElement.classList.add("scripted");
const player = startPlayer(document.getElementById("player"), data, { query, start, onTime: time => lines.near(time) });
const lines = new Lines(data.id, player.danmaku, { share });
lines.near(start || 0);
