/** What the client does to its gradient before it leaves: `gi_core.defenses`, with the same draws. */

import { figure, truth } from "./component.js";

/**
 * @typedef {import("./component.js").Component} Component
 * @typedef {Float32Array} Update all tensors one after another
 * @typedef {(update: Update, cut: (update: Update) => Update[], options: Record<string, string>,
 *   generator: import("./random.js").Generator) => void} Change in place
 */

/** @param {ArrayLike<number>} values */
function length(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return Math.sqrt(sum);
}

/** g min(1, C/|g|), Abadi et al. 2016, Algorithm 1. @type {Change} */
function clip(update, cut, { norm, scope }) {
  const most = figure(norm, 1);
  for (const part of scope === "tensor" ? cut(update) : [update]) {
    const factor = Math.min(1, most / Math.max(length(part), 1e-38));
    for (let i = 0; i < part.length; i++) part[i] *= factor;
  }
}

/** Every entry plus N(0, sigma^2). @type {Change} */
function gaussian(update, cut, { sigma }, generator) {
  const scale = figure(sigma, 0.01);
  for (const part of cut(update)) {
    const noise = generator.normals(part.length);
    for (let i = 0; i < part.length; i++) part[i] += Math.fround(scale * noise[i]);
  }
}

/** The largest entries stay, the others become zero: Lin et al. 2018. @type {Change} */
function topk(update, cut, { keep, scope }) {
  for (const part of scope === "tensor" ? cut(update) : [update]) {
    const count = Math.max(1, even(figure(keep, 0.1) * part.length));
    const order = Uint32Array.from(part, (_, i) => i).sort((a, b) => Math.abs(part[b]) - Math.abs(part[a]));
    for (let i = count; i < order.length; i++) part[order[i]] = 0;
  }
}

/** Round to the nearest whole number, halves to the even one, as Python does. @param {number} value */
export const even = value => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

/** One bit an entry: Bernstein et al. 2018. @type {Change} */
function sign(update) {
  for (let i = 0; i < update.length; i++) update[i] = Math.sign(update[i]);
}

/** A few levels, up or down at random: Alistarh et al. 2017, eq. 2. @type {Change} */
function quantize(update, cut, { bits, stochastic, scale }, generator) {
  const levels = 2 ** (figure(bits, 4) - 1) - 1, random = truth(stochastic, true);
  for (const part of cut(update)) {
    const most = scale === "l2" ? length(part) : part.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const norm = Math.max(Math.fround(most), 1.1754943508222875e-38);
    for (let i = 0; i < part.length; i++) {
      const level = Math.fround(Math.fround(Math.abs(part[i]) / norm) * levels);
      const rounded = random ? Math.floor(Math.fround(level + generator.uniform())) : even(level);
      part[i] = Math.sign(part[i]) * rounded * Math.fround(norm / levels);
    }
  }
}

/** @type {Record<string, Change>} */
export const DEFENSES = { clip, gaussian, topk, sign, quantize };

/** Whether a defense acts on each picture's own gradient. @param {Component} defense */
const perExample = ({ name, options }) => name === "clip" && options.per !== "update";

/**
 * The update of a client, defended: clips of each picture's gradient, their mean, then the others in their order.
 * @param {Component[]} stack @param {number} batch
 * @param {(i: number) => Update} gradientOf each picture's own gradient @param {() => Update} gradient the mean one
 * @param {(update: Update) => Update[]} cut
 * @param {import("./random.js").Generator} generator
 */
export function defended(stack, batch, gradientOf, gradient, cut, generator) {
  const first = stack.filter(perExample);
  const update = first.length ? mean(batch, i => {
    const own = gradientOf(i);
    first.forEach(({ options }) => clip(own, cut, options, generator));
    return own;
  }) : gradient();
  for (const { name, options } of stack.filter(defense => !perExample(defense)))
    DEFENSES[name](update, cut, options, generator);
  return update;
}

/** @param {number} count @param {(i: number) => Update} of */
function mean(count, of) {
  const sum = of(0).slice();
  for (let i = 1; i < count; i++) of(i).forEach((value, j) => { sum[j] += value; });
  return sum.map(value => value / count);
}
