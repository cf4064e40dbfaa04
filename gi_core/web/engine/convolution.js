/** A convolution as a matrix (O,K) on the columns of its windows, one picture after another. */

/**
 * @typedef {object} Layer an affine map of `batch` examples; its parameters are a weight (O,K) and then a bias (O,)
 * @property {number} inputs numbers per example @property {number} outputs
 * @property {number[][]} shapes of its parameters, as PyTorch has them @property {number} count of all of them
 * @property {number} fan inputs of one output; 0 where no weight is drawn
 * @property {(x: any, tangent?: boolean) => any} see lays out what the other methods read; kept until the next call
 * @property {(w: any, seen: any, z: any, how?: { bias?: boolean, add?: boolean }) => void} push z = W x + b
 * @property {(out: any, ...pairs: any[]) => void} pull out = W^T d, summed over pairs of W and d
 * @property {(d: any, seen: any, g: any) => void} outer the gradient of the parameters, g = d x^T and the sum of d
 */

/**
 * @param {object} given
 * @param {[number, number, number]} given.shape (C,H,W) @param {number} given.filters @param {number} given.kernel
 * @param {number} [given.stride] @param {number} [given.padding]
 * @param {number} batch @param {import("./matrix.js").Machine} machine
 * @returns {Layer & { shape: [number, number, number] }}
 */
export function convolution({ shape, filters, kernel, stride = 1, padding = 0 }, batch, machine) {
  const [channels, height, width] = shape, { rows, dots } = machine;
  const high = Math.floor((height + 2 * padding - kernel) / stride) + 1;
  const wide = Math.floor((width + 2 * padding - kernel) / stride) + 1;
  const places = high * wide, taps = channels * kernel * kernel, weights = filters * taps;
  const inputs = channels * height * width, outputs = filters * places;
  const windows = { channels, height, width, kernel, stride, padding, high, wide };
  const room = () => Array.from({ length: batch }, () => machine.room(taps * places));
  const primal = room(), tangents = room(), back = machine.room(taps * places), each = machine.room(weights);
  const part = (/** @type {any} */ all, /** @type {number} */ i, /** @type {number} */ size) =>
    batch === 1 ? all : all.subarray(i * size, (i + 1) * size);
  return {
    shape: [filters, high, wide], inputs, outputs, fan: taps,
    shapes: [[filters, channels, kernel, kernel], [filters]], count: weights + filters,
    see(x, tangent = false) {
      const columns = tangent ? tangents : primal;
      columns.forEach((own, i) => spread(part(x, i, inputs), own, windows));
      return columns;
    },
    push(w, seen, z, { bias = true, add = false } = {}) {
      for (let i = 0; i < batch; i++) {
        const own = part(z, i, outputs);
        rows(filters, places, taps, w, taps, 1, seen[i], own, add);
        if (bias)
          for (let f = 0; f < filters; f++) {
            const shift = w[weights + f];
            for (let p = f * places; p < (f + 1) * places; p++) own[p] += shift;
          }
      }
    },
    pull(out, ...pairs) {
      out.fill(0, 0, batch * inputs);
      for (let i = 0; i < batch; i++) {
        for (let j = 0; j < pairs.length; j += 2)
          rows(taps, places, filters, pairs[j], 1, taps, part(pairs[j + 1], i, outputs), back, j > 0);
        gather(back, part(out, i, inputs), windows);
      }
    },
    outer(d, seen, g) {
      for (let i = 0; i < batch; i++) {
        dots(filters, taps, places, part(d, i, outputs), seen[i], i ? each : g, false);
        if (i) for (let j = 0; j < weights; j++) g[j] += each[j];
      }
      for (let f = 0; f < filters; f++) {
        let sum = 0;
        for (let i = 0; i < batch; i++)
          for (let p = i * outputs + f * places, end = p + places; p < end; p++) sum += d[p];
        g[weights + f] = sum;
      }
    },
  };
}

/**
 * @typedef {{ channels: number, height: number, width: number, kernel: number, stride: number, padding: number,
 *   high: number, wide: number }} Windows
 */

/**
 * Which outputs a tap reaches: those whose input is no padding.
 * @param {number} tap @param {number} size @param {number} count @param {Windows} w
 */
function reach(tap, size, count, { stride, padding }) {
  const first = Math.max(0, Math.ceil((padding - tap) / stride));
  return [first, Math.max(first, Math.min(count, Math.floor((size - 1 + padding - tap) / stride) + 1))];
}

/**
 * Pictures to columns: a row for each tap, a column for each window.
 * @param {any} x @param {any} columns @param {Windows} w
 */
function spread(x, columns, w) {
  const { channels, height, width, kernel, stride, padding, high, wide } = w;
  let at = 0;
  for (let c = 0; c < channels; c++)
    for (let ky = 0; ky < kernel; ky++) {
      const [top, bottom] = reach(ky, height, high, w);
      for (let kx = 0; kx < kernel; kx++, at += high * wide) {
        const [left, right] = reach(kx, width, wide, w);
        for (let y = top; y < bottom; y++) {
          const from = (c * height + y * stride + ky - padding) * width + kx - padding;
          for (let i = left, to = at + y * wide; i < right; i++) columns[to + i] = x[from + i * stride];
        }
      }
    }
}

/**
 * The transpose of `spread`: columns are added up where they overlap.
 * @param {any} columns @param {any} x @param {Windows} w
 */
function gather(columns, x, w) {
  const { channels, height, width, kernel, stride, padding, high, wide } = w;
  let at = 0;
  for (let c = 0; c < channels; c++)
    for (let ky = 0; ky < kernel; ky++) {
      const [top, bottom] = reach(ky, height, high, w);
      for (let kx = 0; kx < kernel; kx++, at += high * wide) {
        const [left, right] = reach(kx, width, wide, w);
        for (let y = top; y < bottom; y++) {
          const to = (c * height + y * stride + ky - padding) * width + kx - padding;
          for (let i = left, from = at + y * wide; i < right; i++) x[to + i * stride] += columns[from + i];
        }
      }
    }
}
