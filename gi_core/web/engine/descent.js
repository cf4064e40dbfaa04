/** Adam on pictures, kept in the box, the best iterate remembered: `gi_core.inversion.descent`. */

/**
 * @typedef {{ count: number, lr: number, signed: boolean, decay: boolean, box: boolean }} Steps
 *   `lr` in normalised pixels; `decay`: x 0.1 at 3/8, 5/8 and 7/8 of the way (Geiping et al. 2020)
 */

const BETA1 = 0.9, BETA2 = 0.999, EPS = 1e-8;

/**
 * Yields `count` + 1 frames: each iterate with its own loss, the last without a step after it.
 * @param {(x: Float32Array, gradient: any) => import("./matching.js").Value} evaluate
 * @param {Float32Array} start (B,C,H,W) in [0,1] @param {import("./victim.js").Victim} victim @param {Steps} steps
 * @param {import("./matrix.js").Machine} machine
 * @returns {Generator<Omit<import("./observation.js").Frame, "restart">>}
 */
export function* descend(evaluate, start, victim, { count, lr, signed, decay, box }, machine) {
  const x = start.slice(), u = new Float32Array(x.length), step = adam(u), gradient = machine.room(x.length);
  const { mean, std, shape: [channels, height, width] } = victim, places = height * width;
  victim.normalise(x, u);
  const milestones = new Set(decay ? [3, 5, 7].map(eighths => Math.floor((count * eighths) / 8)) : []);
  const best = x.slice();
  let lowest = Infinity, rate = lr;
  for (let i = 0; i <= count; i++) {
    for (let j = 0; j < x.length; j++) {
      const c = Math.floor(j / places) % channels;
      x[j] = u[j] * std[c] + mean[c];
    }
    const { loss, terms } = evaluate(x, gradient);
    if (loss < lowest) {
      lowest = loss;
      best.set(x);
    }
    yield { iteration: i, pictures: box ? best : best.map(clamp), loss, terms };
    if (i === count) return;
    if (milestones.has(i)) rate *= 0.1;
    if (signed) for (let j = 0; j < gradient.length; j++) gradient[j] = Math.sign(gradient[j]);
    else for (let j = 0; j < gradient.length; j++) gradient[j] *= std[Math.floor(j / places) % channels];
    step(gradient, rate);
    if (box)
      for (let j = 0; j < u.length; j++) {
        const c = Math.floor(j / places) % channels;
        u[j] = Math.min(Math.max(u[j], -mean[c] / std[c]), (1 - mean[c]) / std[c]);
      }
  }
}

export const clamp = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));

/** Kingma and Ba 2015, Algorithm 1, in place. @param {Float32Array} x */
function adam(x) {
  const first = new Float32Array(x.length), second = new Float32Array(x.length);
  let count = 0;
  return (/** @type {any} */ gradient, /** @type {number} */ rate) => {
    count++;
    const rise = rate / (1 - BETA1 ** count), root = Math.sqrt(1 - BETA2 ** count);
    for (let i = 0; i < x.length; i++) {
      const g = gradient[i], m = (first[i] += (1 - BETA1) * (g - first[i]));
      const v = (second[i] = BETA2 * second[i] + (1 - BETA2) * g * g);
      x[i] -= (rise * m) / (Math.sqrt(v) / root + EPS);
    }
  };
}
