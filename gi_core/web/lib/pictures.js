/**
 * What runs on this device are made of: samples by their names, one's own pictures, a line-up of others, and the
 * trained networks that come with the page.
 */

import { picture } from "./canvas.js";

const LINE_UP = "line-up.webp";

/** What Explore offers. @type {Record<string, any>} */
let offered = { side: 32, samples: [], atlas: { base: "atlas/" }, inverters: { parts: {} } };

/** Trained networks that were loaded. @type {Map<string, Promise<ArrayBuffer>>} */
const loaded = new Map();

/** A file of a trained network, loaded once. @param {string} file */
function trained(file) {
  const { open, base } = offered.inverters;
  const made = loaded.get(file) ?? (open ? open(file) : fetch(base + file).then(answer => {
    if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
    return answer.arrayBuffer();
  }));
  loaded.set(file, made);
  made.catch(() => loaded.delete(file));
  return made;
}

/** @param {Record<string, any>} catalog */
export const take = catalog => { offered = catalog; };

/**
 * What the engine needs of the page.
 * @param {(message: Record<string, any>) => void} told takes a run's messages
 */
export const atHand = told => ({
  told,
  side: Number(offered.side),
  inverters: offered.inverters.parts,
  fields: { defaults: offered.defaults, floats: offered.floats },
  trained,
  /** @param {{ sample: string } | { data: string }} one */
  image: one =>
    picture("data" in one ? one.data : offered.samples.find((/** @type {any} */ s) => s.name === one.sample)?.src),
  lineUp: async () => picture((await offered.atlas.open?.("line-up"))?.[LINE_UP] ?? offered.atlas.base + LINE_UP),
});
