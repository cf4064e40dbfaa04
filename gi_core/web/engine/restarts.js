/** Starts one after another; every frame shows the best answer of all, by the attacker's own loss. */

/**
 * @typedef {import("./observation.js").Frame} Frame
 * @param {number} restarts @param {number} frames of one of them at most
 * @param {(restart: number) => Iterable<Omit<Frame, "restart"> | null>} from
 * @returns {Generator<Frame | null>}
 */
export function* best(restarts, frames, from) {
  /** @type {Float32Array | null} */ let answer = null;
  let lowest = Infinity;
  for (let restart = 0; restart < restarts; restart++) {
    let own = Infinity, last = null;
    for (const frame of from(restart)) {
      if (frame) {
        own = Math.min(own, Number.isNaN(frame.loss) ? Infinity : frame.loss);
        last = own < lowest || !answer ? frame.pictures : answer;
        yield { ...frame, iteration: restart * frames + frame.iteration, restart, pictures: last };
      } else yield null;
    }
    if (last) answer = last.slice();
    lowest = Math.min(lowest, own);
  }
}
