/** Explore: one picture, one wire, one attacker. Dragging and scrubbing never leave the browser; only Run does. */

import "./explore.css";
import { onDevice } from "../../engine/run.js";
import { emit, explore as answers, on } from "../../lib/bus.js";
import { fill, finder, toast } from "../../lib/page.js";
import { atHand, take } from "../../lib/pictures.js";
import { words } from "../../lib/words.js";
import { openAtlas, picture } from "./atlas.js";
import { Controller } from "./controller.js";
import page from "./explore.html";
import { calm } from "./film.js";
import { build } from "./view.js";
import * as guest from "./guest.js";
import { listen } from "./hands.js";

/** @typedef {import("../../lib/page.js").Context} Context */

/** The one Explore of this page: made early, before Gradio is there, and taken over by it. @type {Made | null} */
let made = null;

/** @param {HTMLElement} element @param {import("./controller.js").Catalog} catalog */
function make(element, catalog) {
  const root = fill(element, page, words),
    find = finder(root);
  const networks = catalog.networks,
    defenses = catalog.defenses,
    pictures = catalog.samples.map((/** @type {any} */ s) => s.name);
  build(find, { networks, defenses, pictures });
  take(catalog);
  const control = new Controller(find, catalog, openAtlas(catalog.atlas));
  listen(root, find, control, catalog);
  return { root, control, catalog };
}

/** What the page offers. @type {import("./controller.js").Catalog | null} */
let offered = null;

/** @param {import("./controller.js").Catalog} catalog */
export const offer = catalog => {
  offered = catalog;
};

/** Draw Explore before the app has started. @param {HTMLElement} element */
export function early(element) {
  if (!offered) return;
  made ??= make(element, offered);
  begin(made);
}

/** @typedef {{ root: HTMLElement, control: Controller, catalog: import("./controller.js").Catalog }} Made */

/** The first picture, then the recorded run from noise. @param {Made} one */
async function begin({ control, catalog }) {
  await Promise.all(
    catalog.samples.map(async (/** @type {any} */ s) => control.truths.set(s.name, await picture(s.src))),
  );
  await control.arrive();
  control.state.frame = Number.MAX_SAFE_INTEGER;
  if (!calm()) control.play();
  else control.refresh();
}

/** Take up what an address names. @param {Controller} control @param {Record<string, any>} server */
async function linked(control, server) {
  const query = new URLSearchParams(location.search),
    named = [...query.keys()].some(key => key in control.catalog.defaults);
  if (!named && query.has("picture")) return control.adopt(control.setUp().settings, query.get("picture"));
  if (!named || !server.explore_link) return;
  const told = await server.explore_link({ search: location.search });
  if (told?.settings) control.adopt(told.settings, query.get("picture"));
  if (told?.notes?.length) toast(told.notes.join(" "));
}

/** @param {Context} context */
export function mount({ element, props, trigger, watch, server }) {
  if (made) element.replaceChildren(made.root);
  else {
    made = make(element, props.catalog ?? offered);
    begin(made);
  }
  const { control, root } = made,
    code = guest.room();
  watch("value", () => control.receive(props.value));
  const line = onDevice(atHand(message => control.receive(message)), trigger, server);
  control.connect(line.trigger, line.server);
  if (code && server.open_room) control.guest = guest.attend(root, control, code);
  linked(control, server);
  answers.setUp = () => control.setUp();
  answers.query = () => control.query();
  on("open", run => {
    emit("show", "explore");
    control.open(/** @type {Record<string, any>} */ (run));
  });
  document.getElementById("gi-early")?.remove();
  document.body.dataset.explore = "ready";
}
