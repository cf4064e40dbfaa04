/** The update layer by layer: where the label stands, where the picture stands, how large its entries are. */

import { picture, tiles } from "../../lib/canvas.js";
import { escape, short, whole } from "../../lib/format.js";
import { t } from "../../lib/words.js";

const WIDE = 340,
  HIGH = 120;

/**
 * Update of the head's bias: an entry below zero betrays a class of the batch.
 * @param {{ values: number[], labels: number[] }} head
 */
function labelBars({ values, labels }) {
  const step = (WIDE - 10) / values.length,
    high = Math.max(...values.map(Math.abs), 1e-12);
  const y = (/** @type {number} */ v) => HIGH / 2 - (v / high) * (HIGH / 2 - 10);
  const bars = values.map((v, i) => {
    const there = labels.includes(i),
      size = `width="${step * 0.7}" height="${Math.max(1, Math.abs(y(v) - y(0)))}"`;
    const name =
      values.length <= 20 || there
        ? `<text x="${5 + (i + 0.5) * step}" y="${HIGH + 16}" text-anchor="middle">${i}${there ? " ●" : ""}</text>`
        : "";
    const at = `x="${5 + (i + 0.15) * step}" y="${Math.min(y(0), y(v))}"`;
    return `<rect class="bar${there ? " there" : ""}" ${at} ${size}/>${name}`;
  });
  return `<svg viewBox="0 0 ${WIDE} ${HIGH + 22}" role="img"
    aria-label="${escape(t("anatomy_label_alt", { classes: labels.join(", ") }))}">
    <line class="axis" x1="0" x2="${WIDE}" y1="${y(0)}" y2="${y(0)}"/>${bars.join("")}</svg>`;
}

/** @param {{ name: string, hist: { edge: number, before: number[], after: number[] } }} layer */
function histogram({ name, hist }) {
  const { before, after, edge } = hist,
    top = Math.log10(1 + Math.max(...before, ...after)),
    step = WIDE / before.length;
  const line = (/** @type {number[]} */ counts) =>
    counts
      .map((v, i) => {
        const y = (HIGH - (Math.log10(1 + v) / top) * (HIGH - 12)).toFixed(1);
        return `${(i * step).toFixed(1)},${y} ${((i + 1) * step).toFixed(1)},${y}`;
      })
      .join(" L");
  return `<svg viewBox="0 0 ${WIDE} ${HIGH + 22}" role="img"
    aria-label="${escape(t("anatomy_hist_alt", { layer: name }))}">
    <line class="axis" x1="0" x2="${WIDE}" y1="${HIGH}" y2="${HIGH}"/>
    <path class="before" d="M${line(before)}"/><path class="after" d="M${line(after)}"/>
    <text x="0" y="${HIGH + 16}">${short(-edge)}</text>
    <text x="${WIDE / 2}" y="${HIGH + 16}" text-anchor="middle">0</text>
    <text x="${WIDE}" y="${HIGH + 16}" text-anchor="end">${short(edge)}</text></svg>`;
}

/** @param {Record<string, any>[]} layers */
function table(layers) {
  const head = t("anatomy_columns")
    .split("|")
    .map(name => `<th scope="col">${name}</th>`);
  const rows = layers.map(
    l => `<tr><th scope="row">${escape(l.name)}</th><td>${l.shape.join("×")}</td><td>${whole(l.numel)}</td>
      <td>${short(l.norm_before)}</td><td>${short(l.norm_after)}</td>
      <td>${t("explore.percent", { n: Math.round(100 * l.noise_share) })}</td></tr>`,
  );
  return `<table><thead><tr>${head.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

/**
 * @param {HTMLElement} box @param {Record<string, any>} told what layers.py answers
 */
export async function drawLayers(box, told) {
  const chosen = /** @type {HTMLSelectElement | null} */ (box.querySelector("select"))?.value ?? "0";
  box.innerHTML = `<h4>${t("anatomy_label")}</h4><p>${t("anatomy_label_note")}</p>${labelBars(told.head)}
    <h4>${t("anatomy_first")}</h4><p>${t("anatomy_first_note")}</p>
    <div class="two"><figure><figcaption class="private">${t("anatomy_before")}</figcaption>
    <canvas data-side="before" role="img" aria-label="${t("anatomy_before")}"></canvas></figure>
    <figure><figcaption class="leaving">${t("anatomy_after")}</figcaption>
    <canvas data-side="after" role="img" aria-label="${t("anatomy_after")}"></canvas></figure></div>
    <h4>${t("anatomy_hist")}</h4><p>${t("anatomy_hist_note")} <b class="private">—</b> ${t("anatomy_before")},
    <b class="leaving">- -</b> ${t("anatomy_after")}</p>
    <select aria-label="${t("anatomy_layer")}"></select><div data-part="hist"></div>
    <h4>${t("anatomy_norms")}</h4>
    <div class="scroll" tabindex="0" role="region" aria-label="${t("anatomy_norms")}">${table(told.layers)}</div>`;
  const select = /** @type {HTMLSelectElement} */ (box.querySelector("select")),
    hist = /** @type {HTMLElement} */ (box.querySelector("[data-part=hist]"));
  for (const [i, layer] of told.layers.entries()) select.append(new Option(layer.name, String(i)));
  select.value = told.layers[chosen] ? chosen : "0";
  select.onchange = () => {
    hist.innerHTML = histogram(told.layers[Number(select.value)]);
  };
  hist.innerHTML = histogram(told.layers[Number(select.value)]);
  for (const canvas of box.querySelectorAll("canvas")) {
    const { src, count, width, height } = told.first[canvas.dataset.side ?? ""];
    tiles(canvas, await picture(src), 0, count, width, height);
  }
}
