/** What can be played on the stage: a recorded cell or a run's message, behind one shape. */

import { FRAMES, picture } from "./atlas.js";

/**
 * @typedef {import("./atlas.js").Tile} Tile
 * @typedef {object} Film
 * @property {"recorded" | "live" | "replay"} kind
 * @property {number} tiles pictures in the update
 * @property {import("./model.js").Frame[]} frames @property {number} steps the attack's last step
 * @property {(frame: number, i: number) => Tile | null} tile
 * @property {(i: number) => Tile | null} control
 * @property {(i: number) => Tile | null} truth the private picture, where the film brings its own
 * @property {import("./model.js").Verdict | null} verdict
 * @property {{ sent: string, clean: string | null } | null} band 12 rows of 64 cells each, base64
 * @property {number | null} share of what leaves that is noise
 * @property {number | null} numel
 * @property {{ psnr: number | null, ssim: number | null } | null} controlScore
 * @property {string[]} tried @property {Record<string, any>} scenario
 * @property {Record<string, any> | null} run the message behind it
 */

/**
 * @param {ReturnType<typeof import("./atlas.js").openAtlas>} atlas
 * @param {import("./model.js").AtlasSet} set @param {import("./model.js").Cell} cell
 * @returns {Film}
 */
export function recordedFilm(atlas, set, cell) {
  const cells = set.cells ?? [],
    row = cells.indexOf(cell),
    clean = cells.find(c => c.strength === 0);
  return {
    kind: "recorded",
    tiles: set.mixed,
    frames: cell.frames,
    steps: cell.steps,
    tile: (frame, i) =>
      frame === cell.frames.length - 1 ? atlas.still(set, row, 0, frame, i) : atlas.tile(set, row, frame, i),
    control: i => atlas.still(set, row, 1, FRAMES, i),
    truth: () => null,
    verdict: cell.verdict,
    band: { sent: cell.band, clean: clean?.band ?? null },
    share: cell.noise_share,
    numel: set.numel,
    controlScore: cell.control,
    tried: cell.tried,
    scenario: cell.scenario,
    run: null,
  };
}

/**
 * The value of a curve at a step; the last one before it where that step was left out.
 * @param {Record<string, any[]>} history @param {string} name @param {number} step
 */
function at(history, name, step) {
  const steps = history.iteration ?? [];
  let low = 0,
    high = steps.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (steps[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return history[name]?.[low] ?? null;
}

/** Side of the pictures that the stage itself holds. */
const STAGE = 32;

/** Pictures of live frames, decoded once. @type {Map<string, CanvasImageSource>} */
const decoded = new Map();

/** Decode what a run's message shows; resolves when all of it can be drawn. @param {Record<string, any>} run */
export async function decode(run) {
  const wanted = [
    run.sprite,
    run.truth,
    run.verdict?.control?.src,
    ...(run.frames ?? []).map((/** @type {any} */ f) => f.src),
  ];
  await Promise.all(
    wanted.filter(src => src && !decoded.has(src)).map(async src => decoded.set(src, await picture(src))),
  );
}

/**
 * A run's private pictures, one data address each. @param {Record<string, any>} run
 */
export async function truths({ truth, size }) {
  const sprite = await picture(truth);
  return Array.from({ length: size.batch }, (_, i) => {
    const canvas = document.createElement("canvas");
    canvas.width = size.width;
    canvas.height = size.height;
    canvas.getContext("2d")?.drawImage(sprite, -i * size.width, 0);
    return canvas.toDataURL("image/png");
  });
}

/**
 * @param {Record<string, any>} run as payload.py writes it, decoded @param {"live" | "replay"} kind
 * @returns {Film}
 */
export function runFilm(run, kind) {
  const { size, history } = run,
    seen = run.frames ?? [];
  /** @param {string} src @param {number} i @param {number} row @returns {Tile | null} */
  const tile = (src, i, row = 0) => {
    const image = decoded.get(src);
    return image ? { image, x: i * size.width, y: row * size.height, side: size.width } : null;
  };
  const v = run.verdict;
  return {
    kind,
    tiles: size.batch,
    steps: ["done", "recorded"].includes(run.state) ? (seen.at(-1)?.iteration ?? run.total) : run.total,
    frames: seen.map((/** @type {any} */ f) => ({
      step: f.iteration,
      psnr: f.psnr,
      ssim: at(history, "ssim", f.iteration),
      loss: at(history, "loss", f.iteration),
    })),
    tile: (frame, i) => (run.sprite ? tile(run.sprite, i, seen[frame].row) : tile(seen[frame].src, i)),
    control: i => (v ? tile(v.control.src, i) : null),
    truth: i => (size.width === STAGE ? null : tile(run.truth, i)),
    verdict: v && {
      level: v.level,
      rank: v.rank,
      control_rank: v.control_rank,
      candidates: v.candidates ?? 100,
      reason: v.reason,
    },
    band: run.wire ?? null,
    share: run.wire?.share ?? null,
    numel: run.numel,
    controlScore: v && { psnr: v.control.psnr, ssim: null },
    tried: [run.scenario.attack],
    scenario: run.scenario,
    run,
  };
}
