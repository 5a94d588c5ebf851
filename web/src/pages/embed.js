import { startPlayer } from "../player/player.js";
import { Lines } from "../player/lines.js";
import { share, link, start, watch } from "../player/watching.js";

const data = JSON.parse(document.getElementById("video").textContent);
document.documentElement.classList.add("scripted");
if ((data.state ?? "ready") === "ready") {
  const player = startPlayer(document.getElementById("player"), data, { query: link, start, onTime: time => lines.near(time) });
  const lines = new Lines(data, player.danmaku, { share });
  lines.near(start || 0);
  watch(player.video, data.id, link, reply => lines.add(reply.comments || [], true));
}
