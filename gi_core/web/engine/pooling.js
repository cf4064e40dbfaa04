/**
 * Pooling over windows that do not overlap: linear maps without parameters; the largest one's is chosen by the guess.
 */

/**
 * @param {"average" | "max"} kind @param {object} given
 * @param {[number, number, number]} given.shape (C,H,W) @param {number} given.kernel side and stride of the windows
 * @param {number} batch
 * @returns {import("./convolution.js").Layer & { shape: [number, number, number] }}
 */
export function pooling(kind, { shape: [channels, height, width], kernel }, batch) {
  const high = Math.floor(height / kernel), wide = Math.floor(width / kernel);
  const inputs = channels * height * width, outputs = channels * high * wide, maps = batch * channels;
  const chosen = new Int32Array(kind === "max" ? batch * outputs : 0);
  const share = 1 / (kernel * kernel);
  /** @param {(place: number, first: number) => void} visit each output, and the first input of its window */
  const windows = visit => {
    for (let m = 0, place = 0; m < maps; m++)
      for (let y = 0; y < high; y++)
        for (let x = 0; x < wide; x++, place++) visit(place, (m * height + y * kernel) * width + x * kernel);
  };
  /** @param {number} first @param {(at: number) => void} visit */
  const inside = (first, visit) => {
    for (let y = 0; y < kernel; y++) for (let x = 0; x < kernel; x++) visit(first + y * width + x);
  };
  const route = (/** @type {any} */ x) =>
    windows((place, first) => {
      chosen[place] = first;
      inside(first, at => { if (x[at] > x[chosen[place]]) chosen[place] = at; });
    });
  return {
    shape: [channels, high, wide], inputs, outputs, fan: 0, shapes: [], count: 0,
    see(x, tangent = false) {
      if (kind === "max" && !tangent) route(x);
      return x;
    },
    push(_, x, z, { add = false } = {}) {
      windows((place, first) => {
        let sum = 0;
        if (kind === "max") sum = x[chosen[place]];
        else inside(first, at => { sum += share * x[at]; });
        z[place] = add ? z[place] + sum : sum;
      });
    },
    pull(out, _, d) {
      out.fill(0, 0, batch * inputs);
      windows((place, first) => {
        if (kind === "max") out[chosen[place]] += d[place];
        else inside(first, at => { out[at] += share * d[place]; });
      });
    },
    outer() {},
  };
}
