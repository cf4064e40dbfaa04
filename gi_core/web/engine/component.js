/**
 * Components as text, as everywhere in `gi_core`: `name:key=value,key=value`, stacks joined by `+`, parentheses
 * around what holds them.
 */

/** @typedef {{ name: string, options: Record<string, string> }} Component */

/** Split where no parenthesis is open. @param {string} text @param {string} separator */
export function splitTop(text, separator) {
  const parts = [""];
  let depth = 0;
  for (const letter of text) {
    depth += letter === "(" ? 1 : letter === ")" ? -1 : 0;
    if (letter === separator && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts;
}

/** @param {string} text @returns {Component} */
export function component(text) {
  const [name, ...rest] = text.trim().split(":"), options = /** @type {Record<string, string>} */ ({});
  for (const part of rest.length ? splitTop(rest.join(":"), ",") : []) {
    const [key, ...value] = part.split("=");
    options[key.trim()] = value.join("=").trim().replace(/^\((.*)\)$/, "$1");
  }
  return { name: name.trim(), options };
}

/** @param {string} text @returns {Component[]} */
export const stack = text => (text.trim() === "none" ? [] : splitTop(text, "+").map(component));

/** @param {string | undefined} value @param {boolean} otherwise */
export const truth = (value, otherwise) => (value === undefined ? otherwise : value.toLowerCase() === "true");

/** @param {string | undefined} value @param {number} otherwise */
export const figure = (value, otherwise) => (value === undefined ? otherwise : Number(value));
