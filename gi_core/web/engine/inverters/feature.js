/**
 * From the head's gradient of one picture to its features: `gi_core.networks.features`. dL/dW = delta h^T, dL/db =
 * delta, where h are the features and delta = softmax(logits) - onehot(label).
 */

import { inner, norm } from "../objective.js";

const TINY = 1e-12;

/**
 * @typedef {object} Feature
 * @property {Float64Array} direction (d,) of norm 1, noise included @property {Float64Array} delta (K,) of norm 1
 * @property {number} noise standard deviation on each coordinate of `direction`
 * @property {boolean} empty no class stood out
 * @typedef {{ weight: Float32Array, bias: Float32Array }} Head (K,d) and (K,)
 */

/** Rows times a vector. @param {Float32Array} weight (K,d) @param {ArrayLike<number>} x (d,) @param {number} rows */
function along(weight, x, rows) {
  return Float64Array.from({ length: rows }, (_, k) => {
    let sum = 0;
    for (let j = 0; j < x.length; j++) sum += weight[k * x.length + j] * x[j];
    return sum;
  });
}

/** Shares of rows. @param {ArrayLike<number>} share (K,) @param {Float32Array} weight (K,d) */
export function mixed(share, weight) {
  const width = weight.length / share.length, sum = new Float64Array(width);
  for (let k = 0; k < share.length; k++) for (let j = 0; j < width; j++) sum[j] += share[k] * weight[k * width + j];
  return sum;
}

/**
 * The eigenvector of a symmetric matrix's largest eigenvalue, by Jacobi's rotations (Golub and Van Loan, section 8.5).
 * @param {Float64Array[]} rows changed
 */
export function leading(rows) {
  const n = rows.length, vectors = rows.map((_, i) => Float64Array.from(rows, (_, j) => Number(i === j)));
  const off = () => rows.reduce((sum, row, i) => sum + row.reduce((s, v, j) => s + (i === j ? 0 : v * v), 0), 0);
  const size = rows.reduce((sum, row) => sum + inner(/** @type {any} */ (row), row), 0);
  for (let sweep = 0; sweep < 60 && off() > 1e-28 * size; sweep++)
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(rows, vectors, p, q);
  const most = rows.reduce((best, row, i) => (row[i] > rows[best][best] ? i : best), 0);
  return Float64Array.from(vectors, row => row[most]);
}

/** Make (p,q) zero. @param {Float64Array[]} a @param {Float64Array[]} v @param {number} p @param {number} q */
function rotate(a, v, p, q) {
  if (a[p][q] === 0) return;
  const tau = (a[q][q] - a[p][p]) / (2 * a[p][q]), t = (tau < 0 ? -1 : 1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
  const c = 1 / Math.sqrt(1 + t * t), s = t * c;
  const turn = (/** @type {Float64Array} */ row) => {
    const x = row[p], y = row[q];
    row[p] = c * x - s * y;
    row[q] = s * x + c * y;
  };
  a.forEach(turn);
  v.forEach(turn);
  const above = a[p], below = a[q];
  a[p] = above.map((x, i) => c * x - s * below[i]);
  a[q] = above.map((x, i) => s * x + c * below[i]);
}

/** The best rank-one fit of [dL/dW | dL/db]: the matched filter without knowing the noise. @param {Head} head */
export function rankOne({ weight, bias }) {
  const classes = bias.length, width = weight.length / classes;
  const row = (/** @type {number} */ k) => weight.subarray(k * width, (k + 1) * width);
  const gram = Array.from(bias, (one, k) => Float64Array.from(bias, (other, l) => one * other + inner(row(k), row(l))));
  let delta = leading(gram);
  if (mixed(delta, weight).reduce((sum, value) => sum + value, 0) < 0) delta = delta.map(value => -value);
  return described(mixed(delta, weight), delta, weight, false);
}

/**
 * Structural prior extraction, Venom eq. 2-5: the classes whose energy |dL/dW_j| |dL/db_j| stands out, by their shares
 * of it.
 * @param {Head} head
 */
export function spe({ weight, bias }) {
  const classes = bias.length, width = weight.length / classes;
  const energy = Array.from(bias, (b, k) => norm(weight.subarray(k * width, (k + 1) * width)) * Math.abs(b));
  const mean = energy.reduce((sum, e) => sum + e, 0) / classes;
  const spread = Math.sqrt(energy.reduce((sum, e) => sum + (e - mean) ** 2, 0) / (classes - 1));
  const least = mean + Math.min(2, Math.sqrt(Math.log(classes))) * spread, empty = energy.every(e => e <= least);
  const used = empty ? energy.map(e => (e === Math.max(...energy) ? e : 0)) : energy.map(e => (e > least ? e : 0));
  const all = Math.max(TINY, used.reduce((sum, e) => sum + e, 0));
  const ratio = used.map((e, k) => e / all / (Math.abs(bias[k]) < TINY ? TINY : bias[k]));
  const size = Math.max(TINY, norm(bias));
  return described(mixed(ratio, weight), Float64Array.from(bias, b => b / size), weight, empty);
}

/**
 * @param {Float64Array} feature @param {Float64Array} delta @param {Float32Array} weight @param {boolean} empty
 * @returns {Feature}
 */
function described(feature, delta, weight, empty) {
  const size = Math.max(TINY, norm(feature)), direction = feature.map(value => value / size), width = feature.length;
  const classes = delta.length, found = along(weight, direction, classes);
  let left = 0;
  for (let k = 0; k < classes; k++)
    for (let j = 0; j < width; j++) left += (weight[k * width + j] - found[k] * direction[j]) ** 2;
  const sigma = Math.sqrt(left / ((classes - 1) * (width - 1)));
  const share = signalShare(norm(found) / Math.max(TINY, sigma * Math.sqrt(width)), classes / width);
  return { direction, delta, noise: Math.max(1e-9, Math.sqrt((1 - share) / width)), empty };
}

/**
 * Squared cosine between the noisy and the true right singular vector of a rank-one matrix (Benaych-Georges and
 * Nadakuditi 2012; Gavish and Donoho 2017); 0 where the signal is lost in the noise.
 * @param {number} top singular value over sigma sqrt(d) @param {number} aspect K/d
 */
function signalShare(top, aspect) {
  if (top <= 1 + Math.sqrt(aspect)) return 0;
  const bulk = top * top - aspect - 1, spike = (bulk + Math.sqrt(Math.max(0, bulk * bulk - 4 * aspect))) / 2;
  return Math.min(1, Math.max(0, 1 - (aspect + spike) / (spike * spike + spike)));
}

/**
 * What the softmax says about the norm s of the features: s times its precision, and the precision.
 * `gi_core.networks.features.scale_evidence`.
 * @param {Feature} feature @param {Head} head of the victim @param {number} usual about how large s is
 */
export function scaleEvidence({ direction, delta, noise }, { weight, bias }, usual) {
  const classes = delta.length, label = delta.indexOf(Math.min(...delta)), slope = along(weight, direction, classes);
  const width = direction.length, size = (/** @type {number} */ k) => norm(weight.subarray(k * width, (k + 1) * width));
  const shares = delta.map((d, k) =>
    (k !== label && d > 3 * noise ? 1 / ((noise / d) ** 2 + (usual * noise * size(k)) ** 2) : 0));
  const value = delta.map((d, k) => Math.log(Math.max(1e-30, d)) - bias[k]);
  const total = Math.max(TINY, shares.reduce((sum, share) => sum + share, 0));
  const centre = (/** @type {Float64Array} */ of) => inner(shares, of) / total, s0 = centre(slope), v0 = centre(value);
  let top = 0, precision = 0;
  shares.forEach((share, k) => {
    top += share * (slope[k] - s0) * (value[k] - v0);
    precision += share * (slope[k] - s0) ** 2;
  });
  return { top, precision };
}
