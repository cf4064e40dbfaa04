/** All that an attack may see: the defended update and public facts. There is no picture in it. */

/**
 * @typedef {object} Observation
 * @property {import("./victim.js").Victim} victim @property {number} batch pictures to rebuild
 * @property {Float32Array} update the defended gradient, all tensors one after another
 * @property {number[] | null} labels where knowledge grants them
 * @property {import("./component.js").Component[] | null} defense the stack, where knowledge grants it
 * @property {(update: any) => any[]} cut the tensors of an update
 * @property {{ sparse: boolean } | null} server what the server knows of its own manipulation
 * @property {import("./matrix.js").Machine} machine
 */

/**
 * @typedef {object} Frame one moment of an attack: `pictures` is what it would return if it were stopped here
 * @property {number} iteration @property {number} restart
 * @property {Float32Array} pictures (B,C,H,W) in [0,1]; a live buffer, copy to keep
 * @property {number} loss @property {Record<string, number>} terms
 * @property {number[]} [labels] the attacker's, in the order of the pictures
 * @property {Record<string, any>} [report] what was found besides
 */

/**
 * @typedef {object} Attack
 * @property {number} iterations frames of a full run @property {boolean} single whether it answers in one pass
 * @property {(observation: Observation, seed: number) => Generator<Frame | null>} run null: still at it, breathe
 */

/** A function that cuts an update into the victim's tensors. @param {number[][]} shapes */
export function cutter(shapes) {
  const sizes = shapes.map(shape => shape.reduce((product, side) => product * side, 1));
  const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((sum, size) => sum + size, 0));
  return (/** @type {any} */ update) => sizes.map((size, i) => update.subarray(ends[i] - size, ends[i]));
}
