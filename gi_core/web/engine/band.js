/**
 * What the wire shows of an update: entries of it as shades, and how much of it is noise.
 * `gi_core.studies.atlas.band`.
 */

import { even } from "./defenses.js";

const ROWS = 12, COLUMNS = 64;

/** COLUMNS shared out by the square root of the sizes, at least one each. @param {number[]} sizes */
function widths(sizes) {
  const roots = sizes.map(Math.sqrt), all = roots.reduce((sum, root) => sum + root, 0);
  let sum = 0;
  const ends = roots.map(root => even((sum += 1 + (root / all) * (COLUMNS - sizes.length))));
  return ends.map((end, i) => end - (i ? ends[i - 1] : 0));
}

/**
 * `count` whole numbers evenly from `first` to `last`.
 * @param {number} first @param {number} last @param {number} count
 */
const spaced = (first, last, count) =>
  Array.from({ length: count }, (_, i) => even(first + ((last - first) * i) / Math.max(1, count - 1)));

/**
 * The rank of each entry's magnitude among those shown of its layer, 0 to 255.
 * @param {Float32Array} layer @param {number} height @param {number} width
 */
function shades(layer, height, width) {
  const columns = layer.length / height, places = Array.from({ length: width }, (_, i) =>
    even(((columns - 1) * (i + 1)) / (width + 1)));
  const entries = spaced(0, height - 1, ROWS).flatMap(row => places.map(at => Math.abs(layer[row * columns + at])));
  const sorted = Float64Array.from(entries).sort();
  return entries.map(entry => even((255 * lower(sorted, entry)) / Math.max(1, entries.length - 1)));
}

/** How many are below. @param {Float64Array} sorted @param {number} value */
function lower(sorted, value) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * ROWS x COLUMNS shades, layer after layer, as base64.
 * @param {Float32Array} update @param {number[][]} shapes @param {(update: any) => Float32Array[]} cut
 */
export function band(update, shapes, cut) {
  const weights = cut(update).map((part, i) => ({ part, height: shapes[i][0] })).filter((_, i) => shapes[i].length > 1);
  const chosen = spaced(0, weights.length - 1, Math.min(weights.length, COLUMNS)).map(i => weights[i]);
  const wide = widths(chosen.map(({ part }) => part.length));
  const blocks = chosen.map(({ part, height }, i) => shades(part, height, wide[i]));
  const rows = Array.from({ length: ROWS }, (_, row) =>
    blocks.flatMap((block, i) => block.slice(row * wide[i], (row + 1) * wide[i])));
  return btoa(String.fromCharCode(...rows.flat()));
}

/** |sent - a clean|^2 / |sent|^2 with the a that fits best. @param {Float32Array} clean @param {Float32Array} sent */
export function noiseShare(clean, sent) {
  let overlap = 0, energy = 0, size = 0;
  for (let i = 0; i < clean.length; i++) {
    overlap += clean[i] * sent[i];
    energy += clean[i] ** 2;
    size += sent[i] ** 2;
  }
  return energy && size ? Math.min(1, Math.max(0, 1 - overlap ** 2 / (energy * size))) : Number(size > 0);
}
