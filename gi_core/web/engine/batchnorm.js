/** BatchNorm in evaluation mode: one slope and one shift per channel, after the running statistics were taken out. */

const EPS = 1e-5;

/**
 * @param {object} given @param {[number, number, number]} given.shape (C,H,W)
 * @param {ArrayLike<number>} [given.mean] running mean (C,), default 0
 * @param {ArrayLike<number>} [given.variance] default 1
 * @param {number} batch @param {import("./matrix.js").Machine} machine
 * @returns {import("./convolution.js").Layer & { shape: [number, number, number] }}
 */
export function batchNorm({ shape, mean, variance }, batch, machine) {
  const [channels, height, width] = shape, places = height * width, size = channels * places;
  const centre = Float64Array.from({ length: channels }, (_, c) => mean?.[c] ?? 0);
  const scale = Float64Array.from({ length: channels }, (_, c) => 1 / Math.sqrt((variance?.[c] ?? 1) + EPS));
  const primal = machine.room(batch * size), tangents = machine.room(batch * size);
  /** @param {(c: number, from: number, to: number) => void} visit */
  const maps = visit => {
    for (let m = 0; m < batch * channels; m++) visit(m % channels, m * places, (m + 1) * places);
  };
  return {
    shape, inputs: size, outputs: size, fan: 0, shapes: [[channels], [channels]], count: 2 * channels,
    see(x, tangent = false) {
      const out = tangent ? tangents : primal;
      maps((c, from, to) => {
        const shift = tangent ? 0 : centre[c];
        for (let i = from; i < to; i++) out[i] = (x[i] - shift) * scale[c];
      });
      return out;
    },
    push(w, seen, z, { bias = true, add = false } = {}) {
      maps((c, from, to) => {
        const slope = w[c], shift = bias ? w[channels + c] : 0;
        for (let i = from; i < to; i++) z[i] = slope * seen[i] + shift + (add ? z[i] : 0);
      });
    },
    pull(out, ...pairs) {
      out.fill(0, 0, batch * size);
      for (let j = 0; j < pairs.length; j += 2)
        maps((c, from, to) => {
          const slope = pairs[j][c] * scale[c], d = pairs[j + 1];
          for (let i = from; i < to; i++) out[i] += slope * d[i];
        });
    },
    outer(d, seen, g) {
      g.fill(0, 0, 2 * channels);
      maps((c, from, to) => {
        let slope = 0, shift = 0;
        for (let i = from; i < to; i++) { slope += d[i] * seen[i]; shift += d[i]; }
        g[c] += slope;
        g[channels + c] += shift;
      });
    },
  };
}
