// @ts-nocheck -- to be rebuilt as modules
/* Anatomy: what leaves the device, by layer, for the settings of the Lab. */
import "./anatomy.css";
import { gi } from "../../lib/kit.js";
import page from "./anatomy.html";

export function mount({ element, props, trigger, watch, server }) {
  const { words } = props;
  const root = gi.mount(element, page, words);
  const find = name => root.querySelector(`[data-r="${name}"]`);
  const { say, escape } = gi;
  let told = null, asked = "";

  /* classes: the head's bias update; an entry below zero betrays a class of the batch */
  const drawLabels = () => {
    const { values, labels } = told.head, W = Math.max(240, find("labels").clientWidth), H = 170, n = values.length;
    const high = Math.max(...values.map(Math.abs), 1e-12), step = (W - 10) / n, y = v => H / 2 - v / high * (H / 2 - 14);
    find("labels").innerHTML = `<svg viewBox="0 0 ${W} ${H + 18}" height="${H + 18}" role="img" aria-label="${escape(say(words.anatomy_label_alt, { classes: labels.join(", ") }))}">
      <line class="axis" x1="0" x2="${W}" y1="${y(0)}" y2="${y(0)}"/>
      ${values.map((v, i) => `<rect class="bar${labels.includes(i) ? " there" : ""}" x="${5 + i * step + step * 0.15}" width="${step * 0.7}" y="${Math.min(y(0), y(v))}" height="${Math.max(1, Math.abs(y(v) - y(0)))}"/>`
        + (n <= 20 || labels.includes(i) ? `<text x="${5 + (i + 0.5) * step}" y="${H + 14}" text-anchor="middle">${i}${labels.includes(i) ? " ●" : ""}</text>` : "")).join("")}</svg>`;
  };
  const drawFirst = async () => {
    for (const side of ["before", "after"]) {
      const { src, count, width, height } = told.first[side], canvas = find("first-" + side);
      gi.tiles(canvas, await gi.image(src), 0, count, width, height);
      canvas.setAttribute("aria-label", words.anatomy_first_note);
    }
  };
  const drawHist = () => {
    const layer = told.layers[find("layer").value] ?? told.layers[0], W = Math.max(240, find("hist").clientWidth), H = 170, left = 6;
    const top = Math.log10(1 + Math.max(...layer.hist.before, ...layer.hist.after)), n = layer.hist.before.length;
    const path = list => list.map((v, i) => `${(left + i / n * (W - 12)).toFixed(1)},${(H - Math.log10(1 + v) / top * (H - 16)).toFixed(1)} ${(left + (i + 1) / n * (W - 12)).toFixed(1)},${(H - Math.log10(1 + v) / top * (H - 16)).toFixed(1)}`).join(" L");
    find("hist").innerHTML = `<svg viewBox="0 0 ${W} ${H + 36}" height="${H + 36}" role="img" aria-label="${escape(say(words.anatomy_hist_alt, { layer: layer.name }))}">
      <line class="axis" x1="0" x2="${W}" y1="${H}" y2="${H}"/><path class="h-before" d="M${path(layer.hist.before)}"/><path class="h-after" d="M${path(layer.hist.after)}"/>
      <text x="0" y="${H + 16}">${gi.short(-layer.hist.edge)}</text><text x="${W / 2}" y="${H + 16}" text-anchor="middle">0</text><text x="${W}" y="${H + 16}" text-anchor="end">${gi.short(layer.hist.edge)}</text>
      <text x="0" y="${H + 34}"><tspan style="fill:var(--private)">— ${words.anatomy_before}</tspan>  <tspan dx="14" style="fill:var(--leaving)">- - ${words.anatomy_after}</tspan></text></svg>`;
  };
  const drawTable = () => {
    find("table").innerHTML = `<thead><tr>${words.anatomy_columns.split("|").map(c => `<th scope="col">${c}</th>`).join("")}</tr></thead><tbody>`
      + told.layers.map(l => `<tr><td>${escape(l.name)}</td><td>${l.shape.join("×")}</td><td>${gi.whole(l.numel)}</td><td>${gi.short(l.norm_before)}</td><td>${gi.short(l.norm_after)}</td>
        <td><span class="share" aria-hidden="true"><u style="width:${100 * l.noise_share}%"></u></span> ${Math.round(100 * l.noise_share)} %</td></tr>`).join("") + "</tbody>";
  };
  const draw = () => { if (!told || told.error) return; drawLabels(); drawFirst(); drawHist(); drawTable(); };
  const ask = async () => {
    const request = gi.lab?.();
    if (!request) return;
    const key = JSON.stringify(request);
    if (key === asked) return draw();
    asked = key;
    try { told = await server.anatomy(request); } catch { return; }
    find("error").textContent = told.error ?? "";
    if (told.error) return;
    find("layer").replaceChildren(...told.layers.map((l, i) => new Option(l.name, i)));
    draw();
  };
  find("layer").onchange = drawHist;
  window.addEventListener("gi:tab", event => event.detail === "anatomy" && ask());
  window.addEventListener("gi:theme", () => document.body.dataset.tab === "anatomy" && draw());
  new ResizeObserver(() => document.body.dataset.tab === "anatomy" && draw()).observe(find("hist"));
}
