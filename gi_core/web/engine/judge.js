/**
 * Was it read out, or made up? A picture beside its control's and a line-up, in the four levels of
 * `gi_core.evaluation.verdict`, whose table and thresholds these are.
 */

import { each, match, mse, psnr, ssim } from "./metrics.js";

export const WORDS = ["Nothing", "Colours and layout", "Recognisable", "Faithful"], TOO_SHORT = "Too short to tell";
const SIGNIFICANCE = 0.05, IDENTIFIED = 0.02, STRUCTURE = [0.1, 0.85, 0.95], PIXELS = 0.25;
const TWIN = 1e-2, DECOYS = 99, FALLING = 0.1, LEAST = 6;

/**
 * @typedef {object} Likeness of one picture
 * @property {number} ssim @property {number} mse @property {number} control_ssim @property {number} control_mse
 * @property {number} rank @property {number} control_rank @property {number} candidates
 * @property {number} structure share of the control's missing similarity that the attack adds
 * @property {number} pixels share of the control's squared error that it removes
 *
 * @typedef {{ level: number, code: string, number: string, value: number, threshold: number }} Finding
 */

/** Pictures that show none of the true ones. @param {Float32Array[]} others @param {Float32Array[]} truth */
export const decoys = (others, truth) =>
  others.filter(other => truth.every(own => mse(other, own) > TWIN)).slice(0, DECOYS);

/**
 * The rank of the truth among itself and the decoys; ties count against the attack.
 * @param {ArrayLike<number>} picture @param {ArrayLike<number>} truth @param {Float32Array[]} others
 */
export function rank(picture, truth, others) {
  const own = mse(picture, truth);
  return 1 + others.filter(other => mse(picture, other) <= own).length;
}

/** @param {Likeness} like @param {number} pictures in the batch @returns {Finding} */
export function finding({ rank, control_rank, candidates, structure, pixels }, pictures) {
  if (rank <= Math.max(1, IDENTIFIED * candidates) && structure >= STRUCTURE[1]) {
    const level = structure >= STRUCTURE[2] ? 3 : 2;
    return found(level, level === 3 ? "copy" : "recognised", "structure", structure, STRUCTURE[level - 1]);
  }
  const allowed = Math.max(1, (SIGNIFICANCE / pictures) * candidates);
  if (rank > allowed) return found(0, "not-found", "rank", rank, allowed);
  if (rank >= control_rank) return found(0, "guesswork", "rank", rank, control_rank - 1);
  const layout = (/** @type {string} */ number, /** @type {number} */ value, /** @type {number} */ least) =>
    found(Number(value >= least), value >= least ? "layout" : "no-gain", number, value, least);
  return structure / STRUCTURE[0] >= pixels / PIXELS
    ? layout("structure", structure, STRUCTURE[0]) : layout("pixels", pixels, PIXELS);
}

/**
 * @param {number} level @param {string} code @param {string} number @param {number} value @param {number} threshold
 * @returns {Finding}
 */
const found = (level, code, number, value, threshold) => ({ level, code, number, value, threshold });

/**
 * Whether the lowest loss had come to rest, of the restart that ended lowest; null: not known.
 * @param {{ iteration: number, restart: number, loss: number }[]} history
 */
export function settled(history) {
  const least = (/** @type {{ loss: number }[]} */ rows) => Math.min(...rows.map(row => row.loss));
  const restarts = [...new Set(history.map(row => row.restart))].map(n => history.filter(row => row.restart === n));
  const best = restarts.sort((a, b) => least(a) - least(b))[0] ?? [];
  if (best.length < LEAST) return null;
  const first = best[0].iteration, last = best[best.length - 1].iteration;
  const then = least(best.filter(row => row.iteration <= first + 0.75 * (last - first)));
  return !(then > 0 && 1 - least(best) / then > FALLING);
}

/**
 * @param {Float32Array} pictures (B,C,H,W) @param {Float32Array} truth @param {Float32Array} control
 * @param {Float32Array[]} others the line-up @param {boolean | null} ended
 * @param {[number, number, number]} shape
 */
export function judge(pictures, truth, control, others, ended, shape) {
  const size = shape[0] * shape[1] * shape[2], own = each(truth, size), line = decoys(others, own);
  const rebuilt = each(match(pictures, truth, size), size), guessed = each(match(control, truth, size), size);
  const likenesses = own.map((picture, i) => {
    const control_ssim = ssim(guessed[i], picture, shape), control_mse = mse(guessed[i], picture);
    const alike = ssim(rebuilt[i], picture, shape), error = mse(rebuilt[i], picture);
    return {
      ssim: alike, mse: error, control_ssim, control_mse,
      rank: rank(rebuilt[i], picture, line), control_rank: rank(guessed[i], picture, line), candidates: line.length + 1,
      structure: (alike - control_ssim) / Math.max(1e-6, 1 - control_ssim),
      pixels: 1 - error / Math.max(1e-10, control_mse),
    };
  });
  const findings = likenesses.map(like => finding(like, own.length)), level = Math.max(...findings.map(f => f.level));
  const shown = likenesses.reduce((best, like, i) => {
    const over = findings[i].level - findings[best].level || like.structure - likenesses[best].structure;
    return over > 0 ? i : best;
  }, 0);
  const short = level === 0 && ended === false, like = likenesses[shown];
  const code = short ? "too-short" : findings[shown].code;
  const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    level, word: short ? TOO_SHORT : WORDS[level], levels: findings.map(f => f.level),
    reason: { ...findings[shown], code, picture: shown, ...like },
    rank: like.rank, control_rank: like.control_rank, candidates: like.candidates, settled: ended,
    gain: mean(own.map((picture, i) => psnr(rebuilt[i], picture) - psnr(guessed[i], picture))),
    control: {
      name: "noise", psnr: mean(own.map((picture, i) => psnr(guessed[i], picture))),
      ssim: mean(likenesses.map(l => l.control_ssim)), mse: mean(likenesses.map(l => l.control_mse)),
    },
    pictures: findings.map((f, i) => ({ level: f.level, word: WORDS[f.level], code: f.code, ...likenesses[i] })),
  };
}
