/** Views that look at the stage's own update: opened in the drawer, asked for anew when the choices change. */

import { t } from "../../lib/words.js";
import { drawLayers } from "./layers.js";
import { drawGains, drawPasses } from "./single_pass.js";

/**
 * @typedef {import("./controller.js").Controller} Controller
 * @typedef {{ wanted: (control: Controller) => Record<string, any> | null, none: string,
 *   ask: (server: import("./controller.js").Server, request: any) => Promise<any>,
 *   draw: (box: HTMLElement, told: any, request: any) => void }} View
 */

const PAUSE = 300;

/** The noise and the picture, where single-pass attacks were trained for what the wire shows. @type {View["wanted"]} */
function noisy({ state }) {
  const { network, defense, strength, mixed, own, picture } = state.choices;
  return network === "lenet" && defense === "noise" && strength > 0 && mixed === 1 && !own
    ? { z: strength, sample: picture }
    : null;
}

/** By name, with the server's function that each needs. @type {Record<string, View & { needs: string }>} */
const VIEWS = {
  layers: {
    needs: "explore_layers",
    none: "explore.view_none",
    wanted: control => {
      const { settings, pictures } = control.subject();
      return { settings, pictures };
    },
    ask: (server, request) => server.explore_layers(request),
    draw: drawLayers,
  },
  passes: {
    needs: "single_pass",
    none: "explore.passes_none",
    wanted: noisy,
    ask: (server, request) => server.single_pass(request),
    draw: drawPasses,
  },
  gains: {
    needs: "single_pass_curve",
    none: "explore.passes_none",
    wanted: noisy,
    ask: (server, { sample }) => server.single_pass_curve({ sample }),
    draw: (box, told, { z }) => drawGains(box, told, z),
  },
};

/** @param {string} name */
const page = name => `<details data-view="${name}"><summary>${t(`explore.view_${name}`)}</summary>
  <div class="view" aria-live="polite"></div></details>`;

export const views = Object.keys(VIEWS).map(page).join("");

/** @param {HTMLElement} root the drawer @param {Controller} control */
export function link(root, control) {
  let waiting = 0;
  /** @param {HTMLDetailsElement} node */
  async function tell(node) {
    const view = VIEWS[node.dataset.view ?? ""],
      box = /** @type {HTMLElement} */ (node.querySelector(".view")),
      request = view.wanted(control),
      key = JSON.stringify(request),
      server = control.line?.server;
    if (node.dataset.key === key || !server) return;
    node.dataset.key = key;
    if (!request) return void (box.textContent = t(view.none));
    const told = await view.ask(server, request);
    if (node.dataset.key !== key) return;
    if (!told || told.error) box.textContent = told?.error ?? t(view.none);
    else view.draw(box, told, request);
  }
  const look = () => {
    for (const node of root.querySelectorAll("[data-view]")) {
      const view = /** @type {HTMLDetailsElement} */ (node);
      view.hidden = Boolean(control.line && !control.line.server[VIEWS[view.dataset.view ?? ""].needs]);
      if (view.open && control.state.dragged === null) tell(view);
    }
  };
  root.addEventListener("toggle", look, true);
  return () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(look, PAUSE);
  };
}
