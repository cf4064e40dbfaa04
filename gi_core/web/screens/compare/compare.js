// @ts-nocheck -- to be rebuilt as modules
/* Compare: two to six lanes that differ in one thing, one scrubber, one axis; every run of them in a ranking and a grid.
   props.value is the last message from the server: {compare: {...}} as gi_core/web/compare.py writes it. */
import "./compare.css";
import { gi } from "../../lib/kit.js";
import page from "./compare.html";

export function mount({ element, props, trigger, watch, server }) {
  const { words, catalog } = props;
  const root = gi.mount(element, page, words);
  const find = name => root.querySelector(`[data-r="${name}"]`);
  const { say, escape } = gi;
  const marks = [
    '<circle cx="6" cy="6" r="5"/>', '<rect x="1.5" y="1.5" width="9" height="9"/>', '<path d="M6 0l6 6-6 6-6-6z"/>',
    '<path d="M6 0.5l6 11H0z"/>', '<path d="M0 0.5h12l-6 11z"/>', '<path d="M4 0h4v4h4v4H8v4H4V8H0V4h4z"/>',
  ];
  const dashes = ["", "7 4", "2 4", "10 3 2 3", "1 3", "12 5"];
  const mark = i => `<svg viewBox="0 0 12 12" aria-hidden="true">${marks[i]}</svg>`;
  const busy = () => shown && ["running", "judging", "repeating", "queued"].includes(shown.state);
  let shown = null, x = 1, playing = false, current = null, factor = 0, laid = "", pictures = false;
  const cache = new Map();
  const picture = src => { if (!cache.has(src)) cache.set(src, gi.image(src)); return cache.get(src); };
  const label = lane => shown.field === "defense" ? gi.defense(lane.defense, words) : lane.label;
  const squares = level => `<span class="squares" role="img" aria-label="${say(words.level_alt, { level })}">${[1, 2, 3].map(k => `<i class="${k <= level ? "on" : ""}"></i>`).join("")}</span>`;

  /* ---------------------------------------------------------------- the stage */
  const layOut = () => {
    const key = shown.id + shown.field + shown.lanes.map(l => l.label).join();
    if (key === laid) return;
    laid = key;
    cache.clear();
    const box = (head, more, kind) => `<div><h2 class="${kind}">${head}</h2><div class="frame f-${kind}"><canvas role="img" aria-label="${words.working}"></canvas></div>${more}</div>`;
    find("lanes").innerHTML = box(gi.icon("lock") + words.dial_private, "", "private")
      + shown.lanes.map((lane, i) => box(`${mark(i)}<span>${escape(label(lane))}</span>`,
        `<div class="gain" data-k="gain"></div><div class="small" data-k="psnr"></div><div data-k="squares"></div><div class="small" data-k="word"></div><div class="small" data-k="cost"></div>`, "attacker")).join("");
  };

  /* every lane at the same share of its steps (early ones stretched) or, where seconds are the budget, at the same second */
  const place = lane => {
    const limit = shown.budget?.seconds, scale = gi.scale(lane.total);
    return limit ? f => (f.seconds ?? 0) / limit : f => scale.at(f.iteration);
  };
  const frameOf = lane => {
    const at = place(lane);
    return lane.frames.reduce((best, f) => Math.abs(at(f) - x) < Math.abs(at(best) - x) ? f : best, lane.frames[0]);
  };
  const draw = async () => {
    if (!shown?.lanes?.length) return;
    layOut();
    const boxes = [...find("lanes").children], widest = shown.lanes.reduce((a, b) => b.size.batch > a.size.batch ? b : a);
    gi.tiles(boxes[0].querySelector("canvas"), await picture(widest.truth), 0, widest.size.batch, widest.size.width, widest.size.height);
    boxes[0].querySelector("canvas").setAttribute("aria-label", words.dial_private);
    for (const [i, lane] of shown.lanes.entries()) {
      const box = boxes[i + 1], canvas = box.querySelector("canvas"), cell = name => box.querySelector(`[data-k=${name}]`), v = lane.verdict;
      if (lane.message || !lane.frames.length) { cell("word").textContent = lane.message ?? words.working; continue; }
      const f = frameOf(lane), { batch, width, height } = lane.size;
      gi.tiles(canvas, await picture(f.src), 0, batch, width, height);
      if (factor) {
        const truth = document.createElement("canvas");
        gi.tiles(truth, await picture(lane.truth), 0, batch, width, height);
        gi.difference(canvas, truth, canvas, factor);
      }
      canvas.setAttribute("aria-label", `${label(lane)}, ${gi.number(f.psnr)} dB${factor ? ", " + say(words.difference, { factor }) : ""}`);
      cell("gain").textContent = v ? `${gi.signed(v.gain)} dB` : "–";
      cell("psnr").textContent = `${gi.number(f.psnr)} dB` + (v ? `, ${words.control_word} ${gi.number(v.control.psnr)}` : "");
      cell("squares").innerHTML = v ? squares(v.level) : "";
      cell("word").textContent = v ? words["level_" + v.level] : busy() ? words.working : words.not_judged;
      cell("cost").textContent = say(words.compare_cost, { steps: gi.whole(f.iteration), seconds: gi.number(f.seconds) });
    }
    find("difference-note").hidden = !factor;
    find("difference-note").textContent = say(words.difference_note, { factor });
    find("scrub").value = 1000 * x;
    find("scrub").style.setProperty("--at", `calc(10px + (100% - 20px) * ${x})`);
    find("step").textContent = say(shown.budget?.seconds ? words.compare_second : words.compare_share, { share: Math.round(100 * x), seconds: gi.number(x * (shown.budget?.seconds ?? 0)) });
    find("scrub").setAttribute("aria-valuetext", find("step").textContent);
    plot();
  };

  const plot = () => {
    const W = Math.max(240, find("plot").clientWidth), H = 150, left = 46, px = v => left + 10 + Math.min(1, v) * (W - left - 20);
    const all = shown.lanes.flatMap(l => l.history.psnr).filter(v => v != null);
    const top = Math.max(15, Math.ceil((Math.max(0, ...all) + 1) / 5) * 5), low = Math.min(5, Math.floor(Math.min(5, ...all) / 5) * 5), py = v => 8 + (H - 12) * (1 - (v - low) / (top - low));
    const lines = shown.lanes.map((lane, i) => {
      const at = place(lane), h = lane.history, p = h.iteration.map((s, j) => [px(at({ iteration: s, seconds: h.seconds?.[j] })), py(h.psnr[j])]).filter(q => isFinite(q[1]));
      if (!p.length || !lane.frames.length) return "";
      const f = frameOf(lane);
      return (p.length > 1 ? `<path class="series" stroke-dasharray="${dashes[i]}" d="M${p.map(q => q.map(v => v.toFixed(1)).join(",")).join(" L")}"/>` : "")
        + `<g class="mark" transform="translate(${px(at(f)) - 6} ${py(f.psnr) - 6})">${marks[i]}</g>`;
    }).join("");
    find("plot").innerHTML = `<svg viewBox="0 0 ${W} ${H + 20}" height="${H + 20}" role="img" aria-label="${escape(shown.lanes.map(l => `${label(l)}: ${gi.number(l.frames.length ? frameOf(l).psnr : null)} dB`).join("; "))}">
      ${[low, Math.round((low + top) / 2), top].map(v => `<line class="grid" x1="${left}" x2="${W}" y1="${py(v)}" y2="${py(v)}"/><text x="${left - 8}" y="${py(v) + 4}" text-anchor="end">${v}</text>`).join("")}
      <line class="now" x1="${px(x)}" x2="${px(x)}" y1="0" y2="${H}"/>${lines}
      <text x="${left + 8}" y="${H + 16}"><tspan class="strong">${words.psnr}</tspan> ${shown.budget?.seconds ? words.compare_axis_seconds : words.compare_axis_note}</text></svg>`;
  };

  /* -------------------------------------------------- every run: ranking and grid */
  const mean = list => list.reduce((a, b) => a + b, 0) / list.length;
  const spread = list => list.length < 2 ? null : Math.sqrt(list.reduce((a, b) => a + (b - mean(list)) ** 2, 0) / (list.length - 1));
  const column = i => (shown.cells ?? []).map(row => row[i]).filter(c => c?.src);
  const ranked = () => shown.lanes.map((lane, i) => ({ lane, i, runs: column(i) })).filter(r => r.runs.length)
    .map(r => ({ ...r, gain: mean(r.runs.map(c => c.gain)), sd: spread(r.runs.map(c => c.gain)) })).sort((a, b) => b.gain - a.gain);
  const close = (a, b) => a && b && a.sd != null && b.sd != null && Math.abs(a.gain - b.gain) < Math.hypot(a.sd, b.sd);
  const plusMinus = (list, digits = 1) => spread(list) == null ? "" : ` ± ${gi.number(spread(list), digits)}`;

  const drawRanking = () => {
    const rows = ranked(), head = words.ranking_columns.split("|");
    find("ranking").innerHTML = `<thead><tr>${head.map(h => `<th scope="col">${h}</th>`).join("")}</tr></thead><tbody>` + rows.map((r, k) => {
      const of = name => r.runs.map(c => c[name]);
      return `<tr><td>${k + 1}${close(rows[k - 1], r) || close(r, rows[k + 1]) ? " ≈" : ""}</td><th scope="row">${mark(r.i)} ${escape(label(r.lane))}</th>
        <td><b>${gi.signed(r.gain)}</b>${plusMinus(of("gain"))}</td><td>${gi.number(mean(of("psnr")))}${plusMinus(of("psnr"))}</td><td>${gi.number(mean(of("ssim")), 2)}${plusMinus(of("ssim"), 2)}</td>
        <td>${gi.whole(mean(of("steps")))}</td><td>${gi.number(mean(of("seconds")))}</td></tr>`;
    }).join("") + "</tbody>";
    const n = shown.rows?.values.length ?? 1;
    find("ranking-note").textContent = n > 1 ? say(words.ranking_note, { n, what: words["axis_" + shown.rows.field] }) : words.ranking_single;
  };
  /* Where the lanes are numbers: mean likeness against them, the control's beside it. */
  const drawCurve = () => {
    const lanes = shown.lanes.map((lane, i) => ({ value: Number(lane.label), runs: column(i) })).filter(l => l.runs.length && l.value > 0).sort((a, b) => a.value - b.value);
    const box = find("curve-box"), usual = ["clients", "batch_size", "local_steps"].includes(shown.field);
    box.hidden = !usual || lanes.length < 3;
    if (box.hidden) return;
    find("curve-title").textContent = say(words.curve_title, { what: words["axis_" + shown.field] });
    const W = Math.max(240, find("curve").clientWidth), H = 170, left = 46, first = Math.log(lanes[0].value), last = Math.log(lanes.at(-1).value);
    const px = v => left + 16 + (Math.log(v) - first) / (last - first || 1) * (W - left - 40);
    const lines = [["psnr", "series", ""], ["control", "ctl", "5 4"]].map(([name, kind, dash]) => ({ kind, dash, points: lanes.map(l => { const list = l.runs.map(c => c[name]); return { value: l.value, mean: mean(list), sd: spread(list) ?? 0 }; }) }));
    const ends = lines.flatMap(l => l.points.flatMap(p => [p.mean - p.sd, p.mean + p.sd]));
    const low = Math.floor(Math.min(...ends) / 5) * 5, top = Math.max(low + 10, Math.ceil(Math.max(...ends) / 5) * 5), py = v => 8 + (H - 12) * (1 - (v - low) / (top - low));
    const told = lanes.map((l, i) => `${gi.whole(l.value)}: ${gi.number(lines[0].points[i].mean)} dB, ${words.control_word} ${gi.number(lines[1].points[i].mean)} dB`).join("; ");
    find("curve").innerHTML = `<svg viewBox="0 0 ${W} ${H + 26}" height="${H + 26}" role="img" aria-label="${escape(told)}">
      ${[low, (low + top) / 2, top].map(v => `<line class="grid" x1="${left}" x2="${W}" y1="${py(v)}" y2="${py(v)}"/><text x="${left - 8}" y="${py(v) + 4}" text-anchor="end">${gi.short(v)}</text>`).join("")}
      ${lines.map(l => `<path class="${l.kind}" stroke-dasharray="${l.dash}" d="M${l.points.map(p => `${px(p.value)},${py(p.mean)}`).join(" L")}"/>${l.points.map(p => `<path class="${l.kind}" d="M${px(p.value)},${py(p.mean - p.sd)} V${py(p.mean + p.sd)}"/><circle class="dot ${l.kind}" cx="${px(p.value)}" cy="${py(p.mean)}" r="3.5"/>`).join("")}`).join("")}
      ${lanes.map(l => `<text x="${px(l.value)}" y="${H + 18}" text-anchor="middle">${gi.whole(l.value)}</text>`).join("")}</svg>`;
  };
  const drawGrid = () => {
    const cells = shown.cells ?? [], top = Math.max(5, ...cells.flat().map(c => c?.gain ?? 0));
    const one = (c, r, i) => {
      if (!c) return `<td class="empty">${busy() ? "…" : "–"}</td>`;
      if (c.message) return `<td class="empty" title="${escape(c.message)}"><span class="sr">${escape(c.message)}</span>–</td>`;
      const told = `${label(shown.lanes[i])}, ${words["axis_" + shown.rows.field]} ${shown.rows.values[r]}: ${gi.signed(c.gain)} dB, ${words["level_" + c.level]}. ${words.open_run}`;
      const inside = pictures ? `<canvas data-src="${r}-${i}"></canvas><span>${gi.signed(c.gain)}</span>` : `<span>${gi.signed(c.gain)}</span>`;
      return `<td><button type="button" data-cell="${r}-${i}" aria-label="${escape(told)}" title="${escape(told)}" class="${pictures ? "tile" : "heat"}" style="--share:${Math.round(60 * Math.max(0, c.gain) / top)}%">${inside}</button></td>`;
    };
    find("grid").innerHTML = `<thead><tr><th scope="col">${escape(words["axis_" + shown.rows.field])}</th>${shown.lanes.map((l, i) => `<th scope="col">${mark(i)} ${escape(label(l))}</th>`).join("")}</tr></thead><tbody>`
      + cells.map((row, r) => `<tr><th scope="row">${escape(shown.rows.values[r])}</th>${row.map((c, i) => one(c, r, i)).join("")}</tr>`).join("") + "</tbody>";
    find("grid").querySelectorAll("canvas").forEach(async canvas => {
      const [r, i] = canvas.dataset.src.split("-"), c = cells[r][i];
      gi.tiles(canvas, await picture(c.src), 0, c.size.batch, c.size.width, c.size.height);
    });
    find("grid").querySelectorAll("button").forEach(b => { b.onclick = () => openRun(b.dataset.cell); });
  };
  let tabled = "";
  const drawTables = () => {
    const key = JSON.stringify([shown.id, shown.done, shown.state, pictures]);
    if (!shown.cells || key === tabled) return;
    tabled = key;
    drawRanking();
    drawCurve();
    drawGrid();
  };
  const openRun = async cell => {
    if (!shown.runs && shown.name) shown = { ...shown, runs: (await server.recorded_comparison({ name: shown.name })).compare.runs };
    const run = shown.runs?.[cell];
    if (run) window.dispatchEvent(new CustomEvent("gi:open", { detail: run }));
    else gi.toast(words.open_later);
  };
  const table = () => [["lane", shown.rows.field, "gain_db", "psnr_db", "control_db", "ssim", "level", "steps", "seconds"],
    ...shown.cells.flatMap((row, r) => row.flatMap((c, i) => c?.src ? [[shown.lanes[i].label, shown.rows.values[r], c.gain.toFixed(3), c.psnr.toFixed(3), c.control.toFixed(3), c.ssim.toFixed(4), c.level, c.steps, c.seconds]] : []))];
  find("table").onclick = () => shown && gi.copy(table().map(row => row.join("\t")).join("\n"), words.copied);
  find("csv").onclick = () => shown && gi.saveText("comparison.csv", gi.csv(table()), "text/csv");
  for (const [name, on] of [["heat", false], ["small", true]]) {
    find(name).onclick = () => {
      pictures = on;
      find("heat").setAttribute("aria-pressed", !on);
      find("small").setAttribute("aria-pressed", on);
      if (shown) drawTables();
    };
  }

  /* ------------------------------------------------------------ controls and messages */
  const fields = catalog.axes.map(a => a.field), axisOf = name => catalog.axes.find(a => a.field === name);
  for (const name of ["axis", "rows-axis"]) find(name).append(...fields.map(f => new Option(words["axis_" + f], f)));
  find("budget").append(...catalog.budgets.map((b, i) => new Option(b.steps ? say(words.budget_steps, { n: b.steps }) : b.seconds ? say(words.budget_seconds, { n: b.seconds }) : words.budget_own, i)));
  find("difference").append(new Option(words.difference_off, 0), ...[1, 4, 16].map(f => new Option(say(words.difference, { factor: f }), f)));
  find("recorded").append(new Option(words.compare_recorded, ""), ...catalog.recorded.map(name => new Option(words["comparison_" + name] ?? name, name)));
  const lines = name => find(name).value.split("\n").map(v => v.trim()).filter(Boolean);
  const asked = () => ({ field: find("axis").value, values: lines("values"), rows: { field: find("rows-axis").value, values: lines("rows") },
    budget: catalog.budgets[find("budget").value] ?? {}, ...(gi.lab?.() ?? { settings: {}, pictures: [] }) });
  let waiting = 0, turn = 0;
  const estimate = () => {
    clearTimeout(waiting);
    const mine = ++turn;
    waiting = setTimeout(async () => {
      if (document.body.dataset.tab !== "compare" || busy() || !server.estimate_compare) return;
      try {
        const told = await server.estimate_compare(asked());
        if (mine !== turn || busy()) return;
        find("message").classList.toggle("refused", Boolean(told.error));
        find("message").textContent = told.error ?? say(words.compare_estimate, { runs: told.runs, time: gi.duration(told.seconds, words) })
          + (told.seconds > told.limit ? " " + say(words.stops_after, { time: gi.duration(told.limit, words) }) : "");
      } catch { /* the next change asks again */ }
    }, 300);
  };
  const fill = () => { find("values").value = axisOf(find("axis").value).values.join("\n"); };
  find("axis").onchange = () => { fill(); if (find("rows-axis").value === find("axis").value) { find("rows-axis").value = fields.find(f => f !== find("axis").value); fillRows(); } estimate(); };
  const fillRows = () => { find("rows").value = axisOf(find("rows-axis").value).values.slice(0, 3).join("\n"); };
  find("rows-axis").onchange = () => { fillRows(); estimate(); };
  for (const name of ["values", "rows", "budget"]) find(name).onchange = estimate;
  find("sweep").onclick = () => {
    const swept = gi.sweep?.() ?? [];
    if (!swept.length) return gi.toast(words.compare_no_sweep);
    find("axis").value = "defense";
    find("values").value = swept.join("\n");
    estimate();
  };
  fill();
  find("rows-axis").value = "seed";
  fillRows();
  /* the rail asks for what is shown, so that Run lanes repeats it with the Lab's settings */
  const adopt = () => {
    if (!shown?.lanes?.length) return;
    find("axis").value = shown.field;
    find("values").value = shown.lanes.map(l => l.label).join("\n");
    find("rows-axis").value = shown.rows.field;
    find("rows").value = shown.rows.values.join("\n");
    estimate();
  };

  const buttons = () => {
    find("run").disabled = busy();
    find("stop").disabled = !busy();
    find("play").innerHTML = gi.icon(playing ? "pause" : "play");
    find("play").setAttribute("aria-label", playing ? words.pause : words.play);
    if (shown) {
      find("state").textContent = shown.state === "repeating" ? say(words.state_repeating, { done: shown.done, planned: shown.planned }) : words["state_" + shown.state] ?? "";
      find("text").textContent = shown.text ?? "";
      find("recorded").value = shown.name ?? "";
    }
  };
  const receive = message => {
    const next = message?.compare;
    if (!next) return;
    find("message").textContent = next.state === "queued" ? say(words.place, { place: next.place }) : next.message ?? "";
    find("message").classList.toggle("refused", next.state === "failed");
    const fresh = next.id !== shown?.id;
    shown = next.lanes ? next : { ...(shown ?? { lanes: [] }), state: next.state };
    if (fresh && busy()) x = 1;
    buttons();
    draw();
    drawTables();
  };
  let clock = 0;
  const play = () => {
    playing = !playing;
    if (playing && x >= 1) x = 0;
    let last = performance.now();
    const tick = time => {
      if (!playing) return;
      x = Math.min(1, x + (time - last) / 6000);
      last = time;
      draw();
      if (x >= 1) { playing = false; return buttons(); }
      clock = requestAnimationFrame(tick);
    };
    cancelAnimationFrame(clock);
    if (playing) clock = requestAnimationFrame(tick);
    buttons();
  };
  find("play").onclick = play;
  find("scrub").oninput = event => { playing = false; x = event.target.value / 1000; buttons(); draw(); };
  const step = go => { playing = false; x = Math.min(1, Math.max(0, x + go)); buttons(); draw(); };
  const moves = { ArrowRight: 0.02, ArrowLeft: -0.02, ArrowUp: 0.02, ArrowDown: -0.02, Home: -1, End: 1 };
  find("scrub").onkeydown = event => {
    if (!moves[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    step(moves[event.key]);
  };
  window.addEventListener("keydown", event => {
    if (document.body.dataset.tab !== "compare" || ["INPUT", "TEXTAREA", "SELECT", "BUTTON"].includes(event.target.tagName)) return;
    if (event.key === " ") { event.preventDefault(); play(); }
    if (["ArrowRight", "ArrowLeft"].includes(event.key) && event.target.tabIndex < 0) { event.preventDefault(); step(moves[event.key]); }
  });
  find("difference").onchange = event => { factor = Number(event.target.value); draw(); };
  const recall = async name => {
    if (!catalog.recorded.includes(name) || busy()) return;
    receive(await server.recorded_comparison({ name }));
    x = 1;
    adopt();
    draw();
  };
  find("rail").onsubmit = event => {
    event.preventDefault();
    if (busy()) return;
    current = Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, "0")).join("");
    turn++;
    find("message").textContent = "";
    trigger("run", { id: current, ...asked() });
  };
  find("stop").onclick = () => { find("stop").disabled = true; server.stop_compare({ id: current }); };
  new ResizeObserver(() => { if (document.body.dataset.tab === "compare") { draw(); if (shown?.cells) drawCurve(); } }).observe(find("plot"));
  window.addEventListener("gi:tab", event => { if (event.detail === "compare") { draw(); estimate(); } });
  watch("value", () => receive(props.value));
  receive(props.first);
  adopt();
  buttons();
  window.addEventListener("gi:comparison", event => recall(event.detail));
  find("recorded").onchange = event => recall(event.target.value);
  const linked = new URLSearchParams(location.search).get("comparison");
  if (linked && linked !== shown?.name) recall(linked);
}
