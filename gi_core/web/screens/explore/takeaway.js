/** What can be taken away of the run on the stage: files that the server writes, else those that the browser can. */

import { csv } from "../../lib/format.js";
import { save, saveText, toast } from "../../lib/page.js";
import { t, words } from "../../lib/words.js";

/** @typedef {import("./films.js").Film} Film @typedef {(name: string) => any} Find */

const SIDE = 512,
  GAP = 16;

/** The pair on the stage, side by side. @param {Find} find */
function pair(find) {
  const made = document.createElement("canvas"),
    drawn = /** @type {CanvasRenderingContext2D} */ (made.getContext("2d"));
  made.width = 2 * SIDE + GAP;
  made.height = SIDE;
  drawn.imageSmoothingEnabled = false;
  drawn.drawImage(find("truth"), 0, 0, SIDE, SIDE);
  drawn.drawImage(find("guess"), SIDE + GAP, 0, SIDE, SIDE);
  return made.toDataURL("image/png").split(",")[1];
}

/** @param {Film} film */
const table = film => [
  ["iteration", "loss", "psnr", "ssim"],
  ...film.frames.map(frame => [frame.step, frame.loss, frame.psnr, frame.ssim]),
];

/** @param {Film} film */
const record = ({ scenario, frames, verdict, controlScore, tried, numel, share, run }) => {
  const recorded = { scenario, frames, verdict, control: controlScore, tried, numel, noise_share: share };
  return JSON.stringify(run?.trace ?? recorded, null, 1);
};

/** Files that need no server. @type {Record<string, (find: Find, film: Film) => void>} */
const HERE = {
  png: find => save("run.png", pair(find), "image/png"),
  csv: (_, film) => saveText("run.csv", csv(table(film)), "text/csv"),
  json: (_, film) => saveText("run.json", record(film), "application/json"),
};

/** Whether the server has the run. @param {Film} film */
export const held = ({ run }) => Boolean(run) && run?.where !== "device";

/** The formats of a film. @param {Film} film @param {string[]} all @param {boolean} served */
export const formats = (film, all, served) => (held(film) && served ? all : Object.keys(HERE));

/**
 * @param {Find} find @param {Film} film @param {string} format
 * @param {import("./controller.js").Server | undefined} server
 */
export async function download(find, film, format, server) {
  const { run } = film;
  if (!run || !held(film) || !server?.download_run) return HERE[format](find, film);
  toast(t("preparing"));
  const file = await server.download_run({ id: run.id, scenario: run.scenario, pictures: run.pictures, format });
  if (file.data) save(file.name, file.data, file.type);
  else toast(file.error ?? words.forgotten);
}
