import "../lib/page.js";
import { html, render } from "../lib/ui.js";
import { Place, Queue, Rows, useQueue } from "../upload/queue.js";

// A guest's files: each makes a video of the receiver's, to whose signed URL it goes.
const queue = new Queue({ drop: location.pathname + location.search });
function Drop() {
  useQueue(queue);
  return html`<div class="stack"><${Place} take=${files => queue.add(files)} /><${Rows} queue=${queue} /></div>`;
}
render(html`<${Drop} />`, document.getElementById("app"));
