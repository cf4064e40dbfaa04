/** What is to be made small at a guess, and its derivative: distance between updates, and smoothness. */

import { Sweeps } from "./sweeps.js";
import { smoothness } from "./smoothness.js";

/**
 * @typedef {{ loss: number, terms: Record<string, number> }} Value
 * @typedef {import("./objective.js").Distance} Distance
 */

export class Matcher {
  /**
   * @param {import("./victim.js").Victim} victim @param {number} batch
   * @param {{ distance: Distance, name: string, tv?: number }} goal
   * @param {import("./matrix.js").Machine} machine
   */
  constructor(victim, batch, { distance, name, tv = 0 }, machine) {
    this.sweeps = new Sweeps(victim, batch, machine);
    this.distance = distance;
    this.name = name;
    this.smooth = tv ? smoothness(victim, batch, tv) : null;
    this.update = machine.room(victim.count);
  }

  /**
   * @param {ArrayLike<number>} x (B,C,H,W) in [0,1] @param {ArrayLike<number>} wanted (B,K) probabilities
   * @param {any} gradient gets the derivative in x @param {any} [inWanted] gets the derivative in `wanted`
   * @returns {Value}
   */
  evaluate(x, wanted, gradient, inWanted) {
    this.sweeps.gradient(x, wanted, this.update);
    const value = this.distance(this.update);
    this.sweeps.along(this.update, gradient, inWanted);
    if (!this.smooth) return { loss: value, terms: { [this.name]: value } };
    const rough = this.smooth(x, gradient);
    return { loss: value + rough, terms: { [this.name]: value, tv: rough } };
  }
}

/** Class indices as (B,K) probabilities. @param {ArrayLike<number>} labels @param {number} classes */
export function oneHot(labels, classes) {
  const wanted = new Float64Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) wanted[i * classes + labels[i]] = 1;
  return wanted;
}
