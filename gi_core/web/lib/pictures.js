/** The pictures that runs on this device are made of: samples by their names, one's own, and a line-up of others. */

import { picture } from "./canvas.js";

const LINE_UP = "line-up.webp";

/** What Explore offers. @type {Record<string, any>} */
let offered = { side: 32, samples: [], atlas: { base: "atlas/" } };

/** @param {Record<string, any>} catalog */
export const take = catalog => { offered = catalog; };

/**
 * What the engine needs of the page.
 * @param {(message: Record<string, any>) => void} told takes a run's messages
 */
export const atHand = told => ({
  told,
  side: Number(offered.side),
  /** @param {{ sample: string } | { data: string }} one */
  image: one =>
    picture("data" in one ? one.data : offered.samples.find((/** @type {any} */ s) => s.name === one.sample)?.src),
  lineUp: () => picture(offered.atlas.inline?.[LINE_UP] ?? offered.atlas.base + LINE_UP),
});
