/**
 * The network that turns decoder inputs and a first linear picture into the picture: `gi_core.networks.decoder`.
 * Residual blocks at a quarter and at half of the picture's side, pixel shuffles in between.
 */

import { convolution } from "../convolution.js";
import { linear } from "./tensors.js";

/**
 * @typedef {import("./tensors.js").Tensors} Tensors
 * @typedef {{ values: Float32Array, shape: [number, number, number] }} Maps
 * @typedef {import("../matrix.js").Machine} Machine
 */

/** @param {Float32Array} values */
const positive = values => values.map(value => Math.max(0, value));

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
const sum = (a, b) => Float32Array.from(a, (value, i) => value + b[i]);

/**
 * A 3x3 convolution by its name.
 * @param {Tensors} network @param {string} name @param {Maps} x @param {Machine} machine @returns {Maps}
 */
function convolved(network, name, { values, shape }, machine) {
  const { shape: [filters, , kernel], values: weight } = network[`${name}.weight`];
  const layer = convolution({ shape, filters, kernel, padding: 1 }, 1, machine), made = machine.room(layer.outputs);
  const own = machine.room(layer.count);
  own.set(weight);
  own.set(network[`${name}.bias`].values, weight.length);
  layer.push(own, layer.see(values), made);
  return { values: made, shape: layer.shape };
}

/**
 * x + second(relu(film(first(relu(x))))), film: times 1 + scale, plus shift, both told by the condition.
 * @param {Tensors} network @param {string} name @param {Maps} x @param {Float64Array | null} condition
 * @param {Machine} machine @returns {Maps}
 */
function block(network, name, x, condition, machine) {
  const inner = convolved(network, `${name}.first`, { ...x, values: positive(x.values) }, machine);
  const [channels, height, width] = x.shape, places = height * width;
  if (condition) {
    const film = linear(network, `${name}.film`, condition);
    inner.values.forEach((value, i) => {
      const c = Math.floor(i / places);
      inner.values[i] = value * (1 + film[c]) + film[channels + c];
    });
  }
  const second = convolved(network, `${name}.second`, { ...inner, values: positive(inner.values) }, machine);
  return { shape: x.shape, values: sum(x.values, second.values) };
}

/**
 * (C,H,W) -> (C r^2, H/r, W/r).
 * @param {ArrayLike<number>} x @param {number[]} shape @param {number} r @returns {Maps}
 */
function folded(x, [channels, height, width], r) {
  const high = height / r, wide = width / r, made = new Float32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const c = Math.floor(i / (height * width)), row = Math.floor(i / width) % height, column = i % width;
    const to = (c * r + (row % r)) * r + (column % r);
    made[(to * high + Math.floor(row / r)) * wide + Math.floor(column / r)] = x[i];
  }
  return { values: made, shape: [channels * r * r, high, wide] };
}

/** The way back. @param {Maps} x @param {number} r @returns {Maps} */
function unfolded({ values, shape: [channels, high, wide] }, r) {
  const height = high * r, width = wide * r, made = new Float32Array(values.length);
  for (let i = 0; i < made.length; i++) {
    const c = Math.floor(i / (height * width)), row = Math.floor(i / width) % height, column = i % width;
    const from = (c * r + (row % r)) * r + (column % r);
    made[i] = values[(from * high + Math.floor(row / r)) * wide + Math.floor(column / r)];
  }
  return { values: made, shape: [channels / (r * r), height, width] };
}

/** @param {Tensors} network @param {string} kind */
const blocks = (network, kind) =>
  Array.from({ length: 9 }, (_, i) => `decoder.${kind}.${i}`).filter(name => `${name}.first.weight` in network);

/**
 * A picture (C,H,W), not clamped.
 * @param {Tensors} network @param {ArrayLike<number>} inputs maps at a quarter of the side
 * @param {Float64Array} picture the linear one @param {[number, number, number]} shape
 * @param {Machine} machine @param {Float64Array | null} [condition]
 */
export function decode(network, inputs, picture, shape, machine, condition = null) {
  const centred = Float32Array.from(picture, value => 4 * (value - 0.5)), [, height, width] = shape;
  const deep = folded(centred, shape, 4), maps = Float32Array.from([...Array.from(inputs), ...deep.values]);
  const channels = (16 * maps.length) / (height * width);
  let x = convolved(network, "decoder.stem", { values: maps, shape: [channels, height / 4, width / 4] }, machine);
  for (const name of blocks(network, "deep")) x = block(network, name, x, condition, machine);
  const raised = unfolded(convolved(network, "decoder.up", x, machine), 2);
  const side = convolved(network, "decoder.side", folded(centred, shape, 2), machine);
  x = { shape: raised.shape, values: sum(raised.values, side.values) };
  for (const name of blocks(network, "wide")) x = block(network, name, x, condition, machine);
  const last = unfolded(convolved(network, "decoder.out", { ...x, values: positive(x.values) }, machine), 2);
  return picture.map((value, i) => value + last.values[i] / 4);
}
