/** How alike two pictures are: `gi_core.metrics.image`, pixels clamped to [0,1]. */

import { clamp } from "./descent.js";

const WINDOW = 11, SIGMA = 1.5, CAP = 100;

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function mse(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (clamp(a[i]) - clamp(b[i])) ** 2;
  return sum / a.length;
}

/**
 * -10 log10 of the mean squared error, in dB, at most 100.
 * @param {ArrayLike<number>} a @param {ArrayLike<number>} b
 */
export const psnr = (a, b) => -10 * Math.log10(Math.max(mse(a, b), 10 ** (-CAP / 10)));

const GAUSS = (() => {
  const raw = Array.from({ length: WINDOW }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * SIGMA ** 2)));
  const sum = raw.reduce((total, value) => total + value, 0);
  return raw.map(value => value / sum);
})();

/** A map smoothed where the window fits. @param {Float64Array} map @param {number} height @param {number} width */
function smooth(map, height, width) {
  const wide = width - WINDOW + 1, high = height - WINDOW + 1;
  const across = new Float64Array(height * wide), both = new Float64Array(high * wide);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < wide; x++)
      for (let k = 0; k < WINDOW; k++) across[y * wide + x] += GAUSS[k] * map[y * width + x + k];
  for (let y = 0; y < high; y++)
    for (let k = 0; k < WINDOW; k++)
      for (let x = 0; x < wide; x++) both[y * wide + x] += GAUSS[k] * across[(y + k) * wide + x];
  return both;
}

/**
 * Structural similarity, Wang et al. 2004: 11x11 Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03.
 * @param {ArrayLike<number>} a (C,H,W) @param {ArrayLike<number>} b @param {[number, number, number]} shape
 */
export function ssim(a, b, [channels, height, width]) {
  const places = height * width, c1 = 0.01 ** 2, c2 = 0.03 ** 2;
  let sum = 0, count = 0;
  for (let c = 0; c < channels; c++) {
    const x = Float64Array.from({ length: places }, (_, i) => clamp(a[c * places + i]));
    const y = Float64Array.from({ length: places }, (_, i) => clamp(b[c * places + i]));
    const of = (/** @type {(i: number) => number} */ value) => smooth(x.map((_, i) => value(i)), height, width);
    const mx = of(i => x[i]), my = of(i => y[i]);
    const xx = of(i => x[i] * x[i]), yy = of(i => y[i] * y[i]), xy = of(i => x[i] * y[i]);
    for (let i = 0; i < mx.length; i++, count++) {
      const mean = 2 * mx[i] * my[i] + c1, both = 2 * (xy[i] - mx[i] * my[i]) + c2;
      sum += (mean * both) / ((mx[i] ** 2 + my[i] ** 2 + c1) * (xx[i] - mx[i] ** 2 + (yy[i] - my[i] ** 2) + c2));
    }
  }
  return sum / count;
}

/** The pictures of a batch. @param {Float32Array} pictures @param {number} size */
export const each = (pictures, size) =>
  Array.from({ length: pictures.length / size }, (_, i) => pictures.subarray(i * size, (i + 1) * size));

/**
 * The pictures in the order of the truth: the smallest total squared error over all orders, by dynamic programming over
 * subsets (Held and Karp 1962), exact for the batches run here.
 * @param {Float32Array} pictures (B,C,H,W) @param {Float32Array} truth
 */
export function match(pictures, truth, size = truth.length) {
  const found = each(pictures, size), own = each(truth, size), n = own.length;
  if (n === 1) return pictures;
  const costs = own.map(a => found.map(b => mse(a, b)));
  const least = new Float64Array(1 << n).fill(Infinity), choice = new Int8Array(1 << n);
  least[0] = 0;
  for (let taken = 0; taken < 1 << n; taken++) {
    const row = bits(taken);
    for (let j = 0; j < n && row < n; j++) {
      const next = taken | (1 << j), cost = least[taken] + costs[row][j];
      if (next !== taken && cost < least[next]) {
        least[next] = cost;
        choice[next] = j;
      }
    }
  }
  const ordered = new Float32Array(pictures.length);
  for (let taken = (1 << n) - 1, row = n - 1; row >= 0; row--) {
    ordered.set(found[choice[taken]], row * size);
    taken ^= 1 << choice[taken];
  }
  return ordered;
}

/** @param {number} set */
function bits(set) {
  let count = 0;
  for (; set; set &= set - 1) count++;
  return count;
}
