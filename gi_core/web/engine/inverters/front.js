/**
 * Features -> standardised maps and a linear estimate of the picture, in closed form: `gi_core.networks.front`.
 * A Wiener filter in the features' principal axes; the victim's last layer undone; ridge regression to the picture.
 */

import { norm } from "../objective.js";
import { scaleEvidence } from "./feature.js";
import { times } from "./tensors.js";

const INSIDE = 1e-6, BELOW = 1e-4, REACH = 6, FIRST_LEVEL = -8, LEVEL = 0.5;

/** @typedef {import("./tensors.js").Tensors} Tensors @typedef {import("../victim.js").Victim} Victim */

const within = (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) =>
  Math.min(high, Math.max(low, value));
const logit = (/** @type {number} */ p) => Math.log(p / (1 - p));

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
    this.shallow = own("shallow");
    this.mean = Float64Array.from(own("mean").values);
    this.variances = Float64Array.from(own("variances").values);
    this.variance = this.variances.reduce((sum, v) => sum + v, 0) / this.variances.length;
    this.norms = own("norms").values;
    this.centre = own("centre").values;
    this.spread = own("spread").values;
    this.offset = own("offset").values;
    this.shares = own("shares")?.values;
    this.along = times(this.mean, this.axes);
    this.undo = this.shallow ? undoing(victim) : null;
  }

  /** Features with their scale, and the standard deviation of their noise. @param {import("./feature.js").Feature} f */
  features(f) {
    const { mean, variances, norms } = this, { direction, noise } = f, width = mean.length;
    const { top, precision } = scaleEvidence(f, this.head), along = times(direction, this.axes);
    const floor = (noise * norm(mean)) ** 2;
    let above = top, below = precision;
    along.forEach((value, j) => {
      above += (value * this.along[j]) / (variances[j] + floor);
      below += (value * value) / (variances[j] + floor);
    });
    const signal = Math.sqrt(Math.max(1e-6, 1 - width * noise * noise));
    const size = within((above / Math.max(1e-30, below)) * signal, norms[0], norms[1]) / signal;
    return { features: direction.map(value => value * size), noise: noise * size };
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

  /** @param {Float64Array} features @param {number} noise @returns {{ inputs: Float64Array, linear: Float64Array }} */
  forward(features, noise) {
    const filtered = this.wiener(features, noise), all = this.undo ? [...filtered, ...this.undo(filtered)] : filtered;
    const inputs = Float64Array.from(all, (value, i) =>
      within((value - this.centre[i]) / this.spread[i], -REACH, REACH));
    const linear = times(inputs.subarray(inputs.length - this.mean.length), this.deep);
    linear.forEach((value, i) => { linear[i] = value + this.offset[i]; });
    if (!this.undo) return { inputs, linear };
    const shallow = times(times(filtered.map((value, i) => value - this.mean[i]), this.axes), this.shallow);
    const share = this.share(noise);
    return { inputs, linear: linear.map((value, i) => {
      const plain = shallow[i] + this.offset[i];
      return plain + share * (value - plain);
    }) };
  }

  /** Weight of the deep linear picture, over log noise: undoing a layer amplifies noise. @param {number} noise */
  share(noise) {
    const last = this.shares.length - 1;
    const place = within((Math.log10(Math.max(1e-12, noise)) - FIRST_LEVEL) / LEVEL, 0, last);
    const low = Math.min(last - 1, Math.floor(place));
    return this.shares[low] + (place - low) * (this.shares[low + 1] - this.shares[low]);
  }
}

/** A square matrix, transposed. @param {Float32Array} values @param {number} side */
const turned = (values, side) => values.map((_, i) => values[(i % side) * side + Math.floor(i / side)]);

/**
 * Undoes convolution and sigmoid of LeNet's last layer: h -> logit(h) = K a + b -> a -> logit(a).
 * @param {Victim} victim @returns {(features: Float64Array) => Float64Array}
 */
function undoing({ shapes, weights }) {
  const [filters, channels, kernel] = shapes[shapes.length - 4], head = shapes[shapes.length - 2];
  const size = head[1], side = Math.sqrt(size / filters), taps = filters * channels * kernel * kernel;
  const from = weights.length - head[0] * (size + 1) - filters - taps;
  const matrix = unrolled(weights.subarray(from, from + taps), channels, filters, kernel, side);
  const bias = weights.subarray(from + taps, from + taps + filters), order = factorised(matrix, size);
  return features => {
    const above = features.map((value, i) =>
      logit(within(value, INSIDE, 1 - INSIDE)) - bias[Math.floor(i / (side * side))]);
    return solved(matrix, order, above).map(value => logit(within(value, BELOW, 1 - BELOW)));
  };
}

/**
 * A convolution of stride 1 that keeps the size, as the matrix that takes all inputs to all outputs.
 * @param {Float32Array} weight (O,C,k,k) @param {number} channels @param {number} filters @param {number} kernel
 * @param {number} side
 */
function unrolled(weight, channels, filters, kernel, side) {
  const places = side * side, size = channels * places, reach = kernel >> 1;
  const matrix = Array.from({ length: filters * places }, () => new Float64Array(size));
  matrix.forEach((row, out) => {
    const filter = Math.floor(out / places), y = Math.floor((out % places) / side), x = out % side;
    for (let c = 0; c < channels; c++)
      for (let dy = 0; dy < kernel; dy++)
        for (let dx = 0; dx < kernel; dx++) {
          const v = y + dy - reach, u = x + dx - reach;
          if (v < 0 || u < 0 || v >= side || u >= side) continue;
          row[c * places + v * side + u] = weight[((filter * channels + c) * kernel + dy) * kernel + dx];
        }
  });
  return matrix;
}

/**
 * LU with partial pivoting, in place; answers with the order of the rows.
 * @param {Float64Array[]} a @param {number} n
 */
function factorised(a, n) {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let k = 0; k < n; k++) {
    let most = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i][k]) > Math.abs(a[most][k])) most = i;
    [a[k], a[most]] = [a[most], a[k]];
    [order[k], order[most]] = [order[most], order[k]];
    const pivot = a[k];
    for (let i = k + 1; i < n; i++) {
      const row = a[i], factor = (row[k] /= pivot[k]);
      if (factor !== 0) for (let j = k + 1; j < n; j++) row[j] -= factor * pivot[j];
    }
  }
  return order;
}

/** @param {Float64Array[]} lu @param {number[]} order @param {Float64Array} wanted */
function solved(lu, order, wanted) {
  const n = order.length, x = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = wanted[order[i]];
    for (let j = 0; j < i; j++) sum -= lu[i][j] * x[j];
    x[i] = sum;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i];
    for (let j = i + 1; j < n; j++) sum -= lu[i][j] * x[j];
    x[i] = sum / lu[i][i];
  }
  return x;
}
