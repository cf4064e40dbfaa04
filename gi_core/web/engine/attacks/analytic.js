/**
 * Divide the first layer's weight gradient by its bias gradient: dW_i / db_i is the input. Phong et al. 2018, prop. 3;
 * `gi_core.attacks.analytic`.
 */

import { figure } from "../component.js";
import { clamp } from "../descent.js";

export const OPTIONS = ["tolerance"];

/** @param {Record<string, string>} options @returns {import("../observation.js").Attack} */
export function analytic(options) {
  const tolerance = figure(options.tolerance, 0.02);
  return {
    iterations: 1, single: true,
    * run({ victim, batch, update, cut }) {
      const [weight, bias] = cut(update), size = victim.inputs;
      const strongest = Array.from(bias.keys()).sort((a, b) => Math.abs(bias[b]) - Math.abs(bias[a]))
        .slice(0, Math.max(256, 16 * batch)).filter(unit => bias[unit] !== 0);
      if (!strongest.length) throw Error("bias");
      const rows = strongest.map(unit => picture(weight.subarray(unit * size, (unit + 1) * size), bias[unit], victim));
      const chosen = distinct(rows, batch, tolerance), pictures = new Float32Array(batch * size);
      let loss = 0;
      chosen.forEach((row, i) => {
        pictures.set(rows[row].map(clamp), i * size);
        loss += outside(rows[row]) / batch;
      });
      yield { iteration: 0, restart: 0, pictures, loss, terms: { "outside-box": loss } };
    },
  };
}

/** @param {Float32Array} row @param {number} by @param {import("../victim.js").Victim} victim */
function picture(row, by, { mean, std, shape: [, height, width] }) {
  return row.map((value, i) => {
    const c = Math.floor(i / (height * width));
    return (value / by) * std[c] + mean[c];
  });
}

/** Mean distance of the pixels to [0,1]. @param {Float32Array} pixels */
const outside = pixels => pixels.reduce((sum, value) => sum + Math.abs(value - clamp(value)), 0) / pixels.length;

/** Root mean square of the difference. @param {Float32Array} a @param {Float32Array} b */
const apart = (a, b) => Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length);

/**
 * Rows that differ pairwise, those that stay in the box first, then those seen several times; repeated where too few.
 * @param {Float32Array[]} rows strongest first @param {number} count @param {number} tolerance
 */
function distinct(rows, count, tolerance) {
  const valid = rows.map(row => outside(row) <= 1e-3);
  const same = rows.map(row => rows.reduce((sum, other) => sum + (apart(row, other) <= tolerance ? 1 : 0), 0));
  const order = [...rows.keys()].sort((a, b) => Number(valid[b]) - Number(valid[a]) || same[b] - same[a] || a - b);
  const chosen = /** @type {number[]} */ ([]);
  for (const row of order)
    if (chosen.length < count && chosen.every(other => apart(rows[row], rows[other]) > tolerance)) chosen.push(row);
  return Array.from({ length: count }, (_, i) => chosen[i % chosen.length]);
}
