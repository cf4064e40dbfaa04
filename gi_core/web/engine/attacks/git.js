/**
 * Gradient Inversion Transcript, the coarse variant: from the head down, one small network per stage turns that stage's
 * output and gradient into its input. `gi_core.attacks.git`, `gi_core.networks.git`.
 */

import { clamp } from "../descent.js";
import { mixed } from "../inverters/feature.js";
import { linear } from "../inverters/tensors.js";
import { headGradient } from "../labels.js";
import { norm } from "../objective.js";
import { Generator } from "../random.js";

/** @type {string[]} */
export const OPTIONS = [];

const REACH = 6, LEAK = 0.2;

/** @typedef {import("../inverters/tensors.js").Tensors} Tensors */

/**
 * A long gradient as `bins` sums of some of its numbers, drawn once from a seed (Weinberger et al. 2009).
 * @param {Float32Array} numbers @param {number} bins @param {number} seed
 */
export function sketched(numbers, bins, seed) {
  if (numbers.length <= bins) return Float64Array.from(numbers);
  const sums = new Float64Array(bins);
  new Generator(seed).order(numbers.length).forEach((place, i) => { sums[place % bins] += numbers[i]; });
  return sums;
}

/**
 * A shallow network; half of its hidden units are linear.
 * @param {Tensors} network @param {string} name @param {ArrayLike<number>} x
 */
function piece(network, name, x) {
  const hidden = linear(network, `${name}.into`, x), linearOnes = Math.ceil(hidden.length / 2);
  return linear(network, `${name}.out`, hidden.map((value, i) => (i < linearOnes || value > 0 ? value : LEAK * value)));
}

/** @param {ArrayLike<number>} values @param {(value: number, i: number) => number} scaled */
const held = (values, scaled) =>
  Float64Array.from(values, (value, i) => Math.min(REACH, Math.max(-REACH, scaled(value, i))));

/** What the head's gradient says: features, and of the bias its direction and how noisy all is. */
function bootstrap(/** @type {import("../observation.js").Observation} */ observation) {
  const { weight, bias } = headGradient(observation), b = /** @type {Float32Array} */ (bias);
  const size = Math.max(1e-12, norm(b)), direction = Float64Array.from(b, value => value / size);
  const features = mixed(direction, weight).map(value => value / size), width = features.length;
  let apart = 0;
  for (let i = 0; i < weight.length; i++)
    apart += (weight[i] - direction[Math.floor(i / width)] * features[i % width] * size) ** 2;
  const noise = Math.min(10, Math.max(1e-5, Math.sqrt(apart / weight.length) / size));
  return { features, size, known: [...direction, Math.log10(noise)] };
}

/**
 * @param {unknown} _ @param {unknown} __
 * @param {Tensors} network @returns {import("../observation.js").Attack}
 */
export function git(_, __, network) {
  return {
    iterations: 1, single: true,
    * run(observation) {
      const { features, size, known } = bootstrap(observation), { centre, spread } = network;
      const parts = observation.cut(observation.update), stages = parts.length / 2 - 1;
      let x = piece(network, "bootstrap",
        [...held(features, (value, i) => (value - centre.values[i]) / spread.values[i]), ...known]);
      for (let number = 0; number < stages; number++) {
        const at = 2 * (stages - 1 - number), scale = network[`scale${number}`].values;
        const own = Float32Array.from([...parts[at], ...parts[at + 1]]);
        const seen = held(sketched(own, scale.length, number), (value, i) => value / size / scale[i]);
        x = piece(network, `pieces.${number}`, [...x, ...seen, ...known]);
      }
      yield { iteration: 0, restart: 0, pictures: Float32Array.from(x, clamp), loss: 0, terms: {} };
    },
  };
}
