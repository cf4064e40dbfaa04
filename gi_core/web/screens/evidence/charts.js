/** Charts that stand alone, by plotly, which is fetched from this host when the first of them is seen. */

import { token } from "../../lib/canvas.js";
import { escape, number, signed } from "../../lib/format.js";
import { t } from "../../lib/words.js";
import { named } from "./setup.js";

export const KINDS = ["frontier", "noise", "degradation"];
const SCRIPT = "gi/plotly.min.js";
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "star"];
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];

/** @type {Promise<any> | null} */
let loading = null;

/** plotly, once. */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(SCRIPT, document.baseURI.split("?")[0]).href;
    script.onload = () => resolve(/** @type {any} */ (window).Plotly);
    script.onerror = () => { loading = null; reject(new Error("plotly could not be loaded")); };
    document.head.append(script);
  });
  return loading;
}

/** @param {any} trace @param {number} i */
const styled = (trace, i) => ({
  mode: "lines+markers", line: { dash: DASHES[i % DASHES.length], width: 1.5 },
  marker: { symbol: SYMBOLS[i % SYMBOLS.length], size: 10 }, ...trace,
});

/**
 * Traces and axes of a chart; every point's customdata is what its hover tells.
 * @param {string} kind
 * @param {any} data
 */
export function figure(kind, data) {
  if (kind === "frontier") {
    return { traces: data.frontier.map((/** @type {any} */ f, /** @type {number} */ i) => styled({ name: f.family,
      x: f.points.map((/** @type {any} */ p) => 100 * p.accuracy), y: f.points.map((/** @type {any} */ p) => p.gain),
      customdata: f.points, mode: "lines+markers" }, i)),
    x: { title: t("evidence.axis_accuracy"), ticksuffix: " %" }, y: { title: t("evidence.axis_gain") } };
  }
  if (kind === "noise") {
    return { traces: data.noise.map((/** @type {any} */ m, /** @type {number} */ i) => styled({
      name: m.model, mode: "markers",
      x: m.points.map((/** @type {any} */ p) => p.z || 0.0001), y: m.points.map((/** @type {any} */ p) => p.psnr),
      customdata: m.points }, i)),
    x: { title: t("evidence.axis_noise"), type: "log", tickvals: [0.0001, 0.001, 0.01, 0.1, 1],
      ticktext: [t("evidence.none"), "0.001", "0.01", "0.1", "1"] },
    y: { title: t("evidence.axis_psnr"), ticksuffix: " dB" } };
  }
  return { traces: data.degradation.map((/** @type {any} */ s, /** @type {number} */ i) => styled({
    name: `${s.sweep} (${s.attack})`, customdata: s.points,
    x: s.points.map((/** @type {any} */ p) => p.x), y: s.points.map((/** @type {any} */ p) => p.psnr),
    error_y: { array: s.points.map((/** @type {any} */ p) => p.sd), thickness: 1 } }, i)),
  x: { title: t("evidence.axis_strength"), type: "log" }, y: { title: t("evidence.axis_psnr"), ticksuffix: " dB" } };
}

/** What a point tells beside the chart. @param {string} kind @param {any} p */
export function pointHtml(kind, p) {
  const open = p.key ? `<button type="button" class="btn s" data-act="open" data-key="${p.key}">
    ${t("evidence.open")}</button>` : "";
  const strip = p.src ? `<img class="strip3" src="${p.src}" alt="${t("evidence.strip")}">` : "";
  if (kind === "frontier") {
    return `${strip}<p><code class="mono">${escape(p.defense)}</code></p><p>${t("evidence.point_frontier",
      { accuracy: p.accuracy, gain: signed(p.gain, 2) })}</p>${open}`;
  }
  if (kind === "noise") {
    return `<p>${p.z ? named("defense", `clip+gaussian:sigma=${p.z}`) : t("evidence.no_noise")}: <b>
      ${number(p.psnr)} dB</b></p>
      <p><code class="mono">${escape(p.attack)}</code>, ${escape(p.picture)}</p>${open}`;
  }
  return `<p>${number(p.x, 4)}: <b>${number(p.psnr)} dB</b> ± ${number(p.sd)}</p>`;
}

/**
 * Draw a chart.
 * @param {HTMLElement} box
 * @param {string} kind
 * @param {any} data
 * @param {(point: any, click: boolean) => void} told
 */
export async function draw(box, kind, data, told) {
  const library = await plotly(), { traces, x, y } = figure(kind, data), ink = token("ink2"), line = token("line");
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true };
  const layout = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 56, r: 16, t: 8, b: 48 }, height: 420,
    font: { family: "Source Sans Pro, system-ui, sans-serif", size: 14, color: ink }, hovermode: "closest",
    colorway: [token("attacker"), token("private"), token("leaving"), token("bound"), token("control"), token("ink")],
    xaxis: { ...axis, ...x, title: { text: x.title, font: { size: 14 } } },
    yaxis: { ...axis, ...y, title: { text: y.title, font: { size: 14 } } },
    legend: { font: { size: 14 } },
  };
  const dictionary = { "Download plot as a PNG": t("evidence.chart_png"), "Reset axes": t("evidence.chart_reset") };
  await library.react(box, traces, layout, {
    displaylogo: false, responsive: true, modeBarButtons: [["toImage", "resetScale2d"]],
    locale: "page", locales: { page: { dictionary, format: {} } },
  });
  const held = /** @type {any} */ (box);
  held.removeAllListeners?.("plotly_hover");
  held.removeAllListeners?.("plotly_click");
  held.on("plotly_hover", (/** @type {any} */ event) => told(event.points[0].customdata, false));
  held.on("plotly_click", (/** @type {any} */ event) => told(event.points[0].customdata, true));
}
