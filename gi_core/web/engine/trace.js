/**
 * The record of a run as `trace.json` holds it: `gi_core.trace.Trace.to_dict`. What this engine does not compute is
 * left out (privacy, bounds, inspection) or null (LPIPS, the features' error).
 */

import { inner } from "./objective.js";
import { noiseShare } from "./band.js";
import { sha256 } from "./sha256.js";

/**
 * @typedef {{ defaults: Record<string, any>, floats: string[] }} Fields of a Scenario: their defaults, and which are no
 *   whole numbers
 */

/** A number that may have a fraction, as Python writes it. @param {number} value */
function float(value) {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return `${value}.0`;
  if (Math.abs(value) >= 1e-4) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}

/**
 * All fields of a Scenario, an honest server left out, and the hash of their canonical JSON.
 * @param {Record<string, any>} settings @param {Fields} fields
 */
export function identified(settings, { defaults, floats }) {
  const typed = Object.entries(defaults).map(([name, value]) =>
    [name, typeof value === "number" ? Number(settings[name] ?? value) : String(settings[name] ?? value)]);
  const scenario = Object.fromEntries(typed.filter(([name, value]) => name !== "server" || value !== "honest"));
  const said = Object.keys(scenario).sort().map(name => {
    const value = scenario[name];
    return `${JSON.stringify(name)}:${floats.includes(name) ? float(value) : JSON.stringify(value)}`;
  });
  const words = Array.from(sha256(`{${said.join(",")}}`), word => word.toString(16).padStart(8, "0"));
  return { scenario, scenario_hash: words.join("") };
}

/**
 * Per tensor: its size, its norm before and after the defense, and the share of what was sent that is noise.
 * @param {import("./experiment.js").Experiment} experiment
 */
function update({ sent: { names, shapes }, clean, observation }) {
  const before = observation.cut(clean), after = observation.cut(observation.update);
  return shapes.map((shape, i) => ({
    name: names[i], shape, numel: before[i].length, norm_before: Math.sqrt(inner(before[i], before[i])),
    norm_after: Math.sqrt(inner(after[i], after[i])), noise_share: noiseShare(before[i], after[i]),
  }));
}

/**
 * A judgement as `trace.json` holds it, control and gain beside the verdict.
 * @param {Record<string, any> | null} told
 */
function judged(told) {
  if (!told) return { verdict: null, control: null, gain: null };
  const { control: { name, psnr, ssim, mse }, gain, ...verdict } = told, n = verdict.pictures.length;
  const over = (/** @type {number} */ mean) => ({ mean, low: null, high: null, n });
  const similar = verdict.pictures.reduce((/** @type {number} */ sum, /** @type {any} */ one) =>
    sum + (one.ssim - one.control_ssim) / n, 0);
  return { verdict, control: { name, psnr, ssim, mse }, gain: { psnr: over(gain), ssim: over(similar) } };
}

/**
 * @param {import("./session.js").Session} session that came to its end
 * @param {Record<string, any> | null} verdict @param {Record<string, any>[]} scores of each picture
 */
export function trace({ experiment, settings, fields, kept, done, seconds, last }, verdict, scores) {
  /** @type {{ scenario: Record<string, any>, scenario_hash: string | null }} */
  const named = fields ? identified(settings, fields) : { scenario: settings, scenario_hash: null };
  return {
    ...named, scores, seconds, iterations: done, stopped: false, seed: Number(settings.seed ?? 0),
    labels: experiment.labels, guessed_labels: last?.labels ?? null,
    history: kept.map(({ iteration, seconds, restart, loss, terms, psnr, ssim }) =>
      ({ iteration, seconds, restart, loss, ...terms, psnr, ssim })),
    update: update(experiment), report: last?.report ?? {}, ...judged(verdict),
    device: "browser", versions: { browser: globalThis.navigator?.userAgent ?? "" },
  };
}
