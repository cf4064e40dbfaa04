// @ts-nocheck -- to be rebuilt as modules
/* The Dial: one slider of noise, every single-pass attack answers at once. One request in flight, the last wish wins. */
import "./dial.css";
import { gi } from "../../lib/kit.js";
import page from "./dial.html";

export function mount({ element, props, trigger, watch, server }) {
  const { words, catalog } = props;
  const root = gi.mount(element, page, words);
  const find = name => root.querySelector(`[data-r="${name}"]`);
  const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  const LOW = 1e-4, HIGH = 3, span = Math.log(HIGH / LOW);
  const at = z => Math.log(z / LOW) / span, of = x => Number((LOW * Math.exp(x * span)).toPrecision(2));
  const label = name => name.replace(":decoder=", "-");
  const marks = [
    '<circle cx="6" cy="6" r="5"/>', '<rect x="1.5" y="1.5" width="9" height="9"/>',
    '<path d="M6 0l6 6-6 6-6-6z"/>', '<path d="M6 0.5l6 11H0z"/>',
  ];
  const dashes = ["", "7 4", "2 4", "10 3 2 3"];
  let z = 0.003, sample = catalog.samples[0]?.name, answer = null, curve = null, wanted = false, flying = false, seen = false;

  /* grid: one column per attack, built once, so nothing jumps */
  find("grid").style.gridTemplateColumns = innerWidth > 767 ? `240px repeat(${catalog.attackers.length}, minmax(0, 1fr))` : "";
  find("grid").innerHTML = `<div><h2 class="private">${gi.icon("lock")}${words.dial_private}</h2>
      <div class="frame f-private"><canvas data-r="private" role="img" aria-label="${words.dial_private}"></canvas></div>
      <h2 class="control" style="margin-top:16px">${words.dial_control_row}</h2><p class="small">${words.dial_control_note}</p></div>`
    + catalog.attackers.map((a, i) => `<div data-a="${i}"><div class="title"><h2><svg viewBox="0 0 12 12" aria-hidden="true">${marks[i % 4]}</svg>${label(a)}</h2><span class="small" data-k="ms"></span></div>
      <div class="pair"><div class="frame"><canvas data-k="guess" role="img" aria-label="${label(a)}"></canvas></div>
        <div><div class="small">${words.dial_gain}</div><div class="gain" data-k="gain">–</div><div class="small" data-k="psnr"></div>
          <span class="squares" data-k="squares" role="img" aria-label="${words.working}"></span><div class="small word" data-k="word"></div></div></div>
      <div class="pair"><div class="frame f-control"><canvas data-k="control" role="img" aria-label="${words.control_alt}"></canvas></div>
        <div><b class="control">${words.control}</b><div class="small" data-k="control-psnr"></div></div></div></div>`).join("");

  const drawSamples = () => find("samples").replaceChildren(...catalog.samples.map(s => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = s.title;
    button.setAttribute("aria-label", s.title);
    button.setAttribute("aria-pressed", s.name === sample);
    button.innerHTML = `<img alt="" src="${s.src}">`;
    button.onclick = () => { sample = s.name; curve = null; drawSamples(); drawCurve(); ask(); askCurve(); };
    return button;
  }));

  const lookup = (key, value) => {
    const { z: zs, [key]: list } = catalog.table;
    let i = zs.findIndex(v => v >= value);
    if (i <= 0) return list[Math.max(i, 0)] ?? list.at(-1);
    const f = Math.log(value / zs[i - 1]) / Math.log(zs[i] / zs[i - 1]);
    return Math.exp(Math.log(list[i - 1]) * (1 - f) + Math.log(list[i]) * f);
  };
  /* where on the slider a quantity takes a value (all fall with z) */
  const where = (key, value) => {
    const { z: zs, [key]: list } = catalog.table;
    const i = list.findIndex(v => v <= value);
    if (i <= 0) return null;
    const f = Math.log(list[i - 1] / value) / Math.log(list[i - 1] / list[i]);
    return at(zs[i - 1] * (zs[i] / zs[i - 1]) ** f);
  };
  const whole = v => v >= 1 ? gi.whole(v) : gi.short(v);

  const drawScales = () => {
    const W = Math.max(260, find("axis").clientWidth), px = x => 10 + x * (W - 20), rows = [], narrow = innerWidth < 768;
    const row = (y, name, ticks, kind) => {
      rows.push(`<text x="${narrow ? 0 : -24}" y="${y}" text-anchor="${narrow ? "start" : "end"}" class="strong ${kind}">${name}</text>`);
      let last = narrow ? -10 : -99;
      for (const [x, label] of ticks) {
        if (x == null || x < -0.001 || x > 1.001 || Math.abs(px(x) - last) < 70) continue;
        last = px(x);
        rows.push(`<line class="tick" x1="${px(x)}" x2="${px(x)}" y1="${y - 19}" y2="${y - 13}"/><text x="${px(x)}" y="${y}" text-anchor="middle" class="${kind}">${label}</text>`);
      }
    };
    const decades = [1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1];
    row(20, "z", [1e-4, 1e-3, 0.01, 0.1, 1].map(v => [at(v), v]), "");
    row(40, "ε", decades.map(v => [where("epsilon", v), gi.whole(v)]), "");
    row(60, words.dial_bits, decades.map(v => [where("bits", v), gi.whole(v)]), "bound-text");
    find("scales").innerHTML = `<svg viewBox="0 0 ${W} 70" height="70">${rows.join("")}</svg>`;
  };

  /* gain over control, in dB, against z; below zero line nothing leaks */
  const drawCurve = () => {
    const W = Math.max(260, find("axis").clientWidth), H = 132, px = x => 10 + x * (W - 20);
    const gains = curve ? curve.series.flatMap(s => s.gain) : [0, 10];
    const top = Math.max(6, Math.ceil(Math.max(...gains) / 4) * 4), low = Math.min(-2, Math.floor(Math.min(...gains) / 2) * 2);
    const py = v => 8 + (H - 16) * (1 - (v - low) / (top - low)), edge = where("bits", catalog.enough);
    const series = (curve?.series ?? []).map((s, i) => {
      const points = curve.z.map((v, j) => [px(at(v)), py(s.gain[j])]), now = px(at(z));
      const j = points.findIndex(p => p[0] >= now);
      const [a, b] = j > 0 ? [points[j - 1], points[j]] : [points[Math.max(0, j)], points[Math.max(0, j)]];
      const y = b[0] === a[0] ? a[1] : a[1] + (b[1] - a[1]) * (now - a[0]) / (b[0] - a[0]);
      return `<path class="series" stroke-dasharray="${dashes[i % 4]}" d="M${points.map(p => p.map(v => v.toFixed(1)).join(",")).join(" L")}"/>
        <g class="mark" transform="translate(${now - 6} ${y - 6})">${marks[i % 4]}</g>
        `;
    }).join("");
    /* names at the left end, pushed apart where lines meet */
    let floor = Infinity;
    const names = (curve?.series ?? []).map((s, i) => ({ name: label(s.name), y: py(s.gain[0]) - 6 })).sort((a, b) => b.y - a.y)
      .map(n => { n.y = Math.min(n.y, floor - 15); floor = n.y; return `<text x="14" y="${n.y}">${n.name}</text>`; }).join("");
    find("curve").innerHTML = `<svg viewBox="0 0 ${W} ${H + (innerWidth < 768 ? 40 : 20)}" height="${H + (innerWidth < 768 ? 40 : 20)}" role="img" aria-label="${words.dial_curve_alt}">
      <defs><pattern id="gi-hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line y2="8" stroke="var(--bound)" stroke-opacity=".3"/></pattern></defs>
      ${edge == null ? "" : `<rect x="${px(edge)}" y="0" width="${px(1) - px(edge)}" height="${H}" fill="url(#gi-hatch)"/><line class="edge" x1="${px(edge)}" x2="${px(edge)}" y1="0" y2="${H}"/>`}
      <line class="grid" x1="10" x2="${W - 10}" y1="${py(top)}" y2="${py(top)}"/><text x="4" y="${py(top) + 4}" text-anchor="end">${innerWidth < 768 ? "" : "+" + top}</text>
      <line class="zero" x1="10" x2="${W - 10}" y1="${py(0)}" y2="${py(0)}"/><text x="4" y="${py(0) + 4}" text-anchor="end">0</text>
      ${series}${names}<line class="now" x1="${px(at(z))}" x2="${px(at(z))}" y1="-4" y2="${H}"/>
      <text x="10" y="${H + 16}"><tspan class="strong">${words.dial_gain_axis}</tspan> ${curve ? say(words.dial_gain_note, { n: curve.seeds }) : words.dial_measuring}</text>
      ${edge == null ? "" : `<text x="${W - 10}" y="${H + (innerWidth < 768 ? 36 : 16)}" text-anchor="end" class="bound-text">${say(words.dial_edge, { bits: gi.number(catalog.enough) })}</text>`}
    </svg>`;
  };

  const drawNumbers = () => {
    const x = at(z), slider = find("z");
    slider.value = 1000 * x;
    slider.style.setProperty("--at", `calc(8px + (100% - 16px) * ${x})`);
    slider.setAttribute("aria-valuetext", `z = ${z}`);
    if (document.activeElement !== find("z-number")) find("z-number").value = z;
    find("epsilon").textContent = whole(lookup("epsilon", z));
    find("bits").textContent = "≤ " + whole(lookup("bits", z));
  };

  const drawAnswer = async () => {
    if (!answer || answer.error) { find("error").textContent = answer?.error ?? ""; return; }
    find("error").textContent = "";
    const side = answer.side;
    const put = async (canvas, src, label) => { gi.tiles(canvas, await gi.image(src), 0, 1, side, side); canvas.setAttribute("aria-label", label); };
    await put(find("private"), answer.truth, words.dial_private);
    for (const [i, one] of answer.attacks.entries()) {
      const column = root.querySelector(`[data-a="${i}"]`), cell = name => column.querySelector(`[data-k="${name}"]`);
      await put(cell("guess"), one.src, `${one.name}, ${gi.number(one.psnr)} dB`);
      await put(cell("control"), one.control, words.control_alt);
      cell("ms").textContent = `${Math.max(1, Math.round(one.ms))} ms`;
      cell("gain").textContent = `${gi.signed(one.gain)} dB`;
      cell("psnr").textContent = `${gi.number(one.psnr)} dB`;
      cell("control-psnr").textContent = `${gi.number(one.control_psnr)} dB`;
      cell("squares").innerHTML = [1, 2, 3].map(k => `<i class="${k <= one.level ? "on" : ""}"></i>`).join("");
      cell("squares").setAttribute("aria-label", say(words.level_alt, { level: one.level }));
      cell("word").textContent = words["level_" + one.level];
    }
    find("grid").dataset.drawn = answer.z;
  };

  const ask = async () => {
    wanted = true;
    if (flying) return;
    flying = true;
    while (wanted) {
      wanted = false;
      try { answer = await server.dial({ z, sample }); } catch { break; }
      await drawAnswer();
    }
    flying = false;
  };
  const askCurve = async () => {
    const mine = sample;
    try { const found = await server.dial_curve({ sample }); if (mine === sample && !found.error) { curve = found; drawCurve(); } } catch { /* the next picture asks again */ }
  };
  const turn = value => { z = Math.min(HIGH, Math.max(LOW, value)); drawNumbers(); drawCurve(); ask(); };
  find("z").oninput = event => turn(of(event.target.value / 1000));
  find("z-number").onchange = event => { if (event.target.value > 0) turn(Number(event.target.value)); };
  const redraw = () => { if (document.body.dataset.tab === "dial" && catalog.attackers.length) { drawScales(); drawCurve(); } };
  new ResizeObserver(redraw).observe(find("axis"));
  window.addEventListener("gi:tab", event => {
    if (event.detail !== "dial") return;
    redraw();
    if (!seen) { seen = true; ask(); askCurve(); }
  });
  window.addEventListener("gi:theme", redraw);
  drawSamples();
  drawNumbers();
}
