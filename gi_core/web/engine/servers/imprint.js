/**
 * A first block that sorts pictures into bins by their mean pixel: `gi_core.servers.imprint`; Fowl et al., "Robbing the
 * Fed", ICLR 2022. Row k answers r_k = min(relu(m u - t_k), t_(k+1) - t_k); all answers are added to the pixels. One
 * question; what the server asks besides, by default, needs its public pictures.
 */

import { figure } from "../component.js";
import { oneHot } from "../matching.js";
import { Sweeps } from "../sweeps.js";

/** Mean and deviation, over photographs, of a picture's mean pixel in [0,1]. */
const BRIGHTNESS = [0.45, 0.12];
/** Cells on a side of the grid of checksums: inputs that carry 1 + the mean of u^2. */
export const GRID = 4;

/**
 * The standard normal's quantile: Newton's steps on Marsaglia's series ("Evaluating the normal distribution", 2004),
 * which approach it from one side.
 * @param {number} p in (0, 1) @returns {number}
 */
export function quantile(p) {
  if (p < 0.5) return -quantile(1 - p);
  let z = 0;
  for (let step = 0; step < 50; step++) {
    const density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
    let sum = z;
    for (let term = z, odd = 3; Math.abs(term) > 1e-17 * sum; odd += 2) sum += term *= (z * z) / odd;
    const gap = (p - 0.5 - density * sum) / density;
    z += gap;
    if (Math.abs(gap) < 1e-15) break;
  }
  return z;
}

/**
 * (K,) ascending, the first below every picture.
 * @param {number} count @param {import("../victim.js").Victim} victim
 */
export function thresholds(count, { mean, std }) {
  const average = (/** @type {(c: number) => number} */ of) =>
    mean.reduce((sum, _, c) => sum + of(c) / mean.length, 0);
  const middle = average(c => (BRIGHTNESS[0] - mean[c]) / std[c]), spread = average(c => BRIGHTNESS[1] / std[c]);
  const inner = Array.from({ length: count - 1 }, (_, i) => middle + spread * quantile((i + 1) / count));
  return Float32Array.from([inner[0] - 10 * spread, ...inner]);
}

/**
 * What the layer sees of one picture: its normalised pixels, then the checksums.
 * @param {ArrayLike<number>} u (C,H,W) normalised @param {[number, number, number]} shape sides are multiples of GRID
 */
export function inputs(u, [channels, height, width]) {
  const all = new Float32Array(u.length + channels * GRID * GRID), high = height / GRID, wide = width / GRID;
  all.set(u);
  for (let i = 0; i < u.length; i++) {
    const c = Math.floor(i / (height * width)), y = Math.floor(i / width) % height, x = i % width;
    all[u.length + (c * GRID + Math.floor(y / high)) * GRID + Math.floor(x / wide)] += (u[i] * u[i]) / (high * wide);
  }
  for (let i = u.length; i < all.length; i++) all[i] += 1;
  return all;
}

/**
 * The model that a client gets, as its gradient.
 * @param {Record<string, string>} options @param {import("../victim.js").Victim} victim
 * @returns {import("../experiment.js").Sent}
 */
export function imprint(options, victim) {
  const count = figure(options.bins, 256), gain = figure(options.gain, 0.001), sparse = options.units !== "cumulative";
  const { shape, std } = victim, size = victim.inputs, places = shape[1] * shape[2];
  const edges = thresholds(count, victim), wide = size + shape[0] * GRID * GRID;
  const widths = edges.map((edge, k) => (k + 1 < count ? edges[k + 1] - edge : (edge - edges[k - 1]) * (count - 1)));
  const answer = (/** @type {number} */ k, /** @type {number} */ asked) => {
    const above = Math.max(0, asked - edges[k]);
    return sparse ? Math.min(above, widths[k]) : above;
  };
  const open = (/** @type {number} */ k, /** @type {number} */ asked) =>
    asked > edges[k] && (!sparse || asked - edges[k] < widths[k]);
  return {
    names: [
      "body.bins.rows.weight", "body.bins.rows.bias",
      ...victim.names.map(name => name.replace("body.", "body.body.")),
    ],
    shapes: [[count, wide], [count], ...victim.shapes], count: count * (wide + 1) + victim.count,
    facts: { sparse },
    gradient(pictures, labels, machine) {
      const batch = labels.length, found = new Float32Array(count * (wide + 1) + victim.count);
      const u = new Float32Array(pictures.length), shifted = pictures.slice();
      victim.normalise(pictures, u);
      const asked = Array.from({ length: batch }, (_, i) =>
        u.subarray(i * size, (i + 1) * size).reduce((sum, value) => sum + value / size, 0));
      asked.forEach((m, i) => {
        const push = gain * edges.reduce((sum, _, k) => sum + answer(k, m), 0);
        for (let j = 0; j < size; j++) shifted[i * size + j] += push * std[Math.floor(j / places)];
      });
      const sweeps = new Sweeps(victim, batch, machine), rest = machine.room(victim.count);
      sweeps.gradient(shifted, oneHot(labels, victim.classes), rest);
      found.set(rest, count * (wide + 1));
      const pulled = sweeps.pull();
      asked.forEach((m, i) => {
        const own = pulled.subarray(i * size, (i + 1) * size);
        const delta = gain * own.reduce((/** @type {number} */ sum, /** @type {number} */ value) => sum + value, 0);
        const seen = inputs(u.subarray(i * size, (i + 1) * size), shape);
        for (let k = 0; k < count; k++) {
          if (!open(k, m)) continue;
          for (let j = 0; j < wide; j++) found[k * wide + j] += delta * seen[j];
          found[count * wide + k] += delta;
        }
      });
      return found;
    },
  };
}
