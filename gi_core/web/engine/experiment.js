/** Scenario and pictures -> client -> defense -> what the attacker sees: `gi_core.run.prepare`, from the same seeds. */

import { component, stack } from "./component.js";
import { defended } from "./defenses.js";
import { machine as plain } from "./matrix.js";
import { cutter } from "./observation.js";
import { Generator, streamSeed } from "./random.js";
import { attackOf, serverOf } from "./scenario.js";
import { build } from "./victim.js";

/**
 * @typedef {object} Sent the model that the client gets
 * @property {number[][]} shapes of its parameters @property {string[]} names @property {number} count of all of them
 * @property {{ sparse: boolean } | null} facts what the server knows of its own manipulation
 * @property {(pictures: Float32Array, labels: number[], machine: import("./matrix.js").Machine) => Float32Array
 *   } gradient of the mean loss, all tensors one after another
 *
 * @typedef {object} Experiment
 * @property {import("./victim.js").Victim} victim @property {Sent} sent
 * @property {Float32Array} truth (B,C,H,W), the private pictures
 * @property {number[]} labels @property {Float32Array} clean the gradient before the defense
 * @property {import("./observation.js").Observation} observation all that the attack gets
 * @property {import("./observation.js").Attack} attack @property {number} seed of the attack
 */

/**
 * @param {import("./scenario.js").Settings} settings @param {Float32Array} truth (B,C,H,W) in [0,1]
 * @param {Record<string, import("./inverters/tensors.js").Tensors>} [networks] trained, by their attacks' names
 * @param {import("./matrix.js").Machine} [machine]
 * @returns {Experiment}
 */
export function prepare(settings, truth, networks = {}, machine = plain()) {
  const whole = (/** @type {string} */ field, /** @type {number} */ otherwise) => Number(settings[field] ?? otherwise);
  const seed = whole("seed", 0), batch = whole("batch_size", 1), side = whole("image_size", 32);
  const classes = whole("num_classes", 10), text = String(settings.model ?? "lenet");
  const source = component(String(settings.weights ?? "init"));
  const victim = build(text, { shape: [3, side, side], classes, seed: Number(source.options.seed ?? 0) });
  const draws = new Generator(streamSeed(seed, "labels"));
  const labels = Array.from({ length: batch }, () => draws.whole(classes));
  const stacked = stack(String(settings.defense ?? "none"));
  const sent = serverOf(String(settings.server ?? "honest"), victim);
  const cut = cutter(sent.shapes), size = victim.inputs, generator = new Generator(streamSeed(seed, "defense"));
  const clean = sent.gradient(truth, labels, machine);
  const own = (/** @type {number} */ i) =>
    sent.gradient(truth.subarray(i * size, (i + 1) * size), [labels[i]], machine);
  const update = defended(stacked, batch, own, () => clean.slice(), cut, generator);
  const knowledge = String(settings.knowledge ?? "labels").split("+");
  const observation = {
    victim, batch, update, cut, machine, labels: knowledge.includes("labels") ? labels : null,
    defense: knowledge.includes("defense") ? stacked : null, server: sent.facts,
  };
  const attack = attackOf(String(settings.attack ?? "ig"), networks);
  return { victim, sent, truth, labels, clean, observation, attack, seed: streamSeed(seed, "attack") };
}

/**
 * The same with noise in place of the update, each tensor of the same size: what the attack makes of it is guesswork.
 * @param {Experiment} experiment @param {number} seed of the Scenario
 */
export function control({ observation }, seed) {
  const update = observation.update.slice(), generator = new Generator(streamSeed(seed, "control noise 0"));
  for (const part of observation.cut(update)) {
    const white = generator.normals(part.length), norm = (/** @type {Float32Array} */ values) =>
      Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const scale = norm(part) / Math.max(norm(white), 1e-12);
    part.forEach((/** @type {number} */ _, /** @type {number} */ i) => { part[i] = white[i] * scale; });
  }
  return { ...observation, update };
}
