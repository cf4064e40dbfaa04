/** The expert drawer: every field of the Scenario behind the stage, what was measured, and how to repeat it. */

import { escape, number, signed, twoFigures, whole } from "../../lib/format.js";
import { icon } from "../../lib/icons.js";
import { copy, toast } from "../../lib/page.js";
import { t, words } from "../../lib/words.js";

/**
 * @typedef {import("./controller.js").Controller} Controller
 * @typedef {"select" | "number" | "text" | "checks"} Kind
 * @typedef {{ name: string, kind: Kind, options?: string[], low?: number, high?: number }} Field
 */

/** @param {Field} field */
function input({ name, kind, options = [], low, high }) {
  const label = t(`explore.f_${name}`),
    hint = `<span class="hint">${t(`explore.h_${name}`)}</span>`;
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
    plain = words[`explore.${field}_${name}`] ?? words[`${field}_${name}`];
  return plain && plain !== value ? `${plain} (${name})` : value;
}

/** @param {{ title: string, fields: Field[] }} section */
const group = ({ title, fields }) =>
  `<section><h3>${t(`explore.g_${title}`)}</h3><div>${fields.map(input).join("")}</div></section>`;

export class Drawer {
  /** @param {HTMLElement} root @param {(name: string) => any} find @param {Controller} control */
  constructor(root, find, control) {
    this.root = root;
    this.find = find;
    this.control = control;
    this.box = document.createElement("aside");
    this.box.className = "drawer";
    this.box.setAttribute("aria-label", t("explore.expert"));
    this.box.innerHTML = `<div class="top"><h2>${t("explore.expert")}</h2>
      <span class="small">${t("explore.expert_note")}</span>
      <button type="button" class="btn s" data-act="plain">${t("explore.plain")}</button>
      <button type="button" class="btn s" data-act="close" aria-label="${t("explore.close")}">
      ${icon("cross")}</button></div>
      ${control.catalog.expert.map(group).join("")}
      <section data-part="measured"><h3>${t("explore.g_measured")}</h3><dl class="kv"></dl></section>
      <section data-part="how"><h3>${t("explore.how")}</h3><div class="how"></div></section>
      <section data-part="repeat"><h3>${t("explore.g_repeat")}</h3><div class="files">
      <button type="button" class="btn s" data-act="cli">${t("copy_cli")}</button>
      <button type="button" class="btn s" data-act="python">${t("copy_python")}</button></div></section>`;
    this.box.onchange = event => this.changed(/** @type {HTMLInputElement} */ (event.target));
    this.box.onclick = event => this.press(/** @type {HTMLElement} */ (event.target).closest("[data-act]"));
    control.drawn.push(look => this.told(look));
  }

  get open() {
    return this.box.isConnected;
  }

  /** @param {boolean} open @param {string} [part] to bring into view */
  show(open, part) {
    if (open) this.root.append(this.box);
    else this.box.remove();
    this.root.classList.toggle("with-drawer", open);
    this.find("expert").setAttribute("aria-expanded", String(open));
    this.control.redraw();
    if (open && part) this.box.querySelector(`[data-part=${part}]`)?.scrollIntoView({ block: "start" });
    if (!open) this.find("expert").focus({ preventScroll: true });
  }

  /** @param {HTMLInputElement} node */
  changed(node) {
    const { field, check } = node.dataset;
    if (field) this.control.expert(field, node.value);
    if (!check) return;
    const ticked = [...this.box.querySelectorAll(`[data-check=${check}]:checked`)];
    this.control.expert(check, ticked.map(box => /** @type {HTMLInputElement} */ (box).value).join("+") || "none");
  }

  /** @param {Element | null} button */
  async press(button) {
    const act = /** @type {HTMLElement | null} */ (button)?.dataset.act ?? "",
      { line } = this.control;
    if (act === "close") return this.show(false);
    if (act === "plain") return this.control.choose({ expert: {} });
    if (!act || !line?.server.explore_repeat) return;
    const told = await line.server.explore_repeat(this.control.setUp());
    if (told.error) toast(told.error);
    else copy(told[act], t("copied"));
  }

  /** @param {import("./view.js").Look} look */
  told({ film }) {
    if (!this.open) return;
    /** @type {Record<string, any>} */
    const settings = this.control.subject().settings;
    for (const node of this.box.querySelectorAll("[data-field]")) {
      const field = /** @type {HTMLInputElement} */ (node),
        value = String(settings[field.dataset.field ?? ""] ?? "");
      if (field === document.activeElement || field.value === value) continue;
      if (field.tagName === "SELECT" && ![.../** @type {any} */ (field).options].some(o => o.value === value))
        field.append(new Option(value, value));
      field.value = value;
    }
    for (const node of this.box.querySelectorAll("[data-check]")) {
      const box = /** @type {HTMLInputElement} */ (node);
      box.checked = String(settings[box.dataset.check ?? ""] ?? "")
        .split("+")
        .includes(box.value);
    }
    const [list, how] = [this.box.querySelector(".kv"), this.box.querySelector(".how")];
    if (list) list.innerHTML = film ? measured(film) : `<div><dt>${t("explore.word_unrun")}</dt><dd>–</dd></div>`;
    if (how) how.innerHTML = film ? reasons(film) : "";
  }
}

/** @param {import("./films.js").Film} film */
function measured(film) {
  const last = film.frames.at(-1),
    { controlScore: control, verdict, run } = film;
  const rows = [
    [t("explore.m_psnr"), `${number(last?.psnr)} dB`],
    [t("explore.m_ssim"), number(last?.ssim, 2)],
    [t("explore.m_gain"), control?.psnr != null && last?.psnr != null ? `${signed(last.psnr - control.psnr)} dB` : "–"],
    [t("explore.m_loss"), twoFigures(last?.loss)],
    [t("explore.m_rank"), verdict ? whole(verdict.rank) : "–"],
    [t("explore.m_numel"), whole(film.numel)],
    ...(run?.verdict?.bounds ?? [])
      .filter((/** @type {any} */ b) => b.value != null)
      .map((/** @type {any} */ b) => [words[`bound_${b.name}`] ?? b.name, whole(b.value)]),
  ];
  return rows.map(([name, value]) => `<div><dt>${escape(name)}</dt><dd>${value}</dd></div>`).join("");
}

/** What was tried, what the control is, and the two curves of the run. @param {import("./films.js").Film} film */
function reasons(film) {
  const tried = film.tried.map(text => `<code>${escape(text)}</code>`).join(" ");
  const said = film.verdict
    ? t("explore.how_judged", { candidates: film.verdict.candidates })
    : t("explore.say_unjudged");
  return (
    `<p>${t(film.kind === "recorded" ? "explore.how_strongest" : "explore.how_live")} ${tried}</p><p>${said}</p>` +
    curve(film, "psnr", false) +
    curve(film, "loss", true)
  );
}

/**
 * One curve over the steps, stretched at its start.
 * @param {import("./films.js").Film} film @param {"psnr" | "loss"} name @param {boolean} log
 */
function curve(film, name, log) {
  const seen = film.frames.filter(f => f[name] != null && Number.isFinite(f[name]) && (!log || Number(f[name]) > 0));
  if (seen.length < 2) return "";
  const value = (/** @type {any} */ f) => (log ? Math.log10(f[name]) : f[name]),
    last = Math.max(1, seen.at(-1)?.step ?? 1);
  const values = seen.map(value),
    low = Math.min(...values),
    high = Math.max(...values),
    span = high - low || 1;
  const points = seen.map(
    (f, i) => `${(340 * Math.sqrt(f.step / last)).toFixed(1)},${(72 - (64 * (values[i] - low)) / span).toFixed(1)}`,
  );
  const title = t("explore.n_" + name),
    ends = [seen[0], seen[seen.length - 1]].map(f => twoFigures(f[name])).join(" → ");
  return `<figure class="curve"><figcaption>${title}: ${ends}</figcaption>
    <svg viewBox="-4 0 348 80" role="img" aria-label="${title}">
    <polyline points="${points.join(" ")}"/></svg></figure>`;
}
