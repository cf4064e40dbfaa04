/** A teacher's link: ?hide=victim,attacker leaves those choices out, ?lock=defense shows them but holds them. */

import { icon } from "../../lib/icons.js";
import { t } from "../../lib/words.js";

/**
 * What can be hidden or locked: parts of the stage, and the choices that they change.
 * @type {Record<string, { parts: string[], choices: string[] }>}
 */
const CARDS = {
  picture: { parts: ["picture", "drop", "mix"], choices: ["picture", "own", "mixed"] },
  victim: { parts: ["network"], choices: ["network"] },
  client: { parts: [], choices: [] },
  defense: { parts: ["defense", "ruler"], choices: ["defense", "strength"] },
  attacker: { parts: [], choices: [] },
  server: { parts: [], choices: [] },
};

export const NAMES = Object.keys(CARDS);

/** @param {URLSearchParams} query @param {string} key */
const named = (query, key) => (query.get(key) ?? "").split(",").filter(name => name in CARDS);

/**
 * @param {(name: string) => any} find @param {HTMLElement} drawer
 * @param {import("./controller.js").Controller} control @param {URLSearchParams} query
 */
export function hold(find, drawer, control, query) {
  const hidden = named(query, "hide"),
    locked = named(query, "lock");
  for (const name of [...hidden, ...locked]) {
    const hide = hidden.includes(name),
      section = drawer.querySelector(`[data-card=${name}]`);
    CARDS[name].choices.forEach(choice => control.locked.add(choice));
    for (const part of CARDS[name].parts) {
      const node = find(part),
        box = node.closest(".pick, .which") ?? node;
      box.classList.add(hide ? "is-hidden" : "is-locked");
      for (const input of node.matches("select, button") ? [node] : node.querySelectorAll("input, button"))
        input.disabled = true;
    }
    if (!section) continue;
    section.classList.toggle("is-hidden", hide);
    const fields = /** @type {HTMLFieldSetElement} */ (section.querySelector(".fields"));
    fields.disabled = true;
    fields.insertAdjacentHTML("beforeend", `<p class="hint">${icon("lock")} ${t("locked")}</p>`);
  }
}
