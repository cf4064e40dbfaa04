/** What is known of the chosen set-up: the strongest run with its pictures, what to change, what this leaves out. */

import { escape, number, ordinal, short, signed, whole } from "../../lib/format.js";
import { icon } from "../../lib/icons.js";
import { squares } from "../../lib/page.js";
import { t, words } from "../../lib/words.js";
import { drawTile, wordOf } from "./map.js";
import { better, named, titleOf } from "./setup.js";

/** @typedef {import("./setup.js").Choice} Choice */

/** One sentence on a run. @param {any} run */
function sentence(run) {
  const said = t(run.short ? "evidence.say_short" : `evidence.say_${run.level}`);
  if (run.rank == null) return said;
  return `${said} ${t("evidence.rank", { n: whole(run.candidates), rank: ordinal(run.rank, words),
    control: ordinal(run.control_rank, words) })}`;
}

/**
 * What a change costs, as far as it was measured.
 * @param {any} catalog @param {import("./setup.js").Column & { accuracy: number | null }} column
 */
function cost(catalog, column) {
  if (column.name !== "noise") return t("evidence.cost_" + column.name);
  if (column.accuracy == null) return t("evidence.cost_unknown");
  return t("evidence.cost_noise", { with: column.accuracy, without: catalog.columns[0].accuracy });
}

/** @param {any} catalog @param {number} row @param {any} cell */
function changes(catalog, row, cell) {
  if (cell.short) return `<p class="small">${t("evidence.change_short")}</p>`;
  if (cell.level === 0) return `<p class="small">${t("evidence.change_none")}</p>`;
  const found = better(catalog, row, cell.level);
  if (!found.length) return `<p class="small">${t("evidence.change_unknown")}</p>`;
  return `<ul>${found.map((/** @type {any} */ one) => `<li><b>${titleOf(one.column)}</b>${squares(one.cell.level)}
    <span class="small">${t("evidence.found", { word: words["level_" + one.cell.level], n: one.cell.runs })}
    ${cost(catalog, one.column)}</span></li>`).join("")}</ul>`;
}

/** @param {Choice} choice */
const outside = choice => ["evidence.out_server", "evidence.out_again", "evidence.out_fresh", "evidence.out_budget"]
  .concat(Number(choice.clients) > 1 ? ["evidence.out_sum"] : []).map(key => t(key)).join(" ");

const buttons = (/** @type {string} */ more) => `<div class="dl">
  <button type="button" class="btn s" data-act="report">
  ${icon("down")}${t("evidence.report")}</button>${more}</div><div class="all" data-k="all"></div>`;

/**
 * The panel of a cell.
 * @param {HTMLElement} panel @param {any} catalog @param {{ row: number, column: number }} at @param {Choice} choice
 */
export function drawCell(panel, catalog, at, choice) {
  const cell = catalog.cells[at.row][at.column];
  const title = `${named("row", catalog.rows[at.row].name)}: ${titleOf(catalog.columns[at.column])}`;
  if (!cell) {
    panel.innerHTML = `<div class="top"><h2>${title}</h2></div><p>${t("evidence.nobody")}</p>${buttons("")}`;
    return;
  }
  const kinds = ["private", "attacker", "control"];
  const figures = cell.tile == null ? `<p class="small">${t("evidence.no_pictures")}</p>`
    : `<div class="three">${kinds.map(kind => `<figure class="k-${kind}">
      <canvas role="img" aria-label="${t("evidence.tile_" + kind)}"></canvas>
      <figcaption class="${kind}">${t("evidence.tile_" + kind)}</figcaption></figure>`).join("")}</div>`;
  panel.innerHTML = `<div class="top"><h2>${title}</h2>${cell.short ? "" : squares(cell.level)}</div>
    <p class="small">${t("evidence.strongest", { word: wordOf(cell), n: cell.runs, pictures: cell.pictures,
      psnr: number(cell.psnr) })}</p>${figures}
    <p>${sentence(cell)}</p>
    <h3>${t("evidence.change")}</h3>${changes(catalog, at.row, cell)}
    <h3>${t("evidence.outside")}</h3><p class="small">${outside(choice)}</p>
    ${buttons(`<button type="button" class="btn s" data-act="all" aria-expanded="false">
      ${t("evidence.all", { n: cell.runs })}</button>
    ${cell.key ? `<button type="button" class="btn s" data-act="open" data-key="${cell.key}">
      ${t("evidence.open")}</button>` : ""}`)}`;
  panel.querySelectorAll(".three canvas").forEach((canvas, place) =>
    drawTile(/** @type {HTMLCanvasElement} */ (canvas), catalog, cell.tile, place));
}

/** What was not measured but estimated, and that it is. @param {any} estimate */
function estimated(estimate) {
  if (!estimate) return "";
  const [low, high] = estimate.levels.map((/** @type {number} */ level) => words["level_" + level]);
  if (low === words.level_0 && high === words.level_3) return `<p class="small">${t("evidence.estimate_open")}</p>`;
  return `<p><b>${t("evidence.estimate", { span: low === high ? low : t("evidence.span", { low, high }) })}</b>
    <span class="small">${t("evidence.estimate_why", { n: estimate.runs })}</span></p>`;
}

/** Epsilon of one release and of all. @param {any} privacy */
const composed = privacy => privacy ? `<p class="small">${t("evidence.composed", { one: short(privacy.epsilon),
  all: short(privacy.all), n: whole(privacy.releases) })}</p>` : "";

/**
 * The panel of a set-up off the map.
 * @param {HTMLElement} panel @param {any} answer as the server tells it @param {Choice} choice
 * @param {string} nearest the cell's name
 */
export function drawAnswer(panel, answer, choice, nearest) {
  if (answer.error) {
    panel.innerHTML = `<div class="top"><h2>${t("evidence.refused")}</h2></div><p class="refused" lang="en">
      ${escape(answer.error)}</p>`;
    return;
  }
  const { found } = answer, word = (/** @type {number} */ level) => words["level_" + level];
  const off = answer.distance ?? answer.nearest;
  const head = !Number.isFinite(off ?? NaN) ? t("evidence.incomparable")
    : off === 0 ? t("evidence.exactly") : t("evidence.off_map", { cell: nearest, distance: number(off) });
  const span = found && (found.levels[0] === found.levels[1] ? word(found.levels[0])
    : t("evidence.span", { low: word(found.levels[0]), high: word(found.levels[1]) }));
  panel.innerHTML = `<div class="top"><h2>${found ? span : t("evidence.unmeasured")}</h2>
    ${found ? squares(found.levels[1]) : ""}</div>
    ${estimated(answer.estimate)}<p>${head}${answer.first_step ? ` ${t("evidence.first_step")}` : ""}</p>
    ${composed(answer.privacy)}
    ${found ? `<p class="small">${t("evidence.near", { n: answer.count, low: signed(found.gain[0], 2),
      high: signed(found.gain[1], 2) })}</p>` : ""}
    <h3>${t("evidence.outside")}</h3><p class="small">${outside(choice)}</p>${buttons(`<button type="button"
      class="btn s" data-act="measure" data-query="${escape(answer.query)}">${t("evidence.measure")}</button>`)}`;
}

/** Every run of a cell as a table. @param {HTMLElement} box @param {any[]} runs */
export function drawRuns(box, runs) {
  const heads = words["evidence.columns"].split("|").map(name => `<th scope="col">${name}</th>`).join("");
  box.innerHTML = `<table><thead><tr>${heads}</tr></thead>
    <tbody>${runs.map(run => `<tr><td><code class="mono">${escape(run.attack)}</code><br>
      ${escape(run.names.join(", "))}</td>
    <td>${words["level_" + run.level]}</td><td>${number(run.psnr)}</td>
    <td><button type="button" class="link" data-act="open" data-key="${run.key}">${t("evidence.open")}</button></td>
    </tr>`).join("")}
    </tbody></table>`;
}
