/** Trained networks as `gi_core.networks.weights` stores them: safetensors, matrices as whole numbers times scales. */

const SCALE = ".row_scale", GROUP = 32;

/**
 * @typedef {{ shape: number[], values: Float32Array }} Tensor
 * @typedef {Record<string, Tensor>} Tensors
 * @typedef {{ prefix: string, file: string }} Part a file, and the name that its tensors' names go behind
 */

/** Half precision, IEEE 754 binary16. @param {number} bits */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}

/** @type {Record<string, (view: DataView, at: number) => number>} */
const KINDS = {
  F32: (view, at) => view.getFloat32(at, true), F16: (view, at) => half(view.getUint16(at, true)),
  I8: (view, at) => view.getInt8(at),
};
const BYTES = /** @type {Record<string, number>} */ ({ F32: 4, F16: 2, BF16: 2, I8: 1 });

/** The upper half of a float32. @param {DataView} view */
function brain(view) {
  const number = new DataView(new ArrayBuffer(4));
  return (/** @type {number} */ at) => {
    number.setUint16(2, view.getUint16(at, true), true);
    return number.getFloat32(0, true);
  };
}

/** A file's tensors, as stored. @param {ArrayBuffer} bytes @param {string} prefix @returns {Tensors} */
function stored(bytes, prefix) {
  const length = Number(new DataView(bytes).getBigUint64(0, true)), from = 8 + length;
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 8, length))), view = new DataView(bytes, from);
  delete head.__metadata__;
  const bfloat = brain(view);
  return Object.fromEntries(Object.entries(head).map(([name, { dtype, shape, data_offsets: [begin, end] }]) => {
    const values = new Float32Array((end - begin) / BYTES[dtype]), read = KINDS[dtype];
    for (let i = 0, at = begin; i < values.length; i++, at += BYTES[dtype])
      values[i] = read ? read(view, at) : bfloat(at);
    return [prefix + name, { shape, values }];
  }));
}

/**
 * Whole numbers times their scale, one for each row or for each 32 of it.
 * @param {Tensor} whole @param {Tensor} scale
 */
function scaled({ shape, values }, scale) {
  const rows = shape[0], columns = values.length / rows, groups = scale.values.length / rows;
  const size = groups === 1 ? columns : GROUP;
  return { shape, values: values.map((value, i) => {
    const row = Math.floor(i / columns);
    return value * scale.values[row * groups + Math.floor((i - row * columns) / size)];
  }) };
}

/** The network's tensors. @param {{ prefix: string, bytes: ArrayBuffer }[]} files @returns {Tensors} */
export function tensors(files) {
  const all = Object.assign({}, ...files.map(({ bytes, prefix }) => stored(bytes, prefix)));
  return Object.fromEntries(Object.entries(all).filter(([name]) => !name.endsWith(SCALE)).map(([name, tensor]) =>
    [name, name + SCALE in all ? scaled(tensor, all[name + SCALE]) : tensor]));
}

/**
 * W x + b of a linear layer by its name.
 * @param {Tensors} network @param {string} name @param {ArrayLike<number>} x
 */
export function linear(network, name, x) {
  const { shape: [units, inputs], values } = network[`${name}.weight`], bias = network[`${name}.bias`]?.values;
  return Float64Array.from({ length: units }, (_, i) => {
    let sum = bias ? bias[i] : 0;
    for (let j = 0; j < inputs; j++) sum += values[i * inputs + j] * x[j];
    return sum;
  });
}

/** x W for a matrix (n,m). @param {ArrayLike<number>} x @param {Tensor} matrix */
export function times(x, { shape: [, columns], values }) {
  const sums = new Float64Array(columns);
  for (let i = 0; i < x.length; i++)
    for (let j = 0, at = i * columns, share = x[i]; j < columns; j++) sums[j] += share * values[at + j];
  return sums;
}
