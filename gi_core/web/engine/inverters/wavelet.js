/** Haar wavelets of maps: details below the noise are taken out, what was taken out tells how much noise there is. */

const FINEST = 0.6745, LEVELS = 2, TINY = 1e-12;

/**
 * One level on each (H,W) map, orthonormal: averages in the first quarter, details of three kinds in the others.
 * @param {Float64Array} x (C,H,W) @param {number} channels @param {number} height @param {number} width
 */
function down(x, channels, height, width) {
  const places = (height * width) / 4, made = new Float64Array(x.length), all = channels * places;
  for (let c = 0, to = 0; c < channels; c++)
    for (let i = 0; i < height; i += 2)
      for (let j = 0; j < width; j += 2, to++) {
        const at = (c * height + i) * width + j, a = x[at], b = x[at + 1], d = x[at + width], e = x[at + width + 1];
        made[to] = (a + b + d + e) / 2;
        made[all + to] = (a + b - d - e) / 2;
        made[2 * all + to] = (a - b + d - e) / 2;
        made[3 * all + to] = (a - b - d + e) / 2;
      }
  return made;
}

/**
 * The way back.
 * @param {Float64Array} made @param {number} channels @param {number} height @param {number} width
 */
function up(made, channels, height, width) {
  const all = (channels * height * width) / 4, x = new Float64Array(made.length);
  for (let c = 0, from = 0; c < channels; c++)
    for (let i = 0; i < height; i += 2)
      for (let j = 0; j < width; j += 2, from++) {
        const at = (c * height + i) * width + j;
        const m = made[from], h = made[all + from], v = made[2 * all + from], d = made[3 * all + from];
        x[at] = (m + h + v + d) / 2;
        x[at + 1] = (m + h - v - d) / 2;
        x[at + width] = (m - h + v - d) / 2;
        x[at + width + 1] = (m - h - v + d) / 2;
      }
  return x;
}

/** @param {Float64Array} values */
function median(values) {
  const sorted = values.slice().sort(), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * Soft threshold sigma sqrt(2 ln d), sigma = median |finest detail| / 0.6745 (VisuShrink, Donoho and Johnstone 1994).
 * @param {Float64Array} x (C,H,W) @param {[number, number, number]} shape sides are multiples of 4
 */
export function refine(x, [channels, height, width]) {
  const levels = [];
  let coarse = x;
  for (let level = 0, h = height, w = width; level < LEVELS; level++, h /= 2, w /= 2) {
    const made = down(coarse, channels, h, w);
    levels.push({ made, h, w });
    coarse = made.slice(0, made.length / 4);
  }
  const finest = levels[0].made.slice((3 * x.length) / 4).map(Math.abs);
  const least = (median(finest) / FINEST) * Math.sqrt(2 * Math.log(x.length));
  for (const { made, h, w } of levels.reverse()) {
    made.set(coarse);
    for (let i = made.length / 4; i < made.length; i++)
      made[i] = Math.sign(made[i]) * Math.max(0, Math.abs(made[i]) - least);
    coarse = up(made, channels, h, w);
  }
  return coarse;
}

/** Venom's T = 2 ln(1 + |x - c|^2 / |c|^2). @param {Float64Array} x @param {Float64Array} refined */
export function strength(x, refined) {
  let removed = 0, size = 0;
  for (let i = 0; i < x.length; i++) {
    removed += (x[i] - refined[i]) ** 2;
    size += refined[i] ** 2;
  }
  return 2 * Math.log1p(removed / Math.max(TINY, size));
}
