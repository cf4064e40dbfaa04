/**
 * Total variation, mean |dx| + mean |dy| in normalised pixels: Rudin, Osher, Fatemi 1992, as Geiping et al. 2020 use
 * it.
 */

/**
 * @param {import("./victim.js").Victim} victim @param {number} batch @param {number} weight
 * @returns {(x: ArrayLike<number>, gradient: any) => number} its value; its derivative is added to `gradient`
 */
export function smoothness({ shape: [channels, height, width], std }, batch, weight) {
  const maps = batch * channels, across = weight / (maps * height * (width - 1));
  const down = weight / (maps * (height - 1) * width);
  return (x, gradient) => {
    let value = 0;
    for (let m = 0, i = 0; m < maps; m++) {
      const scale = 1 / std[m % channels];
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++, i++) {
          if (column + 1 < width) value += step(x, gradient, i, i + 1, scale, across);
          if (row + 1 < height) value += step(x, gradient, i, i + width, scale, down);
        }
    }
    return value;
  };
}

/**
 * @param {ArrayLike<number>} x @param {any} gradient @param {number} i @param {number} j @param {number} scale
 * @param {number} share
 */
function step(x, gradient, i, j, scale, share) {
  const apart = (x[j] - x[i]) * scale, pull = apart > 0 ? share * scale : apart < 0 ? -share * scale : 0;
  gradient[j] += pull;
  gradient[i] -= pull;
  return share * Math.abs(apart);
}
