/** A screen's own DOM: filled from its page, with words and icons; short messages; what is copied or saved. */

import { icon } from "./icons.js";
import { say, words } from "./words.js";

/**
 * @typedef {object} Context what a screen is mounted with, as Gradio gives it
 * @property {HTMLElement} element
 * @property {Record<string, any>} props `value` is the server's last message; `first` and `catalog` never change
 * @property {(event: string, detail?: any) => void} trigger
 * @property {(name: string, changed: () => void) => void} watch
 * @property {Record<string, (request?: any) => Promise<any>>} server
 */

/**
 * Fill an element with a screen's page: words at data-t, labels at data-label, icons at data-icon.
 * @param {HTMLElement} element @param {string} html @param {import("./words.js").Words} [table]
 */
export function fill(element, html, table = words) {
  const root = document.createElement("div");
  root.className = "gi";
  root.innerHTML = html;
  /** @param {string} name @param {(node: HTMLElement, value: string) => void} put */
  const each = (name, put) => root.querySelectorAll(`[data-${name}]`).forEach(node => {
    const held = /** @type {HTMLElement} */ (node);
    put(held, held.dataset[name] ?? "");
  });
  each("t", (node, key) => { node.innerHTML = table[key] ?? key; });
  each("label", (node, key) => { node.setAttribute("aria-label", table[key] ?? key); });
  each("icon", (node, name) => {
    node.insertAdjacentHTML("afterbegin", icon(/** @type {import("./icons.js").IconName} */ (name)));
  });
  element.replaceChildren(root);
  return root;
}

/**
 * Finds a part of a screen by its data-r; the page and its script are one, so a missing part is a fault.
 * @param {HTMLElement} root
 * @returns {(name: string) => any}
 */
export const finder = root => name => {
  const found = root.querySelector(`[data-r="${name}"]`);
  if (!found) throw new Error(`the page has no part "${name}"`);
  return found;
};

let timer = 0;

/** Say something in passing. @param {string} text */
export function toast(text) {
  let box = document.querySelector(".gi .toast");
  if (!box) {
    box = document.createElement("div");
    box.className = "toast";
    box.setAttribute("role", "status");
    document.querySelector(".gi")?.append(box);
  }
  const shown = box;
  shown.textContent = text;
  shown.classList.add("on");
  clearTimeout(timer);
  timer = window.setTimeout(() => shown.classList.remove("on"), 2200);
}

/** @param {string} text @param {string} said */
export async function copy(text, said) {
  try { await navigator.clipboard.writeText(text); } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(said);
}

/** @param {string} name @param {Blob} blob */
function hand(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 5000);
}

/** Save bytes as a file. @param {string} name @param {string} base64 @param {string} type */
export const save = (name, base64, type) =>
  hand(name, new Blob([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], { type }));

/** @param {string} name @param {string} text @param {string} type */
export const saveText = (name, text, type) => hand(name, new Blob([text], { type: type + ";charset=utf-8" }));

/** A verdict's level as three squares. @param {number} level 0..3 */
export const squares = level => `<span class="squares" role="img" aria-label="${say(words.level_alt, { level })}">`
  + [1, 2, 3].map(i => `<i class="${i <= level ? "on" : ""}"></i>`).join("") + "</span>";
