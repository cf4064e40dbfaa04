/** The filmstrip's clock: plays frames from the first to the last, in a time that does not depend on their number. */

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const LASTS = 2300;

/** How far a film is after a share of its time: it slows down towards the end. @param {number} share */
export const eased = share => 1 - (1 - Math.min(1, Math.max(0, share))) ** 2;

/**
 * @param {(frame: number) => void} show @param {(playing: boolean) => void} changed
 */
export function player(show, changed) {
  let playing = 0;
  const stop = () => {
    if (!playing) return;
    cancelAnimationFrame(playing);
    playing = 0;
    changed(false);
  };
  return {
    stop,
    get playing() {
      return playing !== 0;
    },
    /** @param {number} frames @param {() => void} [ended] */
    play(frames, ended = () => {}) {
      stop();
      if (frames < 2 || calm()) {
        show(frames - 1);
        return ended();
      }
      const began = performance.now();
      let last = -1;
      const beat = (/** @type {number} */ now) => {
        const share = (now - began) / LASTS,
          frame = Math.min(frames - 1, Math.floor(eased(share) * frames));
        if (frame !== last) show((last = frame));
        if (share < 1) {
          playing = requestAnimationFrame(beat);
          return;
        }
        playing = 0;
        changed(false);
        ended();
      };
      playing = requestAnimationFrame(beat);
      changed(true);
      show(0);
    },
  };
}
