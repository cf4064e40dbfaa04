/** A run from its first step to its verdict, as plain data for the page; pictures are bytes, RGBA, side by side. */

import { band, noiseShare } from "./band.js";
import { control, prepare } from "./experiment.js";
import { tensors } from "./inverters/tensors.js";
import { trace } from "./trace.js";
import { judge, settled } from "./judge.js";
import { each, match, mse, psnr, ssim } from "./metrics.js";

const KEPT = 64;

/**
 * @typedef {{ settings: import("./scenario.js").Settings, truth: Float32Array, others: Float32Array | null,
 *   inverters?: Record<string, { prefix: string, bytes: ArrayBuffer }[]>,
 *   fields?: import("./trace.js").Fields }} Request
 *   `truth`: (B,3,H,W) in [0,1]; `others`: (N,3,H,W) of the line-up, null: nothing can be judged; `inverters`: files
 *   of the trained networks that the attack needs, by attack
 * @typedef {object} Moment
 * @property {number} iteration @property {number} restart @property {number} seconds @property {number} loss
 * @property {Record<string, number>} terms of the loss
 * @property {number} psnr @property {number} ssim @property {Uint8ClampedArray} pixels @property {boolean} kept
 */

/** At most 64 iterations worth keeping, denser at the start: `gi_core.run.kept_iterations`. @param {number} total */
export const keptIterations = total =>
  new Set(Array.from({ length: KEPT }, (_, i) => Math.round((total - 1) * (i / (KEPT - 1)) ** 2)));

/** (B,3,H,W) in [0,1] as B tiles side by side. @param {Float32Array} x @param {number} side */
export function tiles(x, side) {
  const places = side * side, count = x.length / (3 * places), wide = count * side;
  const pixels = new Uint8ClampedArray(4 * places * count).fill(255);
  for (let n = 0; n < count; n++)
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < places; i++)
        pixels[4 * (Math.floor(i / side) * wide + n * side + (i % side)) + c] = 255 * x[(3 * n + c) * places + i];
  return pixels;
}

/** @param {number[]} values */
const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;

export class Session {
  /** @param {Request} request */
  constructor({ settings, truth, others, inverters = {}, fields }) {
    this.settings = settings;
    this.fields = fields;
    this.others = others;
    this.experiment = prepare(settings, truth,
      Object.fromEntries(Object.entries(inverters).map(([name, files]) => [name, tensors(files)])));
    this.shape = this.experiment.victim.shape;
    this.size = this.experiment.victim.inputs;
    /** @type {Moment[]} */ this.kept = [];
    /** @type {import("./observation.js").Frame | null} */ this.last = null;
    this.began = performance.now();
    this.done = 0;
    this.seconds = 0;
  }

  /** What does not change during the run. */
  still() {
    const { sent, truth, labels, clean, observation, attack } = this.experiment;
    return {
      total: Math.max(1, attack.iterations - 1), single: attack.single, labels, numel: sent.count,
      truth: tiles(truth, this.shape[1]), wire: this.wire(clean, observation.update),
    };
  }

  /** @param {Float32Array} clean @param {Float32Array} released */
  wire(clean, released) {
    const { sent: { shapes }, observation: { cut } } = this.experiment;
    return {
      sent: band(released, shapes, cut), clean: band(clean, shapes, cut), numel: released.length,
      share: noiseShare(clean, released),
    };
  }

  /** The attack, a step at a time. */
  * attack() {
    const { attack, observation, seed } = this.experiment, keep = keptIterations(attack.iterations);
    this.began = performance.now();
    for (const frame of attack.run(observation, seed)) {
      if (frame) {
        this.last = frame;
        this.done++;
        if (keep.has(frame.iteration)) this.kept.push(this.moment(frame, true));
      }
      yield;
    }
    this.seconds = (performance.now() - this.began) / 1000;
  }

  /** @param {import("./observation.js").Frame} frame @param {boolean} kept @returns {Moment} */
  moment({ iteration, restart, pictures, loss, terms }, kept) {
    const { truth } = this.experiment, own = each(truth, this.size), ordered = match(pictures, truth, this.size);
    const found = each(ordered, this.size), of = (/** @type {(a: any, b: any, shape: any) => number} */ score) =>
      mean(found.map((picture, i) => score(picture, own[i], this.shape)));
    const pixels = tiles(ordered, this.shape[1]);
    const seconds = (performance.now() - this.began) / 1000;
    return { iteration, seconds, restart, loss, terms, psnr: of(psnr), ssim: of(ssim), pixels, kept };
  }

  /**
   * Seconds of an iteration: the quickest of the later half of those that the time allows, for what begins beside it
   * holds the others up.
   * @param {number} milliseconds
   */
  probe(milliseconds) {
    const ends = [performance.now()];
    for (const steps = this.attack(); !steps.next().done;) {
      if (this.done === ends.length) ends.push(performance.now());
      if (ends.length > 4 && ends[ends.length - 1] - ends[0] > milliseconds) break;
    }
    const times = ends.slice(1).map((end, i) => end - ends[i]);
    return Math.min(...times.slice(Math.floor(times.length / 2))) / 1000;
  }

  /** The present moment, if it is not kept anyway. */
  now() {
    const { last, kept } = this;
    return last && kept[kept.length - 1]?.iteration !== last.iteration ? [this.moment(last, false)] : [];
  }

  /** Of each picture at the end. */
  each() {
    const { truth } = this.experiment, last = /** @type {import("./observation.js").Frame} */ (this.last);
    const own = each(truth, this.size), found = each(match(last.pictures, truth, this.size), this.size);
    return found.map((picture, i) => {
      const similar = ssim(picture, own[i], this.shape);
      return {
        psnr: psnr(picture, own[i]), ssim: similar, mse: mse(picture, own[i]), lpips: null, fmse: null, recovered: null,
        success: similar > 0.5,
      };
    });
  }

  /** Means over the batch at the end. */
  scores() {
    const rows = this.each(), over = (/** @type {"psnr" | "ssim" | "mse" | "success"} */ name) =>
      mean(rows.map(row => Number(row[name])));
    return {
      psnr: over("psnr"), ssim: over("ssim"), mse: over("mse"), lpips: null, fmse: null, recovered: null,
      success: over("success"),
    };
  }

  /** The record, as `trace.json` holds it. @param {Record<string, any> | null} verdict */
  trace(verdict) {
    return trace(this, verdict, this.each());
  }

  /** The control, a step at a time: yields its share done, and gives the verdict at the end; null without a line-up. */
  * judge() {
    if (!this.others || !this.last) return null;
    const { attack, seed, truth } = this.experiment, { others, size } = this;
    const pictures = this.last.pictures.slice(), guesses = control(this.experiment, Number(this.settings.seed ?? 0));
    /** @type {Float32Array} */ let answer = pictures;
    let done = 0;
    for (const frame of attack.run(guesses, seed)) {
      if (frame) {
        answer = frame.pictures;
        done++;
      }
      yield done / this.done;
      if (done >= this.done) break;
    }
    const ended = attack.single || settled(this.kept);
    const told = judge(pictures, truth, answer.slice(), each(others, size), ended, this.shape);
    const pixels = tiles(match(answer, truth, size), this.shape[1]);
    return { ...told, control: { ...told.control, pixels } };
  }
}
