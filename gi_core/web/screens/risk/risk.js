// @ts-nocheck -- to be rebuilt as modules
/* Is my set-up at risk? Controls in plain words, the nearest measured runs, and the frontier whose points open runs. */
import "./risk.css";
import { gi } from "../../lib/kit.js";
import page from "./risk.html";

export function mount({ element, props, trigger, watch, server }) {
  const { words, catalog } = props;
  const root = gi.mount(element, page, words);
  const find = name => root.querySelector(`[data-r="${name}"]`);
  const field = name => root.querySelector(`[data-f="${name}"]`);
  const { say, escape } = gi;
  const setup = { ...catalog.defaults };
  const level = n => words["level_" + n];
  const squares = n => `<span class="squares" role="img" aria-label="${say(words.level_alt, { level: n })}">${[1, 2, 3].map(i => `<i class="${i <= n ? "on" : ""}"></i>`).join("")}</span>`;
  const span = ([low, high], show) => show(low) === show(high) ? show(low) : say(words.risk_span, { low: show(low), high: show(high) });

  /* ---- the set-up */
  field("model").innerHTML = catalog.families.map((f, i) => `<optgroup label="${escape(words["risk_family_" + i] ?? f.family)}">${f.models.map(m => `<option>${m}</option>`).join("")}</optgroup>`).join("");
  field("batchnorm").append(...["eval", "train", "shared"].map(v => new Option(words["risk_bn_" + v], v)));
  field("channels").append(new Option(words.risk_colour, 3), new Option(words.risk_grey, 1));
  find("example").append(new Option(words.risk_example, ""), ...catalog.examples.map((e, i) => new Option(words["risk_example_" + i] ?? e.name, i)));
  find("defense").append(...catalog.defenses.map((d, i) => new Option(words[d.label] ?? d.label, i)));
  find("distance").textContent = catalog.distance;
  for (const name of ["image_size", "batch_size", "local_steps", "participants"]) {
    field(name).min = catalog.limits[name].low;
    field(name).max = catalog.limits[name].high;
  }
  const normalised = model => /^(convnet|resnet|yolo|maxvit)/.test(model);

  const presetOf = text => {
    for (const [i, d] of catalog.defenses.entries()) {
      if (!d.range) { if (d.text === text) return [i, null]; continue; }
      const [head, tail] = d.text.split("{}"), middle = text.slice(head.length, text.length - tail.length);
      if (text.startsWith(head) && text.endsWith(tail) && middle !== "" && isFinite(middle)) return [i, Number(middle)];
    }
    return [-1, null];
  };
  const show = () => {
    root.querySelectorAll("[data-f]").forEach(input => input.type === "checkbox" ? input.checked = setup[input.dataset.f] : input.value = setup[input.dataset.f]);
    find("batchnorm").hidden = !normalised(setup.model);
    const [at, value] = presetOf(setup.defense);
    find("defense").value = at;
    find("strength").hidden = value == null;
    if (value != null) {
      find("strength-label").textContent = words[catalog.defenses[at].strength] ?? catalog.defenses[at].strength;
      if (Number(find("strength-number").value) !== value || find("strength-number").value === "") find("strength-number").value = value;
    }
  };
  let timer = 0, asked = 0;
  const changed = () => { clearTimeout(timer); timer = setTimeout(ask, 200); };
  const ask = async () => {
    const mine = ++asked;
    let found;
    try { found = await server.risk_answer({ ...setup }); } catch { return; }
    if (mine !== asked || !found) return;
    find("message").textContent = found.error ?? "";
    find("message").classList.toggle("refused", Boolean(found.error));
    if (!found.error) draw(found);
  };
  root.querySelectorAll("[data-f]").forEach(input => {
    input.onchange = () => {
      const name = input.dataset.f;
      setup[name] = input.type === "checkbox" ? input.checked : input.type === "number" || name === "channels" ? (input.value === "" ? "" : Number(input.value)) : input.value;
      find("example").value = "";
      show();
      changed();
    };
  });
  find("example").onchange = event => {
    if (event.target.value === "") return;
    Object.assign(setup, catalog.examples[event.target.value].setup);
    show();
    ask();
  };
  find("defense").onchange = event => {
    const preset = catalog.defenses[event.target.value];
    setup.defense = preset.text.replace("{}", preset.start);
    find("strength-number").value = "";
    find("example").value = "";
    show();
    changed();
  };
  find("strength-number").onchange = event => {
    if (event.target.value === "") return;
    setup.defense = catalog.defenses[find("defense").value].text.replace("{}", Number(event.target.value));
    find("example").value = "";
    changed();
  };
  find("rail").onsubmit = event => { event.preventDefault(); ask(); };

  /* ---- the answer */
  const gainWords = g => g == null ? "–" : gi.signed(g, 2);
  let latest = catalog.answer;
  const draw = found => {
    latest = found;
    const known = found.found, levels = known?.levels;
    find("word").innerHTML = known
      ? `<b>${escape(span(levels, level))}</b>${squares(levels[1])}`
      : `<b>${found.tables.length ? words.risk_unjudged : words.risk_unmeasured}</b>`;
    find("sentence").textContent = found.sentence;
    const row = (name, value) => `<div><dt>${escape(name)}</dt><dd><b>${escape(value)}</b></dd></div>`;
    find("figures").innerHTML = known
      ? row(words.risk_gain, span(known.gain, g => gi.signed(g, 2))) + row(say(words.risk_rank, { n: known.candidates }), span(known.rank, r => gi.ordinal(r, words)))
        + row(words.risk_count, gi.whole(found.count)) + row(words.risk_distance, gi.number(found.distance, 1))
      : "";
    find("change").innerHTML = found.change.length
      ? found.change.map(c => `<li><b>${escape(c.says)}.</b> ${escape(say(words.risk_there, { word: span(c.levels, level), n: c.runs }))} <span class="small">${escape(c.cost)}</span></li>`).join("")
      : `<li>${levels?.[1] === 0 ? words.risk_no_need : words.risk_no_change}</li>`;
    find("bounds").innerHTML = found.bounds.length
      ? found.bounds.map(b => `<li>${escape(b.says)} <span class="small">${escape(b.binds)}</span></li>`).join("")
      : `<li>${words.risk_no_bound}</li>`;
    find("outside").innerHTML = found.outside.map(t => `<li>${escape(t)}</li>`).join("");
    const open = r => r.key ? `<button type="button" class="plain" data-key="${r.key}">${words.risk_open}</button>` : "";
    const copy = r => `<button type="button" class="plain" data-command="${escape(r.command)}">${words.copy_cli}</button>`;
    const head = columns => `<thead><tr>${columns.map(c => `<th scope="col">${escape(c)}</th>`).join("")}</tr></thead>`;
    const columns = words.risk_columns.split("|");
    find("scroll-runs").hidden = !found.runs.length;
    find("runs").innerHTML = head(columns) + `<tbody>${found.runs.map(r => `<tr>
      <td>${r.src ? `<img src="${r.src}" alt="${escape(say(words.risk_strip_alt, { attack: r.attack }))}">` : ""}</td>
      <td lang="en">${escape(r.setup)}<br><code class="mono">${escape(r.attack)}</code><br><span class="small">${escape(r.source)}</span></td>
      <td>${level(r.level)}</td><td>${gainWords(r.gain)}</td><td>${gi.ordinal(r.rank, words)}</td><td>${gi.number(r.distance, 1)}</td>
      <td>${open(r)}${copy(r)}</td></tr>`).join("")}</tbody>`;
    find("more").textContent = found.count > found.runs.length ? say(words.risk_more, { n: found.count - found.runs.length }) : "";
    find("tables-box").hidden = !found.tables.length;
    find("tables-box").open = !found.runs.length;
    find("tables-title").textContent = say(words.risk_tables, { n: found.tables.length });
    find("tables").innerHTML = head(words.risk_table_columns.split("|")) + `<tbody>${found.tables.map(r => `<tr>
      <td>${escape(r.table)}</td><td lang="en">${escape(r.setup)}<br><code class="mono">${escape(r.attack)}</code><br><span class="small">${escape(r.source)}</span></td>
      <td>${gainWords(r.gain)}</td><td>${gi.number(r.psnr)} dB</td><td>${gi.number(r.distance, 1)}</td><td>${copy(r)}</td></tr>`).join("")}</tbody>`;
    for (const box of ["scroll-runs", "scroll-tables"]) find(box).tabIndex = find(box).scrollWidth > find(box).clientWidth ? 0 : -1;
  };
  const openRun = async key => {
    const found = await server.risk_run({ key });
    if (found?.run) window.dispatchEvent(new CustomEvent("gi:open", { detail: found.run }));
    else if (found?.query != null) location.search = `${found.query}${found.query ? "&" : ""}tab=lab`;
    else gi.toast(found?.error ?? words.forgotten);
  };
  root.addEventListener("click", event => {
    const button = event.target.closest("[data-key], [data-command]");
    if (!button) return;
    if (button.dataset.command) gi.copy(button.dataset.command, words.copied);
    else openRun(button.dataset.key);
  });
  const report = format => async () => {
    gi.toast(words.preparing);
    const file = await server.risk_report({ setup: { ...setup }, format });
    if (file?.data) gi.save(file.name, file.data, file.type);
    else gi.toast(file?.error ?? words.forgotten);
  };
  find("pdf").onclick = report("pdf");
  find("html").onclick = report("html");
  find("try").onclick = () => { location.search = new URLSearchParams(shownQuery()).toString(); };
  const shownQuery = () => {
    const query = { model: setup.model, image_size: setup.image_size, channels: setup.channels, batch_size: setup.batch_size, local_steps: setup.local_steps, defense: setup.defense };
    if (normalised(setup.model) && setup.batchnorm !== "eval") query.mode = "train";
    if (normalised(setup.model) && setup.batchnorm === "shared") query.knowledge = "labels+buffers";
    if (setup.secure_aggregation) query.clients = setup.participants;
    return { ...query, tab: "lab" };
  };

  /* ---- the frontier: accuracy to the right, gain over control upwards; a point opens its recorded run */
  let family = "clip + gaussian";
  const families = catalog.frontier;
  find("families").innerHTML = families.map(f => `<button type="button" class="plain" data-family="${escape(f.family)}">${escape(f.family)}</button>`).join("");
  find("families").onclick = event => {
    const button = event.target.closest("[data-family]");
    if (!button) return;
    family = button.dataset.family;
    plot();
    describe(families.find(f => f.family === family).points[0]);
  };
  const describe = p => {
    const bound = p.cap == null || p.cap >= 99.5 ? "" : `<p class="bound">${say(words.risk_cap, { cap: gi.short(p.cap) })}</p>`;
    find("point").innerHTML = `${p.src ? `<img src="${p.src}" alt="${escape(say(words.risk_strip_alt, { attack: p.attack }))}">` : ""}<div>
      <p><code class="mono">${escape(p.defense)}</code></p>
      <p>${say(words.risk_point, { accuracy: gi.number(100 * p.accuracy, 0), gain: gi.signed(p.gain, 2), low: gi.signed(p.gain_low, 2), high: gi.signed(p.gain_high, 2) })}</p>
      ${p.epsilon == null ? "" : `<p>ε ≈ ${gi.short(p.epsilon)}</p>`}${bound}
      ${p.key ? `<button type="button" class="plain" data-key="${p.key}">${words.risk_open}</button>` : ""}</div>`;
  };
  const plot = () => {
    const box = find("plot"), W = Math.max(260, box.clientWidth), H = Math.min(360, Math.max(240, W * 0.6)), left = 44, base = H - 34;
    const px = v => left + 6 + v * (W - left - 16), py = v => 12 + (base - 12) * (1 - (v + 0.05) / 1.1);
    const at = (f, p) => {
      const name = say(words.risk_point_alt, { family: f.family, defense: p.defense, accuracy: gi.number(100 * p.accuracy, 0), gain: gi.signed(p.gain, 2) });
      return `<g class="point-mark${f.family === family ? " on" : ""}${p.cap != null && p.cap < 99.5 ? " capped" : ""}" tabindex="0" role="button" aria-label="${escape(name)}" data-at="${escape(f.family)}|${f.points.indexOf(p)}" transform="translate(${px(p.accuracy)} ${py(p.gain)})">
        <circle r="12" class="touch"/><circle r="5"/><title>${escape(name)}</title></g>`;
    };
    const line = f => `<path class="${f.family === family ? "chosen" : "other"}" d="M${f.points.map(p => `${px(p.accuracy).toFixed(1)},${py(p.gain).toFixed(1)}`).join(" L")}"/>`;
    const whiskers = f => f.points.map(p => `<line class="whisker" x1="${px(p.accuracy)}" x2="${px(p.accuracy)}" y1="${py(p.gain_low)}" y2="${py(Math.min(1.05, p.gain_high))}"/>`).join("");
    const ordered = [...families.filter(f => f.family !== family), ...families.filter(f => f.family === family)];
    const chosen = ordered.at(-1);
    const caps = chosen.points.filter(p => p.cap != null && p.cap < 99.5).map(p => `<text class="cap" x="${px(p.accuracy) + 9}" y="${py(p.gain) - 8}">≤ ${gi.short(Number(p.cap.toPrecision(2)))} %</text>`).join("");
    box.innerHTML = `<svg viewBox="0 0 ${W} ${H}" height="${H}" role="group" aria-label="${escape(words.risk_frontier)}">
      ${[0, 0.25, 0.5, 0.75, 1].map(v => `<line class="grid" x1="${left}" x2="${W}" y1="${py(v)}" y2="${py(v)}"/><text x="${left - 8}" y="${py(v) + 4}" text-anchor="end">${gi.number(v, 2)}</text>`).join("")}
      ${[0.2, 0.4, 0.6, 0.8, 1].map(v => `<text x="${px(v)}" y="${base + 16}" text-anchor="middle">${gi.number(100 * v, 0)} %</text>`).join("")}
      <text class="strong" x="${left + 6}" y="${H - 2}">${words.risk_axis_x}</text><text class="strong" x="${left + 6}" y="10">${words.risk_axis_y}</text>
      ${ordered.map(line).join("")}${whiskers(chosen)}${ordered.map(f => f.points.map(p => at(f, p)).join("")).join("")}${caps}</svg>`;
    find("families").querySelectorAll("button").forEach(b => b.setAttribute("aria-pressed", b.dataset.family === family));
    const pointOf = node => { const [name, i] = node.dataset.at.split("|"); return families.find(f => f.family === name).points[i]; };
    box.querySelectorAll(".point-mark").forEach(node => {
      node.onfocus = node.onmouseenter = () => describe(pointOf(node));
      node.onclick = () => { const p = pointOf(node); if (p.key) openRun(p.key); else describe(p); };
      node.onkeydown = event => { if (["Enter", " "].includes(event.key)) { event.preventDefault(); event.stopPropagation(); node.onclick(); } };
    });
  };
  new ResizeObserver(() => { if (document.body.dataset.tab === "risk") plot(); }).observe(find("plot"));
  window.addEventListener("gi:tab", event => { if (event.detail === "risk") { plot(); draw(latest); } });
  show();
  draw(latest);
  if (families.length) describe((families.find(f => f.family === family) ?? families[0]).points[0]);
  else root.querySelector(".risk-frontier").hidden = true;
}
