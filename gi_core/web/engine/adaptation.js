/** How an attacker who knows the defense matches the defended update: `gi_core.inversion.adaptation`. */

import { figure, truth } from "./component.js";
import { inner, norm, OBJECTIVES } from "./objective.js";

/**
 * @typedef {import("./objective.js").Distance} Distance
 * @typedef {import("./observation.js").Observation} Observation
 */

/**
 * The distance between a guess's raw gradient and the observed, defended one.
 * @param {Observation} observation @param {string} objective @returns {Distance}
 */
export function distanceTo({ update, defense, batch, cut }, objective) {
  const known = defense ?? [];
  const signs = known.some(({ name }) => name === "sign");
  let distance = OBJECTIVES[signs ? "sign-alignment" : objective](update);
  for (const { name, options } of [...known].reverse()) {
    if (name === "topk") distance = masked(distance, update);
    else if (name === "clip" && (options.per === "update" || batch === 1) && options.scope !== "tensor")
      distance = clipped(distance, figure(options.norm, 1));
    else if (name === "quantize") distance = withinCells(objective, update, cut, options);
  }
  return distance;
}

/** Only what was sent counts. @param {Distance} distance @param {Float32Array} update @returns {Distance} */
const masked = (distance, update) => guess => {
  for (let i = 0; i < guess.length; i++) if (update[i] === 0) guess[i] = 0;
  const value = distance(guess);
  for (let i = 0; i < guess.length; i++) if (update[i] === 0) guess[i] = 0;
  return value;
};

/**
 * g -> g min(1, C/|g|); where it clips, the pull-back is (C/|g|) (v - <v, g> g / |g|^2).
 * @param {Distance} distance @param {number} limit @returns {Distance}
 */
const clipped = (distance, limit) => guess => {
  const length = norm(guess), scale = Math.min(1, limit / Math.max(length, 1e-30)), raw = guess.slice();
  for (let i = 0; i < guess.length; i++) guess[i] *= scale;
  const value = distance(guess), radial = length > limit ? inner(guess, raw) / Math.max(length * length, 1e-30) : 0;
  for (let i = 0; i < guess.length; i++) guess[i] = scale * (guess[i] - radial * raw[i]);
  return value;
};

/**
 * Match the point of the quantiser's cell that lies nearest to the guess.
 * @param {string} objective @param {Float32Array} update @param {(update: any) => any[]} cut
 * @param {Record<string, string>} options @returns {Distance}
 */
function withinCells(objective, update, cut, { bits, stochastic, scale }) {
  const reach = (truth(stochastic, true) ? 1 : 0.5) / (2 ** (figure(bits, 4) - 1) - 1);
  const cells = update.slice(), nearest = update.slice();
  for (const part of cut(cells)) {
    const size = scale === "l2" ? norm(part)
      : part.reduce((/** @type {number} */ most, /** @type {number} */ v) => Math.max(most, Math.abs(v)), 0);
    part.fill(reach * size);
  }
  return guess => {
    for (let i = 0; i < guess.length; i++)
      nearest[i] = Math.min(Math.max(guess[i], update[i] - cells[i]), update[i] + cells[i]);
    return OBJECTIVES[objective](nearest)(guess);
  };
}
