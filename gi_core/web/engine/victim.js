/** The networks that are attacked here, with the weights that `gi_core` draws for them from the same seed. */

import { ACTIVATIONS } from "./activation.js";
import { batchNorm } from "./batchnorm.js";
import { component, figure, truth } from "./component.js";
import { convolution } from "./convolution.js";
import { dense } from "./dense.js";
import { pooling } from "./pooling.js";
import { Generator } from "./random.js";

const CIFAR_MEAN = [0.4914, 0.4822, 0.4465], CIFAR_STD = [0.247, 0.2435, 0.2616];

/**
 * @typedef {[string, ...any[]]} Step what a plan is made of: a layer's kind and its options, or an activation's name
 * @typedef {{ plan: Step[], uniform?: boolean, mean?: number[], std?: number[] }} Plan
 *   `uniform`: all weights are drawn anew from U(-0.5, 0.5)
 */

/** @type {Record<string, (options: Record<string, string>) => Plan>} */
const PLANS = {
  lenet: ({ activation = "sigmoid", init = "uniform" }) => ({
    plan: [2, 2, 1].flatMap(stride => /** @type {Step[]} */ ([
      ["convolution", { filters: 12, kernel: 5, stride, padding: 2 }], [activation],
    ])),
    uniform: init === "uniform",
  }),
  mlp: ({ width, depth, shrink, activation = "relu", bias }) => {
    let units = figure(width, 256);
    const plan = Array.from({ length: figure(depth, 2) }, () => {
      const own = units;
      if (truth(shrink, false)) units = Math.max(1, units >> 1);
      return /** @type {Step[]} */ ([["dense", { units: own, bias: truth(bias, true) }], [activation]]);
    });
    return { plan: [...plan.flat(), ["bias", truth(bias, true)]] };
  },
  convnet: ({ width }) => {
    const w = figure(width, 64), blocks = [w, 2 * w, 2 * w, 4 * w, 4 * w, 4 * w, 0, 4 * w, 4 * w, 0];
    const plan = blocks.flatMap(filters => /** @type {Step[]} */ (filters
      ? [["convolution", { filters, kernel: 3, padding: 1 }], ["batchNorm"], ["relu"]]
      : [["max", 3]]));
    return { plan, mean: CIFAR_MEAN, std: CIFAR_STD };
  },
};

/**
 * @typedef {object} Victim
 * @property {[number, number, number]} shape of a picture @property {number} inputs @property {number} classes
 * @property {number[]} mean @property {number[]} std per channel
 * @property {number} count of all parameters @property {number[][]} shapes of the parameters
 * @property {string[]} names of the parameters, as PyTorch has them
 * @property {Float32Array} weights all parameters, as PyTorch orders them
 * @property {(batch: number, machine: import("./matrix.js").Machine) => import("./sweeps.js").Stage[]} stages
 * @property {(x: ArrayLike<number>, out: any) => void} normalise pixels in [0,1] to what the layers see
 * @property {(p: ArrayLike<number>, out: any) => void} denormalise a derivative in the latter to one in the former
 */

/** The names of networks that can be built here. */
export const KNOWN = Object.keys(PLANS);

/**
 * @param {string} text of the model, e.g. `lenet:activation=relu`
 * @param {{ shape: [number, number, number], classes: number, seed?: number, weights?: Float32Array }} given
 *   `weights`: instead of those drawn from `seed`
 * @returns {Victim}
 */
export function build(text, { shape, classes, seed = 0, weights }) {
  const { name, options } = component(text), { plan, ...rest } = PLANS[name](options);
  return chain(plan, { shape, classes, seed, weights, ...rest });
}

/**
 * @param {Step[]} plan a linear head is put behind it
 * @param {{ shape: [number, number, number], classes: number, uniform?: boolean, mean?: number[], std?: number[],
 *   seed?: number, weights?: Float32Array }} given
 * @returns {Victim}
 */
export function chain(plan, { shape, classes, uniform = false, mean = [0], std = [1], seed = 0, weights }) {
  const [channels, height, width] = shape, places = height * width, inputs = channels * places;
  const bias = plan.every(([kind, has]) => kind !== "bias" || has);
  const body = plan.filter(([kind]) => kind !== "bias");
  const steps = /** @type {Step[]} */ ([...body, ["dense", { units: classes, bias }]]);
  const bare = lay(steps, shape, 0, { room: () => new Float32Array(0), rows() {}, dots() {} });
  const each = (/** @type {number[]} */ values) =>
    Array.from({ length: channels }, (_, c) => values.length === channels ? values[c] : average(values));
  const centre = each(mean), scale = each(std);
  return {
    shape, inputs, classes, mean: centre, std: scale,
    count: bare.reduce((sum, { layer }) => sum + layer.count, 0),
    shapes: bare.flatMap(({ layer }) => layer.shapes),
    names: namesOf(steps, bare.map(({ layer }) => layer)),
    weights: weights ?? drawn(bare.map(({ layer }) => layer), uniform, new Generator(seed)),
    stages: (batch, machine) => lay(steps, shape, batch, machine),
    normalise(x, out) {
      for (let i = 0; i < x.length; i++) {
        const c = Math.floor(i / places) % channels;
        out[i] = (x[i] - centre[c]) / scale[c];
      }
    },
    denormalise(p, out) {
      for (let i = 0; i < p.length; i++) out[i] = p[i] / scale[Math.floor(i / places) % channels];
    },
  };
}

/**
 * A body is a sequence of modules, activations among them, behind one that flattens where it begins with a dense layer.
 * @param {Step[]} steps the last one is the head @param {import("./convolution.js").Layer[]} layers
 */
function namesOf(steps, layers) {
  const places = steps.flatMap(([kind], i) => (kind in ACTIVATIONS ? [] : [i + Number(steps[0][0] === "dense")]));
  return layers.flatMap(({ shapes }, l) => shapes.map((_, i) =>
    `${l + 1 < layers.length ? `body.${places[l]}` : "head"}.${i ? "bias" : "weight"}`));
}

/** @param {number[]} values */
const average = values => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The layers of a plan, each with the activation behind it.
 * @param {Step[]} plan @param {[number, number, number]} shape @param {number} batch
 * @param {import("./matrix.js").Machine} machine
 */
function lay(plan, shape, batch, machine) {
  const stages = /** @type {import("./sweeps.js").Stage[]} */ ([]);
  let before = shape, at = 0;
  for (const [kind, given] of plan) {
    if (kind in ACTIVATIONS) {
      stages[stages.length - 1].activation = ACTIVATIONS[/** @type {keyof typeof ACTIVATIONS} */ (kind)];
      continue;
    }
    const made = layerOf(kind, given, before, batch, machine);
    stages.push({ layer: made, activation: ACTIVATIONS.identity, at });
    before = made.shape;
    at += made.count;
  }
  return stages;
}

/**
 * @param {string} kind @param {any} given @param {[number, number, number]} shape @param {number} batch
 * @param {import("./matrix.js").Machine} machine
 */
function layerOf(kind, given, shape, batch, machine) {
  if (kind === "convolution") return convolution({ shape, ...given }, batch, machine);
  if (kind === "dense") return dense({ inputs: shape[0] * shape[1] * shape[2], ...given }, batch, machine);
  if (kind === "batchNorm") return batchNorm({ shape, ...given }, batch, machine);
  return pooling(kind === "max" ? "max" : "average", { shape, kernel: given }, batch);
}

/**
 * PyTorch's first weights: U(-1/sqrt(K), 1/sqrt(K)) for K inputs of an output, slope 1 and shift 0 in BatchNorm.
 * @param {import("./convolution.js").Layer[]} layers @param {boolean} uniform @param {Generator} generator
 */
function drawn(layers, uniform, generator) {
  const parts = layers.flatMap(({ shapes, fan }) => shapes.map((shape, i) => {
    const size = shape.reduce((product, side) => product * side, 1), bound = 1 / Math.sqrt(fan);
    return fan ? generator.uniforms(size, -bound, bound) : new Float32Array(size).fill(i ? 0 : 1);
  }));
  const all = uniform ? parts.map(part => generator.uniforms(part.length, -0.5, 0.5)) : parts;
  const weights = new Float32Array(all.reduce((sum, part) => sum + part.length, 0));
  all.reduce((at, part) => { weights.set(part, at); return at + part.length; }, 0);
  return weights;
}
