/** The threat model of each attack, as a badge under the drawer's choice, and as a filter of it. */

import { t } from "../../lib/words.js";

/**
 * @typedef {object} Threat as gi_core/attacks/threat.py has it
 * @property {string} sok @property {"curious" | "malicious"} server @property {string[]} knows
 * @property {"one" | "few" | "many"} batch @property {"diluted" | "through"} aggregation
 */

/** What the filter asks for. @type {Record<string, (threat: Threat) => boolean>} */
export const WANTED = {
  any: () => true,
  curious: threat => threat.server === "curious",
  malicious: threat => threat.server === "malicious",
  bare: threat => !threat.knows.length,
  many: threat => threat.batch === "many",
  through: threat => threat.aggregation === "through",
};

/** @param {Threat | undefined} threat */
export const badge = threat =>
  threat
    ? `<b>${threat.sok}</b> ${t("explore.threat_server_" + threat.server)}; ` +
      t("explore.threat_batch_" + threat.batch) +
      (threat.aggregation === "through" ? `, ${t("explore.threat_aggregation")}` : "")
    : "";

/**
 * Put filter and badge beside the choice of the attack.
 * @param {HTMLElement} box the drawer @param {Record<string, Threat>} threats by the attack's name
 * @returns {() => void} to call when the choice changed
 */
export function threatFilter(box, threats) {
  const select = /** @type {HTMLSelectElement | null} */ (box.querySelector("select[data-field=attack]"));
  if (!select) return () => {};
  const field = document.createElement("label"),
    shown = document.createElement("p");
  field.className = "f";
  field.innerHTML = `<span>${t("explore.threat")}</span><select data-threat>${Object.keys(WANTED)
    .map(name => `<option value="${name}">${t("explore.threat_" + name)}</option>`)
    .join("")}</select>`;
  shown.className = "hint";
  shown.dataset.badge = "";
  select.closest("label")?.before(field);
  select.closest("label")?.append(shown);
  const of = (/** @type {string} */ attack) => threats[attack.split(/[:+]/)[0]];
  const tell = () => { shown.innerHTML = badge(of(select.value)); };
  field.addEventListener("change", event => {
    event.stopPropagation();
    const fits = WANTED[/** @type {HTMLSelectElement} */ (event.target).value];
    for (const option of select.options) option.hidden = option.disabled = of(option.value) && !fits(of(option.value));
  });
  select.addEventListener("change", tell);
  tell();
  return tell;
}
