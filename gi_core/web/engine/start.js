/** Where an iterative attack begins: `gi_core.attacks.start`. */

import { clamp } from "./descent.js";
import { Generator } from "./random.js";

export const STARTS = ["randn", "rand", "grey"];

/**
 * N(0,1) in normalised pixels, not clamped.
 * @param {import("./observation.js").Observation} observation @param {number} seed
 */
export function unboxed({ victim, batch }, seed) {
  const { mean, std, shape: [channels, height, width] } = victim, places = height * width;
  return new Generator(seed).normals(batch * victim.inputs).map((value, i) => {
    const c = Math.floor(i / places) % channels;
    return value * std[c] + mean[c];
  });
}

/**
 * The first guess, (B,C,H,W) in [0,1].
 * @param {string} init one of STARTS @param {import("./observation.js").Observation} observation @param {number} seed
 */
export function start(init, observation, seed) {
  const size = observation.batch * observation.victim.inputs;
  if (init === "randn") return unboxed(observation, seed).map(clamp);
  return init === "grey" ? new Float32Array(size).fill(0.5) : new Generator(seed).uniforms(size);
}
