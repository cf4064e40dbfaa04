/**
 * Limited-memory BFGS with whole steps, as DLG uses PyTorch's: `gi_core.inversion.lbfgs`. Nocedal and Wright,
 * Algorithm 7.4.
 */

import { clamp } from "./descent.js";
import { inner } from "./objective.js";

const INNER = 20, HISTORY = 100, GRADIENT = 1e-7, CHANGE = 1e-9;

/**
 * @typedef {{ loss: number, terms: Record<string, number> }} Value
 * @typedef {(x: Float32Array, gradient: Float32Array) => Value} Evaluate
 */

/** @param {Float32Array} values */
function largest(values) {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

/** The memory of past steps, and the direction it gives. */
class Memory {
  /** @type {{ y: Float32Array, s: Float32Array, ro: number, al: number }[]} */ pairs = [];
  scale = 1;

  /** @param {Float32Array} y change of the gradient @param {Float32Array} s the step */
  learn(y, s) {
    const ys = inner(y, s);
    if (!(ys > 1e-10)) return;
    if (this.pairs.length === HISTORY) this.pairs.shift();
    this.pairs.push({ y, s, ro: 1 / ys, al: 0 });
    this.scale = ys / inner(y, y);
  }

  /** -H g. @param {Float32Array} g */
  direction(g) {
    const q = g.map(value => -value);
    for (let i = this.pairs.length - 1; i >= 0; i--) {
      const pair = this.pairs[i], { y, s, ro } = pair, al = (pair.al = inner(s, q) * ro);
      for (let j = 0; j < q.length; j++) q[j] -= al * y[j];
    }
    for (let j = 0; j < q.length; j++) q[j] *= this.scale;
    for (const { y, s, ro, al } of this.pairs) {
      const by = al - inner(y, q) * ro;
      for (let j = 0; j < q.length; j++) q[j] += by * s[j];
    }
    return q;
  }
}

/**
 * An optimiser that keeps its memory from one outer step to the next.
 * @param {Float32Array} x in place @param {number} lr
 */
function lbfgs(x, lr) {
  const memory = new Memory(), gradient = new Float32Array(x.length);
  /** @type {Float32Array | null} */ let before = null;
  /** @type {Float32Array} */ let d = gradient;
  let t = lr, done = 0;
  /** At most 20 iterations of one evaluation each. @param {Evaluate} evaluate @returns {Generator<null>} */
  return function* (evaluate) {
    let { loss } = evaluate(x, gradient);
    if (largest(gradient) <= GRADIENT) return;
    for (let i = 1; i <= INNER; i++) {
      done++;
      if (before) memory.learn(gradient.map((g, j) => g - /** @type {any} */ (before)[j]), d.map(value => value * t));
      d = memory.direction(gradient);
      before = gradient.slice();
      t = done === 1 ? Math.min(1, 1 / gradient.reduce((sum, g) => sum + Math.abs(g), 0)) * lr : lr;
      if (inner(gradient, d) > -CHANGE) return;
      for (let j = 0; j < x.length; j++) x[j] += t * d[j];
      if (i === INNER) return;
      const old = loss;
      loss = evaluate(x, gradient).loss;
      yield null;
      if (largest(gradient) <= GRADIENT || largest(d) * t <= CHANGE || Math.abs(loss - old) < CHANGE) return;
    }
  };
}

/**
 * One frame per outer step, null in between; pictures are those of the lowest loss, in [0,1].
 * @param {Evaluate} evaluate @param {Float32Array} start the pictures, and behind them what descends along
 * @param {{ count: number, pixels: number, lr: number, box: boolean, patience: number, below: number }} how
 *   `pixels`: how many of the variables are pictures; `patience`: outer steps in which the loss must halve, 0: any;
 *   `below`: a loss that ends the search
 * @returns {Generator<Omit<import("./observation.js").Frame, "restart"> & { lowest: number } | null>}
 */
export function* minimise(evaluate, start, { count, pixels, lr, box, patience, below }) {
  const x = start.slice(), step = lbfgs(x, lr), gradient = new Float32Array(x.length);
  let now = evaluate(x, gradient), lowest = now.loss, milestone = lowest, waited = 0, best = x.slice(0, pixels);
  for (let i = 0; i <= count; i++) {
    yield { iteration: i, pictures: best.map(clamp), ...now, lowest };
    if (i === count || lowest < below || (patience > 0 && (waited >= patience || !Number.isFinite(now.loss)))) return;
    yield* step(evaluate);
    if (box) for (let j = 0; j < pixels; j++) x[j] = clamp(x[j]);
    now = evaluate(x, gradient);
    if (now.loss < lowest) {
      best = x.slice(0, pixels);
      lowest = now.loss;
    }
    waited++;
    if (lowest < 0.5 * milestone) {
      milestone = lowest;
      waited = 0;
    }
  }
}
