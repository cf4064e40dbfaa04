/** Numbers as people read them, in the language of the page. */

import { locale, say } from "./words.js";

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {number} digits */
function format(digits) {
  const key = locale + digits;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  formats.set(key, made);
  return made;
}

/** @param {number | null | undefined} value @returns {value is number} */
const measured = value => value != null && Number.isFinite(value);

/** With this many decimals; a dash where nothing was measured. @param {number | null | undefined} value */
export const number = (value, digits = 1) => measured(value) ? format(digits).format(value) : "–";

/** Rounded to whole, with thousands set apart. @param {number | null | undefined} value */
export const whole = value => measured(value) ? format(0).format(Math.round(value)) : "–";

/** A difference: its sign always shown. @param {number} value */
export function signed(value, digits = 1) {
  const sign = Number(Math.abs(value).toFixed(digits)) === 0 ? "±" : value > 0 ? "+" : "−";
  return sign + number(Math.abs(value), digits);
}

/** A number of any size in at most three figures. @param {number | null | undefined} value @returns {string} */
export function short(value) {
  if (value == null) return "–";
  if (!Number.isFinite(value)) return "∞";
  if (value === 0) return "0";
  if (value < 0) return "−" + short(-value);
  /** @param {string} text */
  const point = text => text.replace(".", format(1).format(1.5)[1]);
  if (value >= 1e6) return point(value.toExponential(1).replace("e+", "e"));
  if (value >= 100) return whole(value);
  if (value >= 0.0001) return point(String(Number(value.toPrecision(3))));
  return point(value.toExponential(1));
}

/** Two figures and never an exponent. @param {number | null | undefined} value */
export function twoFigures(value) {
  if (!measured(value)) return "–";
  if (value === 0) return "0";
  const digits = Math.max(0, 1 - Math.floor(Math.log10(Math.abs(value))));
  return new Intl.NumberFormat(locale, { maximumSignificantDigits: 2, maximumFractionDigits: Math.min(20, digits) })
    .format(value);
}

/** First, second, … @param {number} value @param {import("./words.js").Words} table */
export function ordinal(value, table) {
  const kind = new Intl.PluralRules(locale, { type: "ordinal" }).select(value);
  return say(table["ordinal_" + kind] ?? table.ordinal_other, { n: value });
}

/** Seconds in the unit that fits. @param {number} seconds @param {import("./words.js").Words} table */
export function duration(seconds, table) {
  if (seconds < 3) return `${number(Math.max(seconds, 0.1))} s`;
  if (seconds < 90) return `${whole(seconds)} s`;
  if (seconds < 5400) return say(table.minutes, { n: whole(seconds / 60) });
  return say(table.hours, { n: number(seconds / 3600) });
}

/**
 * A defense's parts in words: "clip to 1, add noise 0.001".
 * @param {{ name: string, text: string, [option: string]: any }[]} parts
 * @param {import("./words.js").Words} table
 */
export function defense(parts, table) {
  /** @param {typeof parts[0]} part */
  const told = part => {
    const text = table["does_" + part.name];
    if (!text) return part.text;
    const shown = Object.entries(part).map(([key, value]) =>
      [key, typeof value === "number" && !text.includes(`{${key}%}`) ? short(value) : value]);
    return say(text, Object.fromEntries(shown));
  };
  return parts.map(told).join(", ") || table.no_defense;
}

/** @param {unknown} text */
export const escape = text => String(text).replace(/[&<>"]/g, c =>
  ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? c);

/**
 * A table as CSV; a text that a spreadsheet would take for a formula is quoted away.
 * @param {unknown[][]} rows
 */
export const csv = rows => rows.map(row => row.map(value => {
  const text = typeof value === "string" && /^[=+@]|^-(?!\d)/.test(value) ? "'" + value : String(value ?? "");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}).join(",")).join("\r\n") + "\r\n";
