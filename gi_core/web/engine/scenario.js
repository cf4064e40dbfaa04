/** Which Scenarios can run in the browser, told from the same fields and texts as everywhere. */

import { analytic, OPTIONS as ANALYTIC } from "./attacks/analytic.js";
import { dlg, OPTIONS as DLG } from "./attacks/dlg.js";
import { fgla, OPTIONS as FGLA } from "./attacks/fgla.js";
import { git, OPTIONS as GIT } from "./attacks/git.js";
import { ig, OPTIONS as IG } from "./attacks/ig.js";
import { imprint as readout, OPTIONS as READOUT } from "./attacks/imprint.js";
import { venom, OPTIONS as VENOM } from "./attacks/venom.js";
import { component, splitTop, stack } from "./component.js";
import { DEFENSES } from "./defenses.js";
import { honest } from "./servers/honest.js";
import { imprint } from "./servers/imprint.js";
import { STARTS } from "./start.js";
import { KNOWN } from "./victim.js";

/** @typedef {Record<string, any>} Settings a Scenario's fields by name */

/**
 * `inverter`: a trained network goes with it; `alone`: for one picture.
 * @type {Record<string, { options: string[], inverter?: boolean, alone?: boolean,
 *   make: (options: Record<string, string>, first: import("./observation.js").Attack | null, network: any) =>
 * import("./observation.js").Attack }>}
 */
const ATTACKS = {
  ig: { options: IG, make: ig }, dlg: { options: DLG, make: dlg }, analytic: { options: ANALYTIC, make: analytic },
  venom: { options: VENOM, make: venom, inverter: true, alone: true },
  fgla: { options: FGLA, make: fgla, inverter: true },
  git: { options: GIT, make: git, inverter: true, alone: true }, imprint: { options: READOUT, make: readout },
};

const SERVERS = { honest, imprint };

/** What the shipped inverters were trained for. */
const TRAINED = { model: "lenet", weights: "init", num_classes: 10, image_size: 32 };

/** Larger victims and batches are the server's. */
const MOST = { batch_size: 8, parameters: 2e6 };

const FLAG = ["true", "false"];

/**
 * What an option may be: a range of numbers, words, or null for any text.
 * @typedef {Record<string, [number, number] | string[] | null>} Allowed
 * @type {Record<"model" | "defense" | "server", Record<string, Allowed>>}
 */
const KINDS = {
  model: {
    lenet: { activation: ["sigmoid", "relu"], init: ["uniform", "default"] },
    mlp: {
      width: [1, 4096], depth: [1, 8], shrink: FLAG, bias: FLAG, activation: ["relu", "sigmoid", "tanh", "leaky-relu"],
    },
    convnet: { width: [4, 256] },
  },
  defense: {
    clip: { norm: [1e-9, Infinity], per: ["example", "update"], scope: ["joint", "tensor"] }, sign: {},
    gaussian: { sigma: [0, 1e6] }, topk: { keep: [0, 1], scope: ["global", "tensor"] },
    quantize: { bits: [2, 16], stochastic: FLAG, scale: ["max", "l2"] },
  },
  server: {
    honest: {}, imprint: { bins: [2, 4096], gain: [1e-12, 1e6], units: ["sparse", "cumulative"], questions: ["1"] },
  },
};

/** The same of attacks, of which each takes those in its own list. @type {Allowed} */
const OPTIONS = {
  steps: [1, 1e5], restarts: [1, 64], lr: [1e-6, 100], tv: [0, 1e3], patience: [0, 1e4], tolerance: [0, 1], init: null,
  objective: ["cosine", "l2", "l1"], labels: ["joint"], signed: FLAG, decay: FLAG, box: FLAG,
  feature: ["svd", "spe"], strength: ["wavelet", "constant", "true"], decoder: ["clean"],
  significance: [0, 1000],
};
const WHOLE = ["steps", "restarts", "patience", "width", "depth", "bits", "bins"];

/**
 * Whether these are options such as a run takes here; what is not, the server refuses in words.
 * @param {Record<string, string>} options @param {Allowed} allowed
 */
const sound = (options, allowed) => Object.entries(options).every(([key, value]) => {
  if (!(key in allowed)) return false;
  const range = allowed[key], [low, high] = range ?? [];
  if (typeof low !== "number") return range === null || range.some(word => word === value.toLowerCase());
  const number = value === "" ? NaN : Number(value);
  return number >= low && number <= Number(high) && (!WHOLE.includes(key) || Number.isInteger(number));
});

/** @param {string} text @returns {boolean} */
function attackRuns(text) {
  const parts = splitTop(text, "+");
  if (parts.length !== 1) return false;
  const { name, options } = component(text), known = ATTACKS[name];
  if (!known || !sound(options, Object.fromEntries(known.options.map(key => [key, OPTIONS[key]])))) return false;
  const { init } = options;
  return !init || STARTS.includes(init) || attackRuns(init);
}

/** The trained networks that an attack needs. @param {string} text @returns {string[]} */
export const invertersOf = text => attackNames(text).filter(name => ATTACKS[name]?.inverter);

/**
 * Whether the trained networks that an attack needs are at hand, and fit.
 * @param {Settings} settings @param {string[]} inverters those at hand
 */
function inverted(settings, inverters) {
  const names = invertersOf(String(settings.attack ?? "ig"));
  if (!names.length) return true;
  const fits = Object.entries(TRAINED).every(([field, value]) => String(settings[field] ?? value) === String(value));
  const one = Number(settings.batch_size ?? 1) === 1;
  const kept = !names.includes("git") || stack(String(settings.defense ?? "none")).every(keepsProportions);
  return fits && kept && names.every(name => inverters.includes(name) && (one || !ATTACKS[name].alone));
}

/**
 * Tensors that lost their sizes one by one get them back on the server only.
 * @param {import("./component.js").Component} defense
 */
const keepsProportions = ({ name, options }) => name === "gaussian" || (name === "clip" && options.scope !== "tensor");

/**
 * Whether a run of these settings is possible here.
 * @param {Settings} settings @param {number} side of the pictures at hand
 * @param {string[]} [inverters] trained networks at hand, by their attacks' names
 */
export function runsHere(settings, side, inverters = []) {
  const at = (/** @type {string} */ field, /** @type {any} */ value) => String(settings[field] ?? value);
  const plain = { mode: "eval", local_steps: 1, clients: 1, channels: 3, image_size: side };
  if (!Object.entries(plain).every(([field, value]) => at(field, value) === String(value))) return false;
  const least = { batch_size: 1, num_classes: 2, seed: 0 };
  if (!Object.entries(least).every(([field, low]) => /^\d+$/.test(at(field, low)) && Number(at(field, low)) >= low))
    return false;
  if (at("update", "auto") === "delta" || !["0", at("batch_size", 1)].includes(at("local_batch", 0))) return false;
  const { name, options } = component(at("model", "lenet")), weights = component(at("weights", "init"));
  if (!KNOWN.includes(name) || !sound(options, KINDS.model[name])) return false;
  const knowledge = at("knowledge", "labels").split("+"), labelled = knowledge.includes("labels");
  const names = attackNames(at("attack", "ig")), first = name === "mlp" || !names.includes("analytic");
  const told = labelled || Number(at("batch_size", 1)) === 1 || names[0] === "imprint";
  return weights.name === "init" && first && told
    && knowledge.every(fact => ["labels", "defense", "none"].includes(fact))
    && Number(at("batch_size", 1)) <= MOST.batch_size && stack(at("defense", "none")).every(defenseRuns)
    && served(at("server", "honest"), at("attack", "ig"))
    && attackRuns(at("attack", "ig")) && inverted(settings, inverters) && size(name, options, side) <= MOST.parameters;
}

/** Whether the server is one of those here; a layer that it slipped in is read by its own attack. */
function served(/** @type {string} */ server, /** @type {string} */ attack) {
  const { name, options } = component(server);
  const [first, ...starts] = attackNames(attack), altered = name === "imprint";
  if (altered && options.units !== "cumulative" && options.questions !== "1") return false;
  return name in SERVERS && sound(options, KINDS.server[name]) && altered === (first === "imprint")
    && !starts.includes("imprint");
}

/** @param {import("./component.js").Component} defense */
const defenseRuns = ({ name, options }) => name in DEFENSES && sound(options, KINDS.defense[name]);

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
 * @param {string} text @param {Record<string, any>} [networks] trained ones, by their attacks' names
 * @returns {import("./observation.js").Attack}
 */
export function attackOf(text, networks = {}) {
  const { name, options } = component(text), { init } = options;
  const first = init && !STARTS.includes(init) ? attackOf(init, networks) : null;
  return ATTACKS[name].make(options, first, networks[name]);
}

/**
 * The model that a server sends, by the server's text.
 * @param {string} text @param {import("./victim.js").Victim} victim
 */
export function serverOf(text, victim) {
  const { name, options } = component(text);
  return SERVERS[/** @type {keyof typeof SERVERS} */ (name)](options, victim);
}
