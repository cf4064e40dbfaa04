/** The drawer's controls: fields of the Scenario, and what is read off them (passes, prior). */

import { t, words } from "../../lib/words.js";
import { priorOf, stepsPerPass, withPrior, withPriorOf } from "./grammar.js";

/**
 * @typedef {"select" | "number" | "text" | "checks"} Kind
 * @typedef {{ name: string, kind: Kind, options?: string[], low?: number, high?: number }} Field
 * @typedef {Record<string, any>} Settings
 * @typedef {Record<string, string>} Priors each attack's own prior
 */

/** @param {Field} field */
function input({ name, kind, options = [], low, high }) {
  const key = kind === "text" ? name + "_text" : name,
    label = t(`explore.f_${key}`),
    hint = `<span class="hint" data-hint="${name}">${t(`explore.h_${key}`)}</span>`;
  if (kind === "checks") {
    const boxes = options
      .map(
        o =>
          `<label class="ck"><input type="checkbox" data-check="${name}" value="${o}">` +
          `<span>${words[`explore.knows_${o}`] ?? o}</span></label>`,
      )
      .join("");
    return `<fieldset class="checks"><legend>${label}</legend>${boxes}${hint}</fieldset>`;
  }
  const offered = options.map(o => `<option value="${o}">${named(name, o)}</option>`).join("");
  const more = kind === "number" ? `min="${low}" max="${high}" step="any"` : 'spellcheck="false"';
  const control =
    kind === "select"
      ? `<select data-field="${name}">${offered}</select>`
      : `<input type="${kind}" data-field="${name}" ${more}>`;
  return `<label class="f"><span>${label}</span>${control}${hint}</label>`;
}

/** A plain name first, the paper's name second. @param {string} field @param {string} value */
function named(field, value) {
  const name = value.split(":")[0],
    kind = field === "model" ? "network" : field,
    plain = words[`explore.${kind}_${value}`] ?? words[`explore.${kind}_${name}`];
  return plain && plain !== value ? `${plain} (${name})` : value;
}

/** @param {{ title: string, fields: Field[] }} section */
export const group = ({ title, fields }) =>
  `<section data-card="${title}"><h3>${t(`explore.g_${title}`)}</h3>
  <fieldset class="fields">${fields.map(input).join("")}</fieldset></section>`;

/** What a control shows of the settings. @param {string} name @param {Settings} settings @param {Priors} priors */
export function valueOf(name, settings, priors) {
  if (name === "passes") return String(Math.max(1, Math.ceil(Number(settings.local_steps) / stepsPerPass(settings))));
  if (name === "prior") return priorOf(String(settings.attack), priors) ?? "none";
  return String(settings[name] ?? "");
}

/**
 * The field of the Scenario that a control changes, and its new value.
 * @param {HTMLInputElement} control @param {Settings} settings @param {Priors} priors @returns {[string, string]}
 */
export function changeOf({ dataset, value, tagName }, settings, priors) {
  const name = dataset.field ?? "";
  if (name === "passes")
    return ["local_steps", String(Math.max(1, Math.round(Number(value))) * stepsPerPass(settings))];
  if (name === "prior") return ["attack", withPrior(String(settings.attack), value, priors)];
  if (name === "attack" && tagName === "SELECT") return ["attack", withPriorOf(value, String(settings.attack), priors)];
  return [name, value];
}

/**
 * Write the settings into the controls, but for the one that has the focus.
 * @param {HTMLElement} box @param {Settings} settings @param {Priors} priors
 */
export function show(box, settings, priors) {
  for (const node of box.querySelectorAll("[data-field]")) {
    const field = /** @type {HTMLInputElement} */ (node),
      name = field.dataset.field ?? "",
      value = valueOf(name, settings, priors);
    if (name === "prior") field.disabled = priorOf(String(settings.attack), priors) === undefined;
    if (field === document.activeElement || field.value === value) continue;
    if (field.tagName === "SELECT" && ![.../** @type {any} */ (field).options].some(o => o.value === value))
      field.append(new Option(value, value));
    field.value = value;
  }
  for (const node of box.querySelectorAll("[data-check]")) {
    const check = /** @type {HTMLInputElement} */ (node);
    check.checked = String(settings[check.dataset.check ?? ""] ?? "")
      .split("+")
      .includes(check.value);
  }
  const hint = box.querySelector("[data-hint=prior]"),
    prior = priorOf(String(settings.attack), priors);
  if (hint)
    hint.textContent = t(
      prior === undefined ? "prior_never" : prior.startsWith("flow") ? "prior_flow_note" : "explore.h_prior",
    );
}
