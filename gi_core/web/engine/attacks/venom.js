/**
 * Venom: features that survive noise, then one pass through a denoising network. `gi_core.attacks.venom`,
 * `gi_core.networks.diff_lrn`.
 */

import { clamp } from "../descent.js";
import { rankOne, spe } from "../inverters/feature.js";
import { decode } from "../inverters/decoder.js";
import { Front } from "../inverters/front.js";
import { linear } from "../inverters/tensors.js";
import { refine, strength } from "../inverters/wavelet.js";
import { headGradient } from "../labels.js";

export const OPTIONS = ["feature", "strength"];

const T_MAX = 12, STEPS = 4;

/** @typedef {import("../inverters/tensors.js").Tensors} Tensors */

/** @param {number} x */
const sigmoid = x => 1 / (1 + Math.exp(-x));

/**
 * The embedding of T: Time2Vec, four steps of the liquid unit, a gate.
 * @param {Tensors} network @param {number} t
 */
function embedded(network, t) {
  const periodic = linear(network, "time.0.periodic", [t]).map(Math.sin);
  const drive = linear(network, "time.1.entry", [...linear(network, "time.0.linear", [t]), ...periodic]);
  const rate = sigmoid(network["time.1.rate"].values[0]);
  let state = new Float64Array(drive.length);
  for (let i = 0; i < STEPS; i++) {
    const pull = linear(network, "time.1.recurrent", state);
    state = state.map((value, j) => value + rate * (Math.tanh(drive[j] + pull[j]) - value));
  }
  const projected = linear(network, "time.1.project", state), gate = linear(network, "time.1.gate", projected);
  return projected.map((value, i) => sigmoid(gate[i]) * value);
}

/**
 * @param {Record<string, string>} options @param {unknown} _
 * @param {Tensors} network @returns {import("../observation.js").Attack}
 */
export function venom(options, _, network) {
  return {
    iterations: 1, single: true,
    * run(observation) {
      const { victim, machine } = observation, { weight, bias } = headGradient(observation);
      const front = new Front(network, victim), head = { weight, bias: /** @type {Float32Array} */ (bias) };
      const found = (options.feature === "spe" ? spe : rankOne)(head);
      const { features, noise, doubt } = front.features(found);
      const spread = Math.sqrt(front.variance), noisy = features.map((value, i) => (value - front.mean[i]) / spread);
      const side = victim.shape[1] / 4, refined = refine(noisy, [noisy.length / (side * side), side, side]);
      const measured = found.empty ? T_MAX : strength(noisy, refined);
      const { inputs, linear } = front.forward(features, noise, doubt);
      const wide = [...noisy, ...refined].map(value => 3 * Math.tanh(value / 3));
      const { values } = network.strengths;
      const t = options.strength === "constant" ? values.reduce((sum, value) => sum + value, 0) / values.length
        : options.strength === "true" ? 2 * Math.log1p(noise ** 2 / front.variance) : measured;
      const condition = embedded(network, Math.min(T_MAX, t));
      const picture = decode(network, [...inputs, ...wide], linear, victim.shape, machine, condition);
      const pictures = Float32Array.from(picture, clamp), labels = [found.delta.indexOf(Math.min(...found.delta))];
      yield { iteration: 0, restart: 0, pictures, loss: 0, terms: {}, labels };
    },
  };
}
