/** Options of the drawer that can't be combined with what is chosen: off, each with its reason behind its name. */

import { refusal } from "../../lib/refusals.js";

const PAUSE = 300;

/**
 * @param {HTMLElement} box the drawer @param {Record<string, Record<string, string>>} refused by field and option
 */
export function mark(box, refused) {
  for (const node of box.querySelectorAll("select[data-field]")) {
    const select = /** @type {HTMLSelectElement} */ (node),
      reasons = refused[select.dataset.field ?? ""] ?? {};
    for (const option of select.options) {
      const reason = option.selected ? "" : (reasons[option.value] ?? "");
      option.dataset.name ??= option.text;
      const text = reason ? `${option.dataset.name}: ${refusal(reason)}` : option.dataset.name;
      if (option.text !== text) option.text = text;
      option.disabled = Boolean(reason || option.hidden);
    }
  }
}

/**
 * @param {HTMLElement} box the drawer @param {import("./controller.js").Controller} control
 * @returns {() => void} to call when something was chosen
 */
export function fitting(box, control) {
  let asked = "",
    waiting = 0;
  const ask = async () => {
    const { settings } = control.subject(),
      key = JSON.stringify(settings),
      server = control.line?.server;
    if (!server?.explore_fits || key === asked) return;
    asked = key;
    const refused = await server.explore_fits({ settings }).catch(() => null);
    if (asked === key && refused && !refused.error) mark(box, refused);
  };
  return () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(ask, PAUSE);
  };
}
