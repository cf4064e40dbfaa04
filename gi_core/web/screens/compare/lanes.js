/** What lanes are: runs that differ in one thing. Pure functions; the screen draws what they say. */

import { stepScale } from "../../lib/chart.js";
import { defense, short } from "../../lib/format.js";
import { t, words } from "../../lib/words.js";

/**
 * @typedef {{ sample: string } | { data: string }} Picture
 * @typedef {Record<string, any>} Settings a Scenario's fields by name
 * @typedef {{ seed: number, gain: number, psnr: number, ssim: number, level: number, steps: number, seconds: number }}
 *   Repeat one more run of a lane with another seed
 * @typedef {object} Lane
 * @property {number} id
 * @property {Settings} settings
 * @property {Picture[]} pictures
 * @property {Record<string, any> | null} run as the server tells it
 * @property {"waiting" | "queued" | "running" | "judging" | "done" | "stopped" | "failed"} state
 * @property {string} [message] why it was refused
 * @property {Repeat[]} repeats
 */

export const MOST = 6;
/** What a lane may differ in, in the order of its name's words. */
export const FIELDS = ["model", "weights", "mode", "batch_size", "local_steps", "clients", "defense", "attack",
  "knowledge", "server", "seed"];

/** Two lanes of one key would be the same run. @param {Settings} settings @param {Picture[]} pictures */
export const keyOf = (settings, pictures) => JSON.stringify([Object.entries(settings).sort(), pictures]);

/** The fields in which the lanes differ. @param {Settings[]} lanes */
export const varying = lanes => FIELDS.filter(field => new Set(lanes.map(lane => String(lane[field]))).size > 1);

/** "ig:steps=1000,lr=0.04" without its options. @param {string} text */
const bare = text => String(text).split("+").map(part => part.split(":")[0]).join(" + ");

/** @param {string} text @returns {{ name: string, text: string, [option: string]: any }[]} */
export const partsOf = text => text === "none" ? [] : text.split("+").map(part => {
  const [name, options = ""] = part.split(/:(.*)/s), known = name === "gaussian" ? { sigma: 0.01 } : {};
  const given = options.split(",").filter(Boolean).map(option => {
    const [key, value] = option.split(/=(.*)/s);
    return [key, Number.isFinite(Number(value)) ? Number(value) : value];
  });
  return { name, text: part, ...known, ...Object.fromEntries(given) };
});

/** Noise after clipping to one length is called by its noise alone. @param {string} text */
function defenseName(text) {
  const parts = partsOf(text), noise = parts.find(part => part.name === "gaussian");
  if (noise && parts.every(part => ["clip", "gaussian"].includes(part.name)))
    return t("compare.noise", { z: short(noise.sigma) });
  if (!parts.length) return t("compare.no_noise");
  if (!parts.every(part => words["does_" + part.name])) return text;
  const told = defense(parts, words);
  return told.charAt(0).toUpperCase() + told.slice(1);
}

/**
 * One setting in words.
 * @param {string} field @param {any} value
 */
export function valueName(field, value) {
  if (field === "defense") return defenseName(String(value));
  if (field === "attack") return words["compare.attack_" + bare(value)] ?? bare(value);
  if (field === "model") return words["compare.model_" + value] ?? String(value);
  if (field === "batch_size") return t(Number(value) === 1 ? "compare.one_picture" : "compare.pictures", { n: value });
  if (["local_steps", "clients"].includes(field) && Number(value) === 1) return t("compare.one_" + field);
  return words["compare.value_" + field] ? t("compare.value_" + field, { n: value }) : `${field} ${value}`;
}

/** What sets each lane apart, in words; where nothing does, its attack. @param {Settings[]} lanes */
export function labels(lanes) {
  const fields = varying(lanes);
  const told = fields.length ? fields : ["attack"];
  return lanes.map(lane => told.map(field => valueName(field, lane[field])).join(", "));
}

/**
 * The first value of a field that no lane has: of the field they differ in already, else of the defense.
 * @param {Settings[]} lanes @param {Record<string, any[]>} axes
 * @returns {[string, any] | null}
 */
export function proposal(lanes, axes) {
  const base = lanes[0] ?? {}, fields = [...varying(lanes), "defense"].filter(field => axes[field]);
  for (const field of fields) {
    const free = axes[field].find(value => !lanes.some(lane => String(lane[field] ?? base[field]) === String(value)));
    if (free !== undefined) return [field, free];
  }
  return null;
}

/**
 * Where the playhead stands in a run: the frame nearest to share x of its way, early steps stretched.
 * @param {Record<string, any>} run @param {number} x 0..1
 */
export function frameAt(run, x) {
  const scale = stepScale(run.total);
  const far = (/** @type {any} */ frame) => Math.abs(scale.at(frame.iteration) - x);
  /** @type {any[]} */
  const frames = run.frames;
  return frames.reduce((best, frame) => far(frame) < far(best) ? frame : best);
}

/** @param {number[]} list */
export const mean = list => list.reduce((sum, value) => sum + value, 0) / list.length;

/** Sample standard deviation; null for a single value. @param {number[]} list */
export const spread = list => list.length < 2 ? null
  : Math.sqrt(list.reduce((sum, value) => sum + (value - mean(list)) ** 2, 0) / (list.length - 1));

/** A judged run as one repeat. @param {Record<string, any>} run @returns {Repeat} */
export const repeatOf = run => ({
  seed: run.scenario.seed, gain: run.verdict.gain, psnr: run.scores.psnr, ssim: run.scores.ssim,
  level: run.verdict.level, steps: (run.frames.at(-1)?.iteration ?? 0) + 1, seconds: run.seconds,
});

/**
 * Lanes with a verdict by mean gain over their control; `close` where neighbours are nearer than their two spreads.
 * @param {Lane[]} lanes
 */
export function ranking(lanes) {
  const rows = lanes.map((lane, at) => ({ lane, at, gains: lane.repeats.map(repeat => repeat.gain) }))
    .filter(row => row.gains.length).map(row => ({ ...row, gain: mean(row.gains), sd: spread(row.gains) }))
    .sort((a, b) => b.gain - a.gain);
  /** @param {typeof rows[0] | undefined} a @param {typeof rows[0] | undefined} b */
  const near = (a, b) => a?.sd != null && b?.sd != null && Math.abs(a.gain - b.gain) < Math.hypot(a.sd, b.sd);
  return rows.map((row, k) => ({ ...row, close: near(rows[k - 1], row) || near(row, rows[k + 1]) }));
}

/** Side of a picture, a multiple of 32 pixels, for this many columns. @param {number} width @param {number} columns */
export const sideFor = (width, columns) =>
  Math.min(288, Math.max(96, Math.floor((width / columns - 16) / 32) * 32));
