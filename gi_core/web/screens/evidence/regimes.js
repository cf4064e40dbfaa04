/** The regimes of the feasibility study beside what its paper reports; a row shows its recorded pictures. */

import { picture, tiles } from "../../lib/canvas.js";
import { escape, number, whole } from "../../lib/format.js";
import { toast } from "../../lib/page.js";
import { t, words } from "../../lib/words.js";

const SHORT = 120;

/** What the paper reports: its SSIM, or a word. @param {any} paper */
const theirs = paper => paper.ssim != null ? number(paper.ssim, 2) : words["feas_paper_" + paper.word];

/** Whether a regime that found nothing had too little time to say so. @param {any} regime */
const tooShort = regime => regime.level === 0
  && regime.runs.some((/** @type {any} */ run) => run.cut != null || run.iterations <= SHORT);

/** @param {string} victim @param {string} setting @param {string} name @param {any} regime */
function rowHtml(victim, setting, name, regime) {
  const short = tooShort(regime), word = short ? t("evidence.short") : words["feas_level_" + regime.level];
  return `<tr class="${short ? "short" : ""}"><th scope="row">${escape(victim)}</th><td>${setting}</td>
    <td>${number(regime.ssim.mean, 2)}</td><td>${word}</td><td>${theirs(regime.paper)}</td>
    <td>${whole(regime.runs[0].iterations)}</td>
    <td><button type="button" class="link" data-regime="${name}">${t("evidence.pictures")}</button></td></tr>`;
}

/** @param {any} catalog @returns {string[]} */
const rowsOf = ({ groups, regimes: told }) => groups.flatMap((/** @type {any} */ { name: group, columns, rows }) =>
  rows.flatMap((/** @type {any} */ { victim, cells }) => cells.map((/** @type {any} */ name, /** @type {number} */ i) =>
    name ? rowHtml(victim, words[`feas_${group}_${columns[i]}`], name, told[name]) : "")));

/** @param {HTMLElement} box @param {string} name @param {any} run @param {any} shown */
async function drawRegime(box, name, run, shown) {
  box.innerHTML = ["private", "attacker"].map(kind => `<figure>
    <canvas role="img" aria-label="${t("evidence.tile_" + kind)}"></canvas>
    <figcaption class="${kind}">${t("evidence.tile_" + kind)}</figcaption></figure>`).join("")
    + `<p class="small">${escape(name)}: SSIM ${number(run.ssim, 2)}, ${number(run.psnr)} dB</p>`;
  const source = await picture(shown.src), canvases = box.querySelectorAll("canvas");
  [0, shown.rows - 1].forEach((row, i) => tiles(canvases[i], source, row, shown.batch, shown.side, shown.side));
}

/** @param {import("../../lib/page.js").Context} context @param {(name: string) => any} find */
export function regimes({ props, server }, find) {
  const { catalog } = props;
  find("regimes").innerHTML = `<thead><tr>${words["evidence.regime_columns"].split("|").map(head =>
    `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${rowsOf(catalog.regimes).join("")}</tbody>`;
  find("regimes").onclick = async (/** @type {any} */ event) => {
    const name = event.target.closest("[data-regime]")?.dataset.regime;
    if (!name) return;
    const run = catalog.regimes.regimes[name].runs[0];
    const shown = await server.feasibility_run({ regime: name, update: run.update, seed: run.seed });
    if (shown.error) toast(shown.error);
    else drawRegime(find("regime"), name, run, shown);
  };
}
