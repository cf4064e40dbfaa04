/** Charts that stand alone, by plotly, which is fetched from this host when the first of them is seen. */

import { token } from "../../lib/canvas.js";
import { escape, number, signed } from "../../lib/format.js";
import { t } from "../../lib/words.js";
import { named } from "./setup.js";

export const KINDS = ["frontier", "noise", "corridor", "calibration", "degradation"];
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

const NOISE_AXIS = () => ({ title: t("evidence.axis_noise"), type: "log", tickvals: [0.0001, 0.001, 0.01, 0.1, 1],
  ticktext: [t("evidence.none"), "0.001", "0.01", "0.1", "1"] });
const LIKENESS_AXIS = () => ({ title: t("evidence.axis_psnr"), ticksuffix: " dB" });

/** @param {any[]} series @param {(one: any) => any} trace */
const traced = (series, trace) => series.map((one, i) => styled({ customdata: one.points, ...trace(one) }, i));

/** @param {any} one @param {string} name @returns {number[]} */
const all = (one, name) => one.points.map((/** @type {any} */ p) => p[name]);

/** Traces and axes by kind of chart; every point's customdata is what its hover tells.
 * @type {Record<string, (data: any) => any>} */
const FIGURES = {
  frontier: ({ frontier }) => ({
    traces: traced(frontier, f => ({ name: f.family, y: all(f, "gain"),
      x: f.points.map((/** @type {any} */ p) => 100 * p.accuracy) })),
    x: { title: t("evidence.axis_accuracy"), ticksuffix: " %" }, y: { title: t("evidence.axis_gain") },
  }),
  noise: ({ noise }) => ({
    traces: traced(noise, m => ({ name: m.model, mode: "markers", y: all(m, "psnr"),
      x: m.points.map((/** @type {any} */ p) => p.z || 0.0001) })),
    x: NOISE_AXIS(), y: LIKENESS_AXIS(),
  }),
  corridor: ({ corridor }) => ({
    traces: traced(corridor, c => ({ name: t("evidence.corridor_" + c.what), x: all(c, "z"), y: all(c, "psnr"),
      mode: c.what === "run" ? "markers" : "lines+markers" })),
    x: { ...NOISE_AXIS(), ticktext: ["0.0001", "0.001", "0.01", "0.1", "1"] }, y: LIKENESS_AXIS(),
  }),
  calibration: ({ calibration }) => ({
    traces: traced(calibration, c => ({ name: t("evidence.calibration_" + c.what), x: all(c, "x"),
      y: c.points.map((/** @type {any} */ p) => 100 * p.share) })),
    x: { title: t("evidence.axis_structure"), range: [0, 1] },
    y: { title: t("evidence.axis_named"), ticksuffix: " %", range: [-4, 104] },
  }),
  degradation: ({ degradation }) => ({
    traces: traced(degradation, s => ({ name: `${s.sweep} (${s.attack})`, x: all(s, "x"), y: all(s, "psnr"),
      error_y: { array: all(s, "sd"), thickness: 1 } })),
    x: { title: t("evidence.axis_strength"), type: "log" }, y: LIKENESS_AXIS(),
  }),
};

/** Traces and axes of a chart. @param {string} kind @param {any} data */
export const figure = (kind, data) => FIGURES[kind](data);

/** What a run's point tells: its noise, its likeness, its attack. @param {any} p */
const runHtml = p => `<p>${p.z ? named("defense", `clip+gaussian:sigma=${p.z}`) : t("evidence.no_noise")}: <b>
  ${number(p.psnr)} dB</b></p><p><code class="mono">${escape(p.attack)}</code>, ${escape(p.picture)}</p>`;

/** @type {Record<string, (p: any) => string>} */
const POINTS = {
  frontier: p => `<p><code class="mono">${escape(p.defense)}</code></p><p>${t("evidence.point_frontier",
    { accuracy: p.accuracy, gain: signed(p.gain, 2) })}</p>`,
  noise: runHtml,
  corridor: p => (p.attack ? runHtml(p) : `<p>z = ${number(p.z, 4)}: <b>${number(p.psnr)} dB</b></p>`)
    + (p.cap == null ? "" : `<p>${t("evidence.point_cap", { cap: p.cap })}</p>`),
  calibration: p => `<p>${t("evidence.point_calibration", { share: p.share, n: p.n })}</p>`,
  degradation: p => `<p>${number(p.x, 4)}: <b>${number(p.psnr)} dB</b> ± ${number(p.sd)}</p>`,
};

/** What a point tells beside the chart. @param {string} kind @param {any} p */
export function pointHtml(kind, p) {
  const open = p.key ? `<button type="button" class="btn s" data-act="open" data-key="${p.key}">
    ${t("evidence.open")}</button>` : "";
  const strip = p.src ? `<img class="strip3" src="${p.src}" alt="${t("evidence.strip")}">` : "";
  return strip + POINTS[kind](p) + open;
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
