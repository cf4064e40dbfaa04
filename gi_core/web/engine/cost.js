/** How long a run takes on this device: counted in products, in a speed that finished runs tell. */

import { component, figure } from "./component.js";

/** Passes of a matching step through the network: four sweeps, of which the second half doubles. */
const PASSES = 6;
/** What a restart of DLG needs of its steps before it has converged or given up, and evaluations in each. */
const EARLY = 0.06, INNER = 21;

let speed = 0.5e9;
/** @type {Map<string, number>} */
const seen = new Map();

/** Products of one picture's forward pass. @param {string} model @param {number} side */
function products(model, side) {
  const { name, options } = component(model), places = (side * side) / 4;
  if (name === "mlp") return 3 * side * side * figure(options.width, 256);
  if (name === "convnet") return side * side * 400 * figure(options.width, 64) ** 2;
  return places * 12 * 75 + 2 * (places / 4) * 12 * 300;
}

/** Evaluations of an attack. @param {string} text */
function evaluations(text) {
  const { name, options } = component(text), restarts = figure(options.restarts, 1);
  if (name === "ig") return restarts * figure(options.steps, 4800);
  return name === "dlg" ? restarts * figure(options.steps, 300) * EARLY * INNER : 20;
}

/** @param {Record<string, any>} settings */
const work = settings => PASSES * Number(settings.batch_size ?? 1) * evaluations(String(settings.attack))
  * products(String(settings.model ?? "lenet"), Number(settings.image_size ?? 32));

/** Seconds with the control, as Explore asks the server for them. @param {Record<string, any>} settings */
export function estimate(settings) {
  const attack = seen.get(JSON.stringify(settings)) ?? work(settings) / speed;
  return { seconds: 0.3 + 2 * attack, load: 1, learnt: true };
}

/** @param {Record<string, any>} settings @param {number} seconds of the attack alone */
export function learn(settings, seconds) {
  seen.set(JSON.stringify(settings), seconds);
  if (seconds > 1 && component(String(settings.attack)).name === "ig") speed = work(settings) / seconds;
}
