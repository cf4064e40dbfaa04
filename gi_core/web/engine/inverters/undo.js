/**
 * The victim's last layer undone under noise, by Gauss-Newton: `gi_core.networks.undo`. Features h = sigmoid(K
 * sigmoid(p) + b); found is the most probable p of those that the noisy features speak for.
 */

import { dots } from "../matrix.js";
import { inner, norm } from "../objective.js";

const FAINT = 1e-8, EDGE = 1e-4, MOST = 3, SETTLED = 0.02;

/** @typedef {import("./tensors.js").Tensors} Tensors @typedef {import("../victim.js").Victim} Victim */

const within = (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) =>
  Math.min(high, Math.max(low, value));
const logit = (/** @type {number} */ p) => Math.log(p / (1 - p));
const sigmoid = (/** @type {number} */ x) => 1 / (1 + Math.exp(-x));
const steep = (/** @type {number} */ s) => s * (1 - s);

export class Undo {
  /** @param {Tensors} network with `front.below` @param {Victim} victim */
  constructor(network, victim) {
    const { shapes, weights } = victim;
    const [filters, channels, kernel] = shapes[shapes.length - 4], head = shapes[shapes.length - 2];
    const size = head[1], side = Math.sqrt(size / filters), taps = filters * channels * kernel * kernel;
    const from = weights.length - head[0] * (size + 1) - filters - taps;
    this.size = size;
    this.matrix = unrolled(weights.subarray(from, from + taps), channels, filters, kernel, side);
    const bias = weights.subarray(from + taps, from + taps + filters);
    this.bias = Float64Array.from({ length: size }, (_, j) => bias[Math.floor(j / (side * side))]);
    const own = (/** @type {string} */ name) => Float64Array.from(network[`front.below.${name}`].values);
    this.mean = own("mean");
    this.activation = own("activation");
    this.precision = precision(own("axes"), own("variances"));
  }

  /** What the layer gives for activations, before its sigmoid. @param {Float64Array} activation */
  above(activation) {
    const sum = Float64Array.from(this.bias), n = this.size;
    for (let i = 0; i < n; i++)
      for (let j = 0, at = i * n; j < n; j++) sum[j] += activation[i] * this.matrix[at + j];
    return sum;
  }

  /** The features that pre-activations give. @param {Float64Array} below */
  again(below) {
    return this.above(below.map(sigmoid)).map(sigmoid);
  }

  /**
   * @param {Float64Array} seen features @param {number} noise on each @param {number} doubt a further error along them
   */
  find(seen, noise, doubt) {
    const sigma = Math.max(FAINT, noise), low = within(2 * sigma, 1e-7, 0.2);
    const share = doubt ** 2 / (doubt ** 2 + sigma ** 2);
    const length = Math.max(1e-30, norm(seen)), along = seen.map(value => value / length);
    const inside = seen.map(value => within(value, low, 1 - low)), slope = inside.map(steep);
    const slant = this.mean.map(value => steep(sigmoid(value))), usual = this.above(this.activation);
    const misfit = inside.map((value, j) => (logit(value) - usual[j]) * slope[j]);
    const start = this.step(this.mean, misfit, { slant, slope, along, sigma, share });
    let below = start.map((value, i) =>
      logit(within(this.activation[i] + (value - this.mean[i]) * slant[i], EDGE, 1 - EDGE)));
    for (let k = 0, moved = Infinity; k < MOST && moved >= SETTLED; k++) {
      const again = this.again(below), before = below;
      below = this.step(before, seen.map((value, j) => value - again[j]),
        { slant: before.map(value => steep(sigmoid(value))), slope: again.map(steep), along, sigma, share });
      moved = Math.sqrt(below.reduce((sum, value, i) => sum + (value - before[i]) ** 2, 0) / this.size);
    }
    return below;
  }

  /**
   * Least squares of the layer, linearised at `below`, and of the prior.
   * @param {Float64Array} below @param {Float64Array} misfit
   * @param {{ slant: Float64Array, slope: Float64Array, along: Float64Array, sigma: number, share: number }} at the
   * derivatives of both sigmoids, and the noise
   */
  step(below, misfit, { slant, slope, along, sigma, share }) {
    const n = this.size, jacobian = new Float64Array(n * n), target = Float64Array.from(misfit);
    for (let i = 0; i < n; i++) {
      const moved = below[i] - this.mean[i];
      for (let j = 0, at = i * n; j < n; j++) {
        jacobian[at + j] = slant[i] * this.matrix[at + j] * slope[j];
        target[j] += moved * jacobian[at + j];
      }
    }
    const error = share * inner(along, target);
    target.forEach((value, j) => { target[j] = value - error * along[j]; });
    const row = (/** @type {number} */ i) => jacobian.subarray(i * n, (i + 1) * n);
    const column = along.map((_, i) => inner(row(i), along)), normal = new Float64Array(n * n);
    dots(n, n, n, jacobian, jacobian, normal, false);
    for (let i = 0; i < n; i++)
      for (let j = 0, at = i * n; j < n; j++)
        normal[at + j] = (normal[at + j] - share * column[i] * column[j]) / sigma ** 2 + this.precision[at + j];
    const found = solved(normal, along.map((_, i) => inner(row(i), target) / sigma ** 2));
    return found.map((value, i) => this.mean[i] + value);
  }
}

/** A Gaussian's inverse covariance from its axes. @param {Float64Array} axes @param {Float64Array} variances */
function precision(axes, variances) {
  const n = variances.length, found = new Float64Array(n * n);
  dots(n, n, n, axes.map((value, at) => value / Math.max(1e-12, variances[at % n])), axes, found, false);
  return found;
}

/** x of A x = b by Cholesky's factors, for a positive definite A, which is overwritten.
 * @param {Float64Array} a (n,n) @param {Float64Array} b
 */
function solved(a, b) {
  const n = b.length, x = Float64Array.from(b), row = (/** @type {number} */ i) => i * n;
  for (let i = 0; i < n; i++)
    for (let j = 0, p = row(i); j <= i; j++) {
      const q = row(j);
      let sum = a[p + j];
      for (let k = 0; k < j; k++) sum -= a[p + k] * a[q + k];
      a[p + j] = i === j ? Math.sqrt(sum) : sum / a[q + j];
    }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= a[row(i) + k] * x[k];
    x[i] /= a[row(i) + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    x[i] /= a[row(i) + i];
    for (let k = 0; k < i; k++) x[k] -= a[row(i) + k] * x[i];
  }
  return x;
}

/**
 * A convolution of stride 1 that keeps the size, as the matrix (inputs, outputs).
 * @param {Float32Array} weight (O,C,k,k) @param {number} channels @param {number} filters @param {number} kernel
 * @param {number} side
 */
function unrolled(weight, channels, filters, kernel, side) {
  const places = side * side, outputs = filters * places, reach = kernel >> 1;
  const matrix = new Float64Array(channels * places * outputs);
  for (let out = 0; out < outputs; out++) {
    const filter = Math.floor(out / places), y = Math.floor((out % places) / side), x = out % side;
    for (let c = 0; c < channels; c++)
      for (let dy = 0; dy < kernel; dy++)
        for (let dx = 0; dx < kernel; dx++) {
          const v = y + dy - reach, u = x + dx - reach;
          if (v < 0 || u < 0 || v >= side || u >= side) continue;
          matrix[(c * places + v * side + u) * outputs + out] =
            weight[((filter * channels + c) * kernel + dy) * kernel + dx];
        }
  }
  return matrix;
}
