/** Which Scenarios can run in the browser, told from the same fields and texts as everywhere. */

import { analytic, OPTIONS as ANALYTIC } from "./attacks/analytic.js";
import { dlg, OPTIONS as DLG } from "./attacks/dlg.js";
import { ig, OPTIONS as IG } from "./attacks/ig.js";
import { component, splitTop, stack } from "./component.js";
import { DEFENSES } from "./defenses.js";
import { STARTS } from "./start.js";
import { KNOWN } from "./victim.js";

/** @typedef {Record<string, any>} Settings a Scenario's fields by name */

/**
 * @type {Record<string, { options: string[],
 *   make: (options: Record<string, string>, first: import("./observation.js").Attack | null) =>
 * import("./observation.js").Attack }>}
 */
const ATTACKS = {
  ig: { options: IG, make: ig }, dlg: { options: DLG, make: dlg }, analytic: { options: ANALYTIC, make: analytic },
};

/** Larger victims and batches are the server's. */
const MOST = { batch_size: 8, parameters: 2e6 };

/** Options of the networks that are understood. @type {Record<string, string[]>} */
const MODEL_OPTIONS = {
  lenet: ["activation", "init"], mlp: ["width", "depth", "shrink", "activation", "bias"], convnet: ["width"],
};

/**
 * Whether numbers are such as every run takes them; what is not, the server refuses in words.
 * @param {Record<string, string>} options of an attack
 */
const sound = options => Object.entries(options).every(([key, value]) =>
  ["steps", "restarts"].includes(key) ? /^[1-9]\d*$/.test(value) : value !== "" && !/^[+-]?(nan|inf)/i.test(value));

/** @param {string} text @returns {boolean} */
function attackRuns(text) {
  const parts = splitTop(text, "+");
  if (parts.length !== 1) return false;
  const { name, options } = component(text), known = ATTACKS[name];
  if (!known || !sound(options) || !Object.keys(options).every(key => known.options.includes(key))) return false;
  if (options.labels && options.labels !== "joint") return false;
  const { init } = options;
  return !init || STARTS.includes(init) || attackRuns(init);
}

/**
 * Whether a run of these settings is possible here.
 * @param {Settings} settings @param {number} side of the pictures at hand
 */
export function runsHere(settings, side) {
  const at = (/** @type {string} */ field, /** @type {any} */ value) => String(settings[field] ?? value);
  const plain = { mode: "eval", local_steps: 1, clients: 1, channels: 3, server: "honest", image_size: side };
  if (!Object.entries(plain).every(([field, value]) => at(field, value) === String(value))) return false;
  const least = { batch_size: 1, num_classes: 2, seed: 0 };
  if (!Object.entries(least).every(([field, low]) => /^\d+$/.test(at(field, low)) && Number(at(field, low)) >= low))
    return false;
  if (at("update", "auto") === "delta" || !["0", at("batch_size", 1)].includes(at("local_batch", 0))) return false;
  const { name, options } = component(at("model", "lenet")), weights = component(at("weights", "init"));
  if (!KNOWN.includes(name) || !Object.keys(options).every(key => MODEL_OPTIONS[name].includes(key))) return false;
  const knowledge = at("knowledge", "labels").split("+"), labelled = knowledge.includes("labels");
  const first = name === "mlp" || !attackNames(at("attack", "ig")).includes("analytic");
  return weights.name === "init" && first && (labelled || Number(at("batch_size", 1)) === 1)
    && knowledge.every(fact => ["labels", "defense", "none"].includes(fact))
    && Number(at("batch_size", 1)) <= MOST.batch_size && stack(at("defense", "none")).every(d => d.name in DEFENSES)
    && attackRuns(at("attack", "ig")) && size(name, options, side) <= MOST.parameters;
}

/** @param {string} text @returns {string[]} */
function attackNames(text) {
  const { name, options } = component(text);
  return [name, ...(options.init && !STARTS.includes(options.init) ? attackNames(options.init) : [])];
}

/** About how many parameters. @param {string} name @param {Record<string, string>} options @param {number} side */
function size(name, { width }, side) {
  if (name === "mlp") return 3 * side * side * Number(width ?? 256);
  return name === "convnet" ? 709 * Number(width ?? 64) ** 2 : 0;
}

/**
 * The attack that a text names; the start that it names is run before it.
 * @param {string} text @returns {import("./observation.js").Attack}
 */
export function attackOf(text) {
  const { name, options } = component(text), { init } = options;
  return ATTACKS[name].make(options, init && !STARTS.includes(init) ? attackOf(init) : null);
}
