/** How long a run takes on this device: its first iterations are timed, how many it needs is told by finished runs. */

import { component, figure } from "./component.js";

/** Steps where a text names none. @type {Record<string, number>} */
const STEPS = { ig: 4800, dlg: 300 };
/** The share of its iterations that DLG needs before it has converged or given up; other attacks go to their end. */
const EARLY = 0.06;
/** Seconds to begin, and to line up the pictures at the end; of an attack without steps, all of it. */
const FIXED = 0.4, SINGLE = 0.5;

/**
 * @typedef {{ each: number, share: number }} Known seconds of an iteration, and which share of them is needed
 * @type {Map<string, Known>}
 */
const known = new Map();

/** Iterations that an attack may take; 1 where it answers at once. @param {Record<string, any>} settings */
export function planned(settings) {
  const { name, options } = component(String(settings.attack ?? "ig"));
  return name in STEPS ? figure(options.restarts, 1) * (figure(options.steps, STEPS[name]) + 1) : 1;
}

/** What an iteration's time depends on. @param {Record<string, any>} settings */
function kind({ model = "lenet", batch_size = 1, defense = "none", knowledge = "labels", attack = "ig" }) {
  const { name, options } = component(String(attack)), parts = String(defense).replace(/=[^+,]*/g, "");
  const others = Object.entries(options).filter(([option]) => option !== "steps");
  return JSON.stringify([String(model), Number(batch_size), parts, String(knowledge), name, others]);
}

/** Whether its first iterations have to be timed. @param {Record<string, any>} settings */
export const unknown = settings => planned(settings) > 1 && !known.has(kind(settings));

/**
 * Seconds with the control; null before anything of its kind was timed.
 * @param {Record<string, any>} settings
 */
export function estimate(settings) {
  const at = known.get(kind(settings)), most = planned(settings);
  if (most === 1) return FIXED + SINGLE;
  return at ? FIXED + 2 * at.each * at.share * most : null;
}

/**
 * Take up what the first iterations took.
 * @param {Record<string, any>} settings @param {number} each seconds
 */
export function timed(settings, each) {
  const early = component(String(settings.attack ?? "ig")).name === "dlg";
  known.set(kind(settings), { each, share: early ? EARLY : 1 });
}

/**
 * Take up what a whole attack took, with half the weight.
 * @param {Record<string, any>} settings @param {number} seconds @param {number} iterations
 */
export function learn(settings, seconds, iterations) {
  const found = { each: seconds / iterations, share: iterations / planned(settings) };
  const before = known.get(kind(settings)) ?? found;
  known.set(kind(settings), { each: (found.each + before.each) / 2, share: (found.share + before.share) / 2 });
}
