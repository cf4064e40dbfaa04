/** The regimes of the feasibility study beside what its paper reports; a row shows its recorded pictures. */

import { picture, tiles } from "../../lib/canvas.js";
import { escape, number } from "../../lib/format.js";
import { toast } from "../../lib/page.js";
import { t, words } from "../../lib/words.js";

/** What the paper reports: its SSIM, or a word. @param {any} paper */
const theirs = paper => paper.ssim != null ? number(paper.ssim, 3) : words["feas_paper_" + paper.word];

/** What our runs found: a level once it is settled, and else that it is not. @param {any} ours */
const found = ours => !ours ? words.feas_not_run
  : ours.state === "short" ? t("evidence.short") : words["level_" + ours.level];

/** @param {string} victim @param {string} setting @param {string} name @param {any} regime */
function rowHtml(victim, setting, name, { ours, attack, paper, runs }) {
  const short = !ours || ours.state === "short", shown = runs.some((/** @type {any} */ run) => run.kept);
  const measured = ours ? [`<code>${escape(attack)}</code>`, number(ours.ssim, 2)] : ["", ""];
  const cost = ours ? [`${ours.pictures} &times; ${ours.seeds}`, number(ours.cpu_hours, 3)] : ["", ""];
  const cells = [setting, ...measured, found(ours), theirs(paper), ...cost].map(cell => `<td>${cell}</td>`).join("");
  return `<tr class="${short ? "short" : ""}"><th scope="row">${escape(victim)}</th>${cells}
    <td>${shown ? `<button type="button" class="link" data-regime="${name}">${t("evidence.pictures")}</button>` : ""}
    </td></tr>`;
}

/** @param {any} catalog @returns {string[]} */
const rowsOf = ({ groups, regimes: told }) => groups.flatMap((/** @type {any} */ { name: group, columns, rows }) =>
  rows.flatMap((/** @type {any} */ { victim, cells }) => cells.map((/** @type {any} */ name, /** @type {number} */ i) =>
    name ? rowHtml(victim, words[`feas_${group}_${columns[i]}`], name, told[name]) : "")));

/** @param {HTMLElement} box @param {string} name @param {any} run @param {any} shown */
async function drawRegime(box, name, run, shown) {
  box.innerHTML = ["private", "attacker", "control"].map(kind => `<figure>
    <canvas role="img" aria-label="${t("evidence.tile_" + kind)}"></canvas>
    <figcaption class="${kind}">${t("evidence.tile_" + kind)}</figcaption></figure>`).join("")
    + `<p class="small">${escape(name)}: SSIM ${number(run.ssim, 2)}, ${number(run.psnr)} dB</p>`;
  const source = await picture(shown.src), canvases = box.querySelectorAll("canvas");
  [0, 1, 2].forEach((row, i) => tiles(canvases[i], source, row, shown.batch, shown.side, shown.side));
}

/** @param {import("../../lib/page.js").Context} context @param {(name: string) => any} find */
export function regimes({ props, server }, find) {
  const { catalog } = props;
  find("regimes").innerHTML = `<thead><tr>${words["evidence.regime_columns"].split("|").map(head =>
    `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${rowsOf(catalog.regimes).join("")}</tbody>`;
  find("regimes").onclick = async (/** @type {any} */ event) => {
    const name = event.target.closest("[data-regime]")?.dataset.regime;
    if (!name) return;
    const run = catalog.regimes.regimes[name].runs.find((/** @type {any} */ one) => one.kept);
    const shown = await server.feasibility_run({ regime: name, update: run.update, seed: run.seed });
    if (shown.error) toast(shown.error);
    else drawRegime(find("regime"), name, run, shown);
  };
}
