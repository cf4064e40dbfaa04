/**
 * FGLA: the features of each picture by division, then a trained decoder. Xue et al.; `gi_core.attacks.fgla`,
 * `gi_core.networks.fgla`.
 */

import { clamp } from "../descent.js";
import { decode } from "../inverters/decoder.js";
import { Front } from "../inverters/front.js";
import { headGradient, recover } from "../labels.js";

export const OPTIONS = ["decoder"];

/**
 * h = (dL/dW_y - o_W) / (dL/db_y - o_b) for each label y, o the mean of the rows whose class is not in the batch, times
 * (B-1)/B; 0 where that is not finite.
 * @param {Float32Array} weight (K,d) @param {Float32Array} bias (K,) @param {number[]} labels
 */
export function separate(weight, bias, labels) {
  const classes = bias.length, width = weight.length / classes, others = (labels.length - 1) / labels.length;
  const absent = Array.from(bias.keys()).filter(k => !labels.includes(k)), share = others / Math.max(1, absent.length);
  const mean = Float64Array.from({ length: width }, (_, j) =>
    absent.reduce((sum, k) => sum + share * weight[k * width + j], 0));
  const shift = absent.reduce((sum, k) => sum + share * bias[k], 0);
  return labels.map(label => mean.map((value, j) => {
    const ratio = (weight[label * width + j] - value) / (bias[label] - shift);
    return Number.isFinite(ratio) ? ratio : 0;
  }));
}

/**
 * @param {unknown} _ @param {unknown} __
 * @param {import("../inverters/tensors.js").Tensors} network @returns {import("../observation.js").Attack}
 */
export function fgla(_, __, network) {
  return {
    iterations: 1, single: true,
    * run(observation) {
      const { victim, machine, batch } = observation, { weight, bias } = headGradient(observation);
      const front = new Front(network, victim), pictures = new Float32Array(batch * victim.inputs);
      const labels = recover(observation);
      separate(weight, /** @type {Float32Array} */ (bias), labels).forEach((features, i) => {
        const { inputs, linear } = front.forward(front.rescaled(features), 0);
        const picture = decode(network, inputs, linear, victim.shape, machine);
        pictures.set(picture.map(clamp), i * victim.inputs);
      });
      yield { iteration: 0, restart: 0, pictures, loss: 0, terms: {}, labels };
    },
  };
}
