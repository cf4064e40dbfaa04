/** A fully-connected layer: a matrix (O,K) on the whole of each example. */

/**
 * @param {object} given @param {number} given.inputs @param {number} given.units @param {boolean} [given.bias]
 * @param {number} batch @param {import("./matrix.js").Machine} machine
 * @returns {import("./convolution.js").Layer & { shape: [number, number, number] }}
 */
export function dense({ inputs, units, bias = true }, batch, { rows, dots }) {
  const weights = inputs * units;
  return {
    shape: [units, 1, 1], inputs, outputs: units, fan: inputs,
    shapes: bias ? [[units, inputs], [units]] : [[units, inputs]], count: weights + (bias ? units : 0),
    see: x => x,
    push(w, x, z, how = {}) {
      dots(batch, units, inputs, x, w, z, how.add ?? false);
      if (bias && (how.bias ?? true))
        for (let i = 0; i < batch; i++) for (let j = 0; j < units; j++) z[i * units + j] += w[weights + j];
    },
    pull(out, ...pairs) {
      for (let j = 0; j < pairs.length; j += 2)
        rows(batch, inputs, units, pairs[j + 1], units, 1, pairs[j], out, j > 0);
    },
    outer(d, x, g) {
      rows(units, inputs, batch, d, 1, units, x, g, false);
      if (!bias) return;
      for (let j = 0; j < units; j++) {
        let sum = 0;
        for (let i = 0; i < batch; i++) sum += d[i * units + j];
        g[weights + j] = sum;
      }
    },
  };
}
