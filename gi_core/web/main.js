/** The page's script: one screen per name, mounted by what Gradio calls when it has drawn its place. */

import "./lib/base.css";
import { explore as stage } from "./lib/bus.js";
import { device } from "./engine/run.js";
import { letters } from "./lib/letters.js";
import * as offline from "./lib/offline.js";
import { whenWanted } from "./lib/rooms.js";
import { speak, words } from "./lib/words.js";
import * as cheat from "./screens/cheat/cheat.js";
import * as compare from "./screens/compare/compare.js";
import * as evidence from "./screens/evidence/evidence.js";
import * as explore from "./screens/explore/explore.js";
import * as header from "./screens/header/header.js";

/** @type {Record<string, { mount: (context: import("./lib/page.js").Context) => void }>} */
const screens = { header, explore, cheat, compare, evidence };

/**
 * Mount a screen when it is wanted. Constants never change, and come here or as text among Gradio's props, which do.
 * @param {string} name
 * @param {import("./lib/page.js").Context} context
 * @param {Record<string, any>} constants
 * @param {string[]} events those that the server listens to; another one would be lost without a word
 */
export function start(name, context, constants, events) {
  const { constants: text } = /** @type {{ constants?: string }} */ (context.props);
  const props = () => {
    const known = text ? JSON.parse(text) : constants;
    return new Proxy(context.props, {
      get: (target, key) => key === "words" ? words : known[String(key)] ?? Reflect.get(target, key),
    });
  };
  /** @type {typeof context.trigger} */
  const trigger = (event, detail) => {
    if (!events.includes(event)) throw new Error(`the server does not listen to "${event}" of ${name}`);
    context.trigger(event, detail);
  };
  whenWanted(name, () => screens[name].mount({ ...context, props: props(), trigger }));
}

/**
 * Show the first room before Gradio is there, which takes over what stands here.
 * @param {import("./screens/explore/controller.js").Catalog} catalog what Explore is made from
 */
export function early(catalog) {
  const box = document.getElementById("gi-early"), query = new URLSearchParams(location.search);
  const room = header.roomOf(query.get("tab"));
  document.body.dataset.tab = room;
  explore.offer(catalog);
  if (!box || room !== "explore") return box?.remove();
  const [below, top] = [...box.children].map(node => /** @type {HTMLElement} */ (node));
  const context = /** @type {any} */ ({ props: {}, server: {}, trigger: () => {}, watch: () => {} });
  header.mount({ ...context, element: top });
  explore.early(below);
}

/** The settings on the stage as the query of an address. */
export const query = () => stage.query();
/** The words of the page's language. */
export const word = (/** @type {string} */ key) => words[key];

export { device, letters, offline, speak };
