/**
 * Features -> standardised maps and a linear estimate of the picture, in closed form: `gi_core.networks.front`.
 * The victim's last layer undone under the noise, or a Wiener filter in the features' principal axes; then ridge
 * regression to the picture.
 */

import { norm } from "../objective.js";
import { scaleEvidence } from "./feature.js";
import { times } from "./tensors.js";
import { Undo } from "./undo.js";

const REACH = 6;

/** @typedef {import("./tensors.js").Tensors} Tensors @typedef {import("../victim.js").Victim} Victim */

const within = (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) =>
  Math.min(high, Math.max(low, value));

/** The head's own weight and bias: the last two tensors. @param {Victim} victim */
export function headOf({ shapes, weights }) {
  const [classes, width] = shapes[shapes.length - 2], from = weights.length - classes * (width + 1);
  return { weight: weights.subarray(from, from + classes * width), bias: weights.subarray(from + classes * width) };
}

export class Front {
  /** @param {Tensors} network @param {Victim} victim its last convolution is undone where the network says so */
  constructor(network, victim) {
    const own = (/** @type {string} */ name) => network[`front.${name}`];
    this.head = headOf(victim);
    this.axes = own("axes");
    this.turned = { shape: this.axes.shape, values: turned(this.axes.values, this.axes.shape[0]) };
    this.deep = own("deep");
    this.mean = Float64Array.from(own("mean").values);
    this.variances = Float64Array.from(own("variances").values);
    this.variance = this.variances.reduce((sum, v) => sum + v, 0) / this.variances.length;
    this.norms = own("norms").values;
    this.centre = own("centre").values;
    this.spread = own("spread").values;
    this.offset = own("offset").values;
    this.along = times(this.mean, this.axes);
    this.below = own("below.mean") ? new Undo(network, victim) : null;
  }

  /**
   * Features with their scale, the standard deviation of their noise, and that of their scale.
   * @param {import("./feature.js").Feature} f
   */
  features(f) {
    const { mean, variances, norms } = this, { direction, noise } = f, width = mean.length;
    const usual = norm(mean), floor = (noise * usual) ** 2;
    const { top, precision } = scaleEvidence(f, this.head, usual), along = times(direction, this.axes);
    let above = top, below = precision;
    along.forEach((value, j) => {
      above += (value * this.along[j]) / (variances[j] + floor);
      below += (value * value) / (variances[j] + floor);
    });
    const signal = Math.sqrt(Math.max(1e-6, 1 - width * noise * noise));
    below = Math.max(1e-30, below);
    const size = within((above / below) * signal, norms[0], norms[1]) / signal;
    return { features: direction.map(value => value * size), noise: noise * size, doubt: 1 / Math.sqrt(below) };
  }

  /** Features of unknown scale at the one that suits their statistics best. @param {Float64Array} features */
  rescaled(features, spread = 0.01) {
    const along = times(features, this.axes);
    let above = 0, below = 0;
    along.forEach((value, j) => {
      above += (value * this.along[j]) / (this.variances[j] + spread * spread);
      below += (value * value) / (this.variances[j] + spread * spread);
    });
    return features.map(value => (value * above) / Math.max(1e-30, below));
  }

  /** E[h | h + noise] for Gaussian features. @param {Float64Array} features @param {number} noise */
  wiener(features, noise) {
    const gain = this.variances.map(v => v / (v + noise * noise)), least = gain.reduce((a, b) => Math.min(a, b));
    const centred = features.map((value, i) => value - this.mean[i]);
    const kept = times(times(centred, this.axes).map((value, j) => value * (gain[j] - least)), this.turned);
    return centred.map((value, i) => this.mean[i] + least * value + kept[i]);
  }

  /**
   * @param {Float64Array} features @param {number} noise @param {number} doubt the error of their scale
   * @returns {{ inputs: Float64Array, linear: Float64Array }}
   */
  forward(features, noise, doubt = 0) {
    const inputs = this.standard(features, noise, doubt), near = inputs.map(value => within(value, -REACH, REACH));
    const linear = times((this.below ? inputs : near).subarray(inputs.length - this.mean.length), this.deep);
    return { inputs: near, linear: linear.map((value, i) => value + this.offset[i]) };
  }

  /**
   * The decoder's inputs in units of their spread.
   * @param {Float64Array} features @param {number} noise @param {number} doubt
   */
  standard(features, noise, doubt) {
    const below = this.below?.find(features, noise, doubt);
    const all = this.below && below ? [...this.below.again(below), ...below] : this.wiener(features, noise);
    return Float64Array.from(all, (value, i) => (value - this.centre[i]) / this.spread[i]);
  }
}

/** A square matrix, transposed. @param {Float32Array} values @param {number} side */
const turned = (values, side) => values.map((_, i) => values[(i % side) * side + Math.floor(i / side)]);
