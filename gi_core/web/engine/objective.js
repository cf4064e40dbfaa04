/**
 * Distances between the observed update and a guess's, each with its derivative in the guess:
 * `gi_core.inversion.objectives`.
 */

/** @typedef {Float32Array | Float64Array} Numbers */
/**
 * A distance: its value at the guess, which it replaces by the derivative there.
 * @typedef {(guess: Numbers) => number} Distance
 */

/** @param {Numbers} a @param {Numbers} b */
export function inner(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** @param {Numbers} a */
export const norm = a => Math.sqrt(inner(a, a));

/** @type {Record<string, (target: Numbers) => Distance>} */
export const OBJECTIVES = {
  /** 1 - <g, t> / (|g| |t|), Geiping et al. 2020, eq. 4. */
  cosine(target) {
    const length = Math.max(norm(target), 1e-30), unit = target.map(value => value / length);
    return guess => {
      const own = Math.max(norm(guess), 1e-30), cosine = inner(guess, unit) / own;
      for (let i = 0; i < guess.length; i++) guess[i] = ((guess[i] * cosine) / own - unit[i]) / own;
      return 1 - cosine;
    };
  },
  /** Sum of squared differences, Zhu et al. 2019, eq. 1. */
  l2: target => guess => {
    let sum = 0;
    for (let i = 0; i < guess.length; i++) {
      const apart = guess[i] - target[i];
      sum += apart * apart;
      guess[i] = 2 * apart;
    }
    return sum;
  },
  /** Sum of absolute differences. */
  l1: target => guess => {
    let sum = 0;
    for (let i = 0; i < guess.length; i++) {
      const apart = guess[i] - target[i];
      sum += Math.abs(apart);
      guess[i] = Math.sign(apart);
    }
    return sum;
  },
  /** 1 - <g, s> / |g|_1 for an update of signs s. */
  "sign-alignment"(target) {
    const signs = target.map(Math.sign);
    return guess => {
      let length = 0, along = 0;
      for (let i = 0; i < guess.length; i++) {
        length += Math.abs(guess[i]);
        along += guess[i] * signs[i];
      }
      length = Math.max(length, 1e-30);
      const aligned = along / length;
      for (let i = 0; i < guess.length; i++) guess[i] = (aligned * Math.sign(guess[i]) - signs[i]) / length;
      return 1 - aligned;
    };
  },
};
