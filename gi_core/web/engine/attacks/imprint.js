/**
 * Divide each row's weight gradient by its bias gradient: a picture alone in its bin comes out whole. Fowl et al. 2022;
 * `gi_core.attacks.imprint`.
 */

import { figure } from "../component.js";
import { clamp } from "../descent.js";
import { inner } from "../objective.js";
import { GRID } from "../servers/imprint.js";

export const OPTIONS = ["significance"];

const ROUNDING = 1e-6, BOX = 0.05, OUTSIDE = 0.01, TRUSTED_DB = 37;

/**
 * @typedef {object} Found a picture that one row gave
 * @property {Float32Array} picture (C,H,W) in [0,1] @property {number} row
 * @property {number} error upper estimate of the mean squared pixel error, from the update alone
 */

/** What each row holds beyond the next one. @param {Float32Array} rows @param {number} width */
const beyondNext = (rows, width) => rows.map((value, i) => value - (rows[i + width] ?? 0));

/**
 * Rows whose energy is not that of the quietest row, which holds noise or nothing.
 * @param {Float32Array} weight @param {number} count @param {number} significance in deviations
 */
function standingOut(weight, count, significance) {
  const n = weight.length / count;
  const energy = Array.from({ length: count }, (_, k) => {
    const row = weight.subarray(k * n, (k + 1) * n);
    return inner(row, row);
  });
  const quietest = energy.reduce((least, e) => Math.min(least, e));
  return energy.map(e => e - quietest > (significance + 3) * Math.sqrt(2 / n) * quietest);
}

/** How far 1 + the mean square over a grid is from the checksums. @param {Float32Array} u @param {number[]} shape */
function gap(u, [channels, height, width]) {
  const cells = channels * GRID * GRID, size = channels * height * width, means = new Float64Array(cells);
  const share = (GRID * GRID) / (height * width);
  for (let i = 0; i < size; i++) {
    const c = Math.floor(i / (height * width)), y = Math.floor(i / width) % height, x = i % width;
    means[(c * GRID + Math.floor((y * GRID) / height)) * GRID + Math.floor((x * GRID) / width)] += share * u[i] * u[i];
  }
  return means.reduce((sum, mean, i) => sum + Math.abs(u[size + i] - 1 - mean), 0) / cells;
}

/**
 * The pictures that one division a row gives, the most trusted first.
 * @param {import("../observation.js").Observation} observation @param {number} significance @returns {Found[]}
 */
export function decode({ victim, update, cut, server }, significance) {
  const [rows, thresholds] = cut(update), count = thresholds.length, wide = rows.length / count;
  const weight = server?.sparse ? rows : beyondNext(rows, wide), bias = server?.sparse ? thresholds
    : beyondNext(thresholds, 1);
  const { mean, std, shape } = victim, places = shape[1] * shape[2], scale = Math.max(...std) ** 2;
  const most = bias.reduce((/** @type {number} */ b, /** @type {number} */ value) => Math.max(b, Math.abs(value)), 0);
  const out = standingOut(weight, count, significance), found = /** @type {Found[]} */ ([]);
  for (let row = 0; row < count; row++) {
    if (!out[row] || Math.abs(bias[row]) <= ROUNDING * most) continue;
    const quotient = Float32Array.from(weight.subarray(row * wide, (row + 1) * wide), value => value / bias[row]);
    const pixels = quotient.slice(0, victim.inputs).map((value, i) => {
      const c = Math.floor(i / places);
      return value * std[c] + mean[c];
    });
    const outside = pixels.filter(value => value < -BOX || value > 1 + BOX).length / pixels.length;
    const error = gap(quotient, shape) * scale;
    found.push({ row, picture: pixels.map(clamp), error: outside < OUTSIDE && error < Infinity ? error : Infinity });
  }
  return found.sort((a, b) => (a.error === b.error ? a.row - b.row : a.error - b.error));
}

/** Whether the server may trust it to be within 30 dB. @param {Found} found */
export const trusted = ({ error }) => error < 10 ** (-TRUSTED_DB / 10);

/** @param {Record<string, string>} options @returns {import("../observation.js").Attack} */
export function imprint(options) {
  const significance = figure(options.significance, 6);
  return {
    iterations: 1, single: true,
    * run(observation) {
      const { batch, victim: { inputs } } = observation, all = decode(observation, significance);
      const found = all.slice(0, batch);
      const pictures = new Float32Array(batch * inputs).fill(0.5);
      found.forEach(({ picture }, i) => pictures.set(picture, i * inputs));
      const loss = found.reduce((sum, { error }) => sum + Math.min(1, error), 0);
      const report = {
        found: all.length, trusted: all.filter(trusted).length, trust: all.map(trusted), rows: all.map(one => one.row),
        error: all.map(one => one.error), pictures: batch,
      };
      yield { iteration: 0, restart: 0, pictures, loss, terms: {}, report };
    },
  };
}
