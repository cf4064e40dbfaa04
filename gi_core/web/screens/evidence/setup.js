/** The set-up sentence: five choices, what they mean as a cell of the map, and as fields for the server. Pure. */

import { short } from "../../lib/format.js";
import { t } from "../../lib/words.js";

/**
 * @typedef {{ name: string, batch_size: number, local_steps: number, clients: number, defense: string }} Column
 * @typedef {object} Choice
 * @property {string} row name of the network's family
 * @property {number} batch_size @property {number} local_steps @property {number} clients
 * @property {string} defense
 */

/** The fields of the sentence, in its order. */
export const FIELDS = /** @type {const} */ (["row", "batch_size", "local_steps", "defense", "clients"]);

/** Noise after clipping, by its number; 0: no defense. @param {string} defense */
export function noiseOf(defense) {
  if (defense === "none") return 0;
  const found = /^clip\+gaussian(?::sigma=([\d.e-]+))?$/.exec(defense);
  return found ? Number(found[1] ?? 0.01) : NaN;
}

/** Which values each choice offers. @param {{ rows: { name: string }[], columns: Column[] }} catalog */
export function offered({ rows, columns }) {
  const of = (/** @type {keyof Column} */ name) => [...new Set(columns.map(column => column[name]))];
  return {
    row: rows.map(row => row.name),
    batch_size: [...of("batch_size"), 16, 64].sort((a, b) => Number(a) - Number(b)),
    local_steps: [...of("local_steps"), 20].sort((a, b) => Number(a) - Number(b)),
    defense: [...of("defense"), "clip+gaussian:sigma=1", "topk:keep=0.1", "quantize:bits=4", "dp-gaussian:epsilon=1"],
    clients: [...of("clients"), 50].sort((a, b) => Number(a) - Number(b)),
  };
}

/** @param {string} field @param {string | number} value */
export function named(field, value) {
  if (field === "row") return t("evidence.row_" + value);
  if (field !== "defense") return t(`evidence.${Number(value) === 1 ? "one" : "n"}_${field}`, { n: value });
  const z = noiseOf(String(value));
  if (z === 0) return t("evidence.no_noise");
  return Number.isNaN(z) ? t("evidence.defense_" + String(value).split(":")[0]) : t("evidence.noise", { z: short(z) });
}

/** The cell that a choice names; null where the map has none. @param {Choice} choice @param {any} catalog */
export function cellOf(choice, catalog) {
  const row = catalog.rows.findIndex((/** @type {any} */ r) => r.name === choice.row);
  const column = catalog.columns.findIndex((/** @type {Column} */ c) => c.batch_size === Number(choice.batch_size)
    && c.local_steps === Number(choice.local_steps) && c.clients === Number(choice.clients)
    && c.defense === choice.defense);
  return row < 0 || column < 0 ? null : { row, column };
}

/** The choice that a cell answers. @param {any} catalog @param {number} row @param {number} column @returns {Choice} */
export function choiceOf(catalog, row, column) {
  const { batch_size, local_steps, clients, defense } = catalog.columns[column];
  return { row: catalog.rows[row].name, batch_size, local_steps, clients, defense };
}

/**
 * A choice as the server's set-up.
 * @param {Choice} choice @param {any} catalog @param {Record<string, any>} more image_size, channels, batchnorm
 */
export function setUpOf(choice, catalog, more) {
  const row = catalog.rows.find((/** @type {any} */ r) => r.name === choice.row);
  const { batch_size, local_steps, defense, clients } = choice;
  return { model: row.models[0], batch_size, local_steps, defense, participants: clients,
    secure_aggregation: Number(clients) > 1, ...more };
}

/** Where a column's head says two lines: what, and on how much. @param {Column} column */
export function headOf(column) {
  const n = { one: 1, pictures: column.batch_size, steps: column.local_steps, devices: column.clients }[column.name];
  const values = column.name === "noise" ? { z: short(noiseOf(column.defense)) } : { n };
  return [t(`evidence.head_${column.name}`, values), t(`evidence.under_${column.name}`)];
}

/** A column as a title. @param {Column} column */
export const titleOf = column =>
  headOf(column).slice(0, ["steps", "pictures", "devices"].includes(column.name) ? 2 : 1).join(" ");

/**
 * Cells of the same network where less was found, the safest first: what one could change.
 * @param {any} catalog @param {number} row @param {number} level
 */
export function better(catalog, row, level) {
  return catalog.columns.map((/** @type {Column} */ column, /** @type {number} */ at) =>
    ({ column, at, cell: catalog.cells[row][at] }))
    .filter((/** @type {any} */ one) => one.cell && !one.cell.short && one.cell.level < level)
    .sort((/** @type {any} */ a, /** @type {any} */ b) => a.cell.level - b.cell.level).slice(0, 3);
}
