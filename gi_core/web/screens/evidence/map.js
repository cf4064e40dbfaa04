/** The map: a table of cells, each with the private picture and the best that was rebuilt from its update. */

import { context, picture } from "../../lib/canvas.js";
import { escape } from "../../lib/format.js";
import { t, words } from "../../lib/words.js";
import { headOf, named } from "./setup.js";

/**
 * Draw one of a tile's three pictures.
 * @param {HTMLCanvasElement} canvas
 * @param {any} catalog
 * @param {number} tile
 * @param {number} place
 */
export async function drawTile(canvas, catalog, tile, place) {
  const { side } = catalog, sprite = await picture(catalog.sprite);
  canvas.width = canvas.height = side;
  context(canvas).drawImage(sprite, place * side, tile * side, side, side, 0, 0, side, side);
}

/** A cell's word. @param {any} cell */
export const wordOf = cell => cell.short ? t("evidence.short") : words["level_" + cell.level];

/** @param {any} catalog @param {any} cell @param {number} r @param {number} c */
function cellHtml(catalog, cell, r, c) {
  const setting = `${named("row", catalog.rows[r].name)}, ${headOf(catalog.columns[c]).join(" ")}`;
  if (!cell) return `<td><button type="button" class="cell none" data-cell="${r},${c}"
    aria-label="${escape(setting)}: ${t("evidence.not_run")}">${t("evidence.not_run")}</button></td>`;
  const pair = cell.tile == null ? "" : `<span class="two">${[0, 1].map(place =>
    `<canvas data-tile="${cell.tile},${place}" aria-hidden="true"></canvas>`).join("")}</span>`;
  return `<td><button type="button" class="cell l${cell.level}${cell.short ? " short" : ""}" data-cell="${r},${c}"
    aria-label="${escape(`${setting}: ${wordOf(cell)}`)}">${pair}<span class="w">${wordOf(cell)}</span></button></td>`;
}

/** @param {HTMLTableElement} table @param {any} catalog @param {(row: number, column: number) => void} choose */
export function drawMap(table, catalog, choose) {
  const heads = catalog.columns.map(headOf);
  table.innerHTML = `<thead><tr><td></td>${heads.map((/** @type {string[]} */ [head, under]) =>
    `<th scope="col"><b>${head}</b>${under}</th>`).join("")}</tr></thead><tbody>`
    + catalog.rows.map((/** @type {any} */ row, /** @type {number} */ r) => `<tr>
      <th scope="row"><b>
      ${named("row", row.name)}</b></th>`
      + catalog.columns.map((/** @type {any} */ _, /** @type {number} */ c) =>
        cellHtml(catalog, catalog.cells[r][c], r, c)).join("")
      + "</tr>").join("") + "</tbody>";
  table.querySelectorAll("canvas").forEach(canvas => {
    const [tile, place] = (canvas.dataset.tile ?? "").split(",").map(Number);
    drawTile(canvas, catalog, tile, place);
  });
  table.querySelectorAll("button").forEach(button => {
    const [row, column] = (button.dataset.cell ?? "").split(",").map(Number);
    button.onclick = () => choose(row, column);
  });
}

/**
 * Outline the chosen cell: `near` where it only is the nearest.
 * @param {HTMLElement} table
 * @param {any} at
 * @param {boolean} near
 */
export function markCell(table, at, near) {
  table.querySelectorAll("button").forEach(button => {
    const mine = at && button.dataset.cell === `${at.row},${at.column}`;
    button.classList.toggle("mine", Boolean(mine) && !near);
    button.classList.toggle("nearest", Boolean(mine) && near);
    button.setAttribute("aria-pressed", String(Boolean(mine)));
    button.querySelector(".you")?.remove();
    if (mine) button.insertAdjacentHTML("beforeend", `<span class="you">
      ${t(near ? "evidence.nearest" : "evidence.yours")}</span>`);
  });
}
