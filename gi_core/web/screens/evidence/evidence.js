/** Evidence: is my set-up at risk? The set-up as a sentence, the map of what was measured, what a cell tells. */

import "./evidence.css";
import { emit, on } from "../../lib/bus.js";
import { escape } from "../../lib/format.js";
import { fill, finder, save, toast } from "../../lib/page.js";
import { t, words } from "../../lib/words.js";
import { draw, KINDS, pointHtml } from "./charts.js";
import page from "./evidence.html";
import { drawMap, markCell } from "./map.js";
import { drawAnswer, drawCell, drawRuns } from "./panel.js";
import { regimes } from "./regimes.js";
import { cellOf, choiceOf, FIELDS, headOf, named, offered, setUpOf } from "./setup.js";

/** @typedef {import("../../lib/page.js").Context} Context @typedef {(name: string) => any} Find */

/** @param {Context} context */
export function mount(context) {
  const root = fill(context.element, page), find = finder(root);
  const open = opener(context);
  room(context, find, open);
  charts(context, find, open);
  regimes(context, find);
}

/** Puts a recorded run on Explore's stage; where no picture was kept, its set-up. @param {Context} context */
function opener({ server }) {
  return async (/** @type {string} */ key) => {
    const told = await server.risk_run({ key });
    if (told.run) return emit("open", told.run);
    if (told.query) location.search = `${told.query}&tab=explore`;
    else toast(told.error);
  };
}

/**
 * The sentence, the map and the panel.
 * @param {Context} context
 * @param {Find} find
 * @param {(key: string) => void} open
 */
function room({ props, server }, find, open) {
  const { catalog } = props;
  const usual = { image_size: 32, channels: 3, batchnorm: "eval", examples: 0, local_epochs: 1, rounds: 1 };
  const more = { ...usual };
  let choice = choiceOf(catalog, 1, 0), asked = 0;
  const show = async () => {
    FIELDS.forEach(field => { find("sentence").querySelector(`[data-f=${field}]`).value = choice[field]; });
    const plain = Object.entries(usual).every(([name, value]) => /** @type {any} */ (more)[name] === value);
    const at = plain ? cellOf(choice, catalog) : null, mine = ++asked;
    find("answer").classList.toggle("asking", !at);
    if (at) {
      markCell(find("map"), at, false);
      return drawCell(find("answer"), catalog, at, choice);
    }
    const answer = await server.risk_answer(setUpOf(choice, catalog, more))
      .catch((/** @type {unknown} */ error) => ({ error: String(error) }));
    if (mine !== asked) return;
    find("answer").classList.remove("asking");
    const nearest = nearestCell(answer, catalog, choice.row);
    markCell(find("map"), nearest, true);
    drawAnswer(find("answer"), answer, choice, nearest
      ? `${named("row", catalog.rows[nearest.row].name)}, ${headOf(catalog.columns[nearest.column]).join(" ")}`
      : t("evidence.a_run"));
  };
  sentence(catalog, find, (field, value) => { choice = { ...choice, [field]: value }; show(); });
  moreFields(find, more, show);
  drawMap(find("map"), catalog, (row, column) => { choice = choiceOf(catalog, row, column); show(); });
  find("answer").onclick = async (/** @type {any} */ event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    if (button.dataset.act === "open") return open(button.dataset.key);
    if (button.dataset.act === "measure") return void (location.search = `${button.dataset.query}&tab=explore`);
    if (button.dataset.act === "report") return report(server, setUpOf(choice, catalog, more));
    const at = cellOf(choice, catalog), box = find("answer").querySelector("[data-k=all]");
    const shown = box.innerHTML !== "";
    button.setAttribute("aria-expanded", String(!shown));
    if (shown) box.innerHTML = "";
    else drawRuns(box, (await server.evidence_cell(at)).runs);
  };
  show();
}

/**
 * The cell of the map that the nearest run stands in; null where it stands in none.
 * @param {any} answer
 * @param {any} catalog
 * @param {string} row
 */
function nearestCell(answer, catalog, row) {
  const key = answer.runs?.[0]?.key, r = catalog.rows.findIndex((/** @type {any} */ one) => one.name === row);
  const column = key ? catalog.cells[r].findIndex((/** @type {any} */ cell) => cell?.key === key) : -1;
  return column < 0 ? null : { row: r, column };
}

/** @param {any} catalog @param {Find} find @param {(field: string, value: any) => void} changed */
function sentence(catalog, find, changed) {
  const values = /** @type {Record<string, any[]>} */ (offered(catalog));
  const select = (/** @type {string} */ field) => `<select data-f="${field}"
    aria-label="${t("evidence.choice_" + field)}">${values[field].map(value => `<option value="${escape(value)}">
      ${escape(named(field, value))}</option>`).join("")}</select>`;
  find("sentence").innerHTML = words["evidence.sentence"].replace(/\{(\w+)\}/g, (_, field) => `</span>
    ${select(field)}<span>`)
    .replace(/^/, "<span>").concat("</span>");
  for (const box of find("sentence").querySelectorAll("select")) {
    const text = ["row", "defense"].includes(box.dataset.f);
    box.onchange = () => changed(box.dataset.f, text ? box.value : Number(box.value));
  }
  find("setup").onsubmit = (/** @type {Event} */ event) => event.preventDefault();
}

/** @param {Find} find @param {Record<string, any>} more @param {() => void} show */
function moreFields(find, more, show) {
  const box = find("more"), field = (/** @type {string} */ name) => box.querySelector(`[data-f=${name}]`);
  field("channels").append(new Option(t("evidence.colour"), "3"), new Option(t("evidence.grey"), "1"));
  field("batchnorm").append(...["eval", "train", "shared"].map(mode => new Option(t("evidence.bn_" + mode), mode)));
  for (const name of Object.keys(more)) {
    field(name).value = more[name];
    field(name).onchange = () => {
      if (field(name).value === "") return;
      more[name] = name === "batchnorm" ? field(name).value : Number(field(name).value);
      show();
    };
  }
}

/** @param {Context["server"]} server @param {any} setup */
async function report(server, setup) {
  const file = await server.risk_report({ setup, format: "pdf" });
  if (file.data) save(file.name, file.data, file.type);
  else toast(file.error);
}

/** @param {Context} context @param {Find} find @param {(key: string) => void} open */
function charts({ props }, find, open) {
  const data = props.catalog.charts;
  let kind = KINDS[0];
  const box = find("charts-box");
  const told = (/** @type {any} */ point, /** @type {boolean} */ click) => {
    find("point").innerHTML = pointHtml(kind, point);
    if (click && point.key) open(point.key);
  };
  const show = async () => {
    for (const button of find("kinds").querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
    find("chart-note").textContent = t("evidence.note_" + kind);
    find("point").innerHTML = `<p class="small">${t("evidence.hover")}</p>`;
    await draw(find("chart"), kind, data, told).catch(error => { find("point").textContent = error.message; });
  };
  find("kinds").innerHTML = KINDS.map(name => `<button type="button" class="btn s" data-kind="${name}">
    ${t("evidence.kind_" + name)}</button>`).join("");
  find("kinds").onclick = (/** @type {any} */ event) => {
    const button = event.target.closest("[data-kind]");
    if (button) { kind = button.dataset.kind; show(); }
  };
  find("point").onclick = (/** @type {any} */ event) => {
    const button = event.target.closest("[data-key]");
    if (button) open(button.dataset.key);
  };
  box.ontoggle = () => box.open && show();
  on("theme", () => { if (box.open) show(); });
}
