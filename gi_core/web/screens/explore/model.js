/** What can be chosen on the wire, where it lies on the ruler, and which recorded run answers. No DOM in here. */

import { standing } from "../../lib/verdict.js";

/**
 * @typedef {object} Frame
 * @property {number} step
 * @property {number | null} psnr @property {number | null} ssim @property {number | null} loss
 *
 * @typedef {object} Verdict
 * @property {number} level 0 to 3, of the clearest picture
 * @property {number} rank @property {number} control_rank @property {number} candidates
 * @property {{ code?: string }} [reason] what decided
 * @property {{ level: string } | null} [inspection] of the model that a malicious server sent
 *
 * @typedef {object} Cell one recorded run of a set
 * @property {number} strength
 * @property {Record<string, any>} scenario @property {string} attack
 * @property {Frame[]} frames @property {number} steps @property {number} seconds
 * @property {{ psnr: number, ssim: number }[]} scores @property {{ psnr: number, ssim: number }} control
 * @property {Verdict} verdict @property {number} noise_share @property {number | null} accuracy_cost
 * @property {string} band @property {string[]} tried
 *
 * @typedef {object} AtlasSet
 * @property {string} id @property {string} network @property {string} defense @property {number} mixed
 * @property {string[]} pictures @property {number} side @property {string} file @property {number[]} strengths
 * @property {string} [still] last frames and controls without loss @property {number} numel
 * @property {Cell[]} [cells] there once it was loaded
 *
 * @typedef {object} Choices
 * @property {string} network @property {string} defense @property {number} strength @property {number} mixed
 * @property {string} picture a sample's name
 * @property {string[] | null} own one's own pictures, as data addresses
 * @property {string[] | null} [batch] the pictures of a run from elsewhere, by name or as data addresses
 * @property {Record<string, string>} expert Scenario fields set in the drawer
 */

export const MIXED = [1, 2, 4, 8];
export const NONE = 0;

/**
 * Each defense of the wire: its strengths from none to the strongest, and its text in a Scenario.
 * @type {Record<string, { stops: number[], text: (strength: number) => string }>}
 */
export const DEFENSES = {
  noise: {
    stops: [0, 1e-4, 3e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.3, 1],
    text: s => `clip+gaussian:sigma=${s}`,
  },
  clip: { stops: [0, 10, 3, 1, 0.3, 0.1, 0.01, 0.001], text: s => `clip:norm=${s}` },
  topk: { stops: [0, 0.5, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001], text: s => `topk:keep=${s}` },
  quantize: { stops: [0, 8, 7, 6, 5, 4, 3, 2], text: s => `quantize:bits=${s}` },
};

/** @param {string} defense @param {number} strength */
export const defenseText = (defense, strength) => (strength === NONE ? "none" : DEFENSES[defense].text(strength));

/**
 * A Scenario's defense as the wire says it; null where the wire can't.
 * @param {string} text @param {{ defense: string, strengths: number[] }[]} [sets] with strengths of their own
 * @param {Record<string, number>} [usual] each defense's strength where its text names none
 */
export function wireOf(text, sets = [], usual = {}) {
  if (text === "none") return { defense: "noise", strength: 0 };
  const found =
    /^(clip(?::norm=1(?:\.0)?)?\+gaussian|clip|topk|quantize)(?::(?:sigma|norm|keep|bits)=([\d.e-]+))?$/.exec(text);
  if (!found) return null;
  const defense = found[1].includes("gaussian") ? "noise" : found[1],
    strength = Number(found[2] ?? usual[defense]);
  const recorded = sets.some(set => set.defense === defense && set.strengths.includes(strength));
  return recorded || DEFENSES[defense].stops.includes(strength) ? { defense, strength } : null;
}

/** Where a noise lies, in percent: none at 0, then 0.0001 to 1 in equal steps per factor of ten. @param {number} z */
const noisePlace = z => (z <= 0 ? 0 : 14 + (86 * (Math.log10(z) + 4)) / 4);

/** @param {string} defense @param {number[]} stops @param {number} strength */
export function place(defense, stops, strength) {
  if (defense === "noise") return Math.min(100, Math.max(0, noisePlace(strength)));
  return (100 * Math.max(0, stops.indexOf(strength))) / Math.max(1, stops.length - 1);
}

/** The stop nearest to a place in percent. @param {string} defense @param {number[]} stops @param {number} percent */
export const nearest = (defense, stops, percent) =>
  stops.reduce(
    (best, stop) =>
      Math.abs(place(defense, stops, stop) - percent) < Math.abs(place(defense, stops, best) - percent) ? stop : best,
    stops[0],
  );

/**
 * The stop closest to a strength: itself, where it was recorded.
 * @param {string} defense @param {number[]} stops @param {number} strength
 */
export const closest = (defense, stops, strength) =>
  stops.includes(strength)
    ? strength
    : defense === "noise"
      ? nearest(defense, stops, noisePlace(strength))
      : stops.reduce((best, stop) => (Math.abs(stop - strength) < Math.abs(best - strength) ? stop : best), stops[0]);

/**
 * Where a knob dragged to `percent` stands: drawn to a stop within two percent of it.
 * @param {string} defense @param {number[]} stops @param {number} percent
 */
export function magnetic(defense, stops, percent) {
  const at = place(defense, stops, nearest(defense, stops, percent));
  return Math.abs(at - percent) < 2 ? at : percent;
}

/**
 * The stops that get a label: whole factors of ten of the noise, every one of a short list.
 * @param {string} defense @param {number[]} stops
 */
export function labelled(defense, stops) {
  if (defense === "noise") return [0, 1e-4, 1e-3, 0.01, 0.1, 1];
  const every = Math.ceil(stops.length / 6);
  return stops.filter((_, i) => i % every === 0);
}

/** The attacker's picture and the control's look alike where their likenesses differ by less, in dB. */
export const ALIKE = 1;

/**
 * How much likelier the attacker's picture is than the control's, in dB; null where one was not measured.
 * @param {{ frames: Frame[], controlScore: { psnr: number | null } | null } | null} film
 */
export function gain(film) {
  const own = film?.frames.at(-1)?.psnr ?? null, control = film?.controlScore?.psnr ?? null;
  return own === null || control === null ? null : own - control;
}

/** From which noise on a proven bound leaves one picture less than log2(100) bits. @param {number} mixed */
export const proven = mixed => 0.33 / mixed;

/**
 * The recorded set for these choices: of this picture where there is one, else of another batch of as many.
 * @param {AtlasSet[]} sets @param {Choices} choices
 */
export function setOf(sets, { network, defense, mixed, picture, own, expert, batch }) {
  if (own || Object.keys(expert).length) return null;
  const fitting = sets.filter(s => s.network === network && s.defense === defense && s.mixed === mixed);
  if (batch) return fitting.find(s => String(s.pictures) === String(batch)) ?? null;
  return (
    fitting.find(s => s.pictures[0] === picture) ??
    fitting.find(s => s.pictures.includes(picture)) ??
    (mixed > 1 ? fitting[0] : null) ??
    null
  );
}

/**
 * The stops of the ruler: those that were recorded, else those on offer.
 * @param {AtlasSet | null} set @param {string} defense
 */
export const stopsOf = (set, defense) => (set ? set.strengths : DEFENSES[defense].stops);

/** @param {AtlasSet | null} set @param {number} strength */
export const cellOf = (set, strength) => set?.cells?.find(cell => cell.strength === strength) ?? null;

/**
 * The Scenario to run for these choices: a recorded cell's own, else this network's usual attack.
 * @param {Choices} choices @param {Cell | null} cell
 * @param {{ defaults: Record<string, any>, attacks: Record<string, string>, bare: Record<string, string> }} offered
 */
export function settingsOf({ network, defense, strength, mixed, own, expert }, cell, offered) {
  if (cell && !own && !Object.keys(expert).length) return { ...offered.defaults, ...cell.scenario };
  const bare = strength === NONE && mixed === 1 ? offered.bare[network] : undefined;
  return {
    ...offered.defaults,
    model: network,
    batch_size: mixed,
    defense: defenseText(defense, strength),
    attack: bare ?? offered.attacks[network] ?? offered.attacks.any,
    ...expert,
  };
}

/**
 * The pictures of one update: one's own first, then as many samples as are missing.
 * @param {Choices} choices @param {AtlasSet | null} set @param {string[]} samples @param {number} [count]
 */
export function picturesOf({ picture, own, mixed, batch }, set, samples, count = mixed) {
  if (set && !own) return set.pictures.map(sample => ({ sample }));
  if (batch) return batch.map(name => (name.startsWith("data:") ? { data: name } : { sample: name }));
  const others = [picture, ...samples.filter(name => name !== picture)];
  const given = own ? own.map(data => ({ data })) : [];
  const all = [...given, ...(own ? others.slice(1) : others).map(sample => ({ sample }))];
  return Array.from({ length: count }, (_, i) => all[i % all.length]);
}

/** Whether two Scenarios are the same run. @param {Record<string, any>} a @param {Record<string, any>} b */
export const equal = (a, b) => Object.keys({ ...a, ...b }).every(name => String(a[name]) === String(b[name]));

/** One text for equal requests. @param {Record<string, any>} settings @param {object[]} pictures */
export const keyOf = (settings, pictures) => JSON.stringify([settings, pictures]);

/** The level at a strength and the least strength of a set that hides the picture. @param {AtlasSet | null} set */
export const hidden = set =>
  set?.cells?.find((_, i, cells) => cells.slice(i).every(c => standing(c.verdict) === 0))?.strength ?? null;

/**
 * @typedef {{ strength: number, share: number }} Price the share of pictures that training no longer tells right
 *
 * What hiding costs: at the strength that hides, or at the one below it that was measured.
 * @param {AtlasSet | null} set @param {number | null} hides @returns {Price | null}
 */
export function priceOf(set, hides) {
  const until = set?.cells?.slice(0, 1 + set.cells.findIndex(c => c.strength === hides)) ?? [],
    known = until.findLast(c => c.strength !== NONE && c.accuracy_cost !== null);
  return known ? { strength: known.strength, share: Number(known.accuracy_cost) } : null;
}

/**
 * The recorded set most like these choices: its network first, then how many pictures, the defense, the picture.
 * @param {AtlasSet[]} sets @param {Choices} choices @param {string} model the network in full
 */
export function nearestSet(sets, { defense, mixed, picture }, model) {
  const far = (/** @type {AtlasSet} */ set) =>
    8 * Number(set.network !== model.split(":")[0]) + 2 * Math.abs(Math.log2(set.mixed / mixed)) +
    2 * Number(set.defense !== defense) + Number(set.pictures[0] !== picture);
  return sets.reduce((/** @type {AtlasSet | null} */ best, set) => (best && far(best) <= far(set) ? best : set), null);
}

/** Which frame each of `count` thumbs shows. @param {number} frames @param {number} count */
export const spread = (frames, count) =>
  frames < 3
    ? Array(count).fill(frames - 1)
    : Array.from({ length: count }, (_, i) => Math.round((i * (frames - 1)) / (count - 1)));

/**
 * Seconds as a range that holds nine times in ten: measured runs lie within a third of the prediction.
 * @param {number} seconds
 */
export function range(seconds) {
  const round = (/** @type {number} */ s) =>
    s < 10 ? Math.max(1, Math.round(s)) : s < 60 ? Math.round(s / 5) * 5 : Math.round(s / 30) * 30;
  return [round(0.75 * seconds), Math.max(round(0.75 * seconds) + 1, round(1.6 * seconds))];
}

/**
 * How n tiles stand in a square: columns, rows, and how far the first row stands from the top, in tiles.
 * @param {number} n
 */
export function layout(n) {
  const columns = n === 2 ? 2 : Math.ceil(Math.sqrt(n));
  return { columns, side: columns, top: n === 2 ? 0.5 : 0 };
}
