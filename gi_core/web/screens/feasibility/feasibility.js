// @ts-nocheck -- to be rebuilt as modules
/* The feasibility map: cells that open recorded runs, live runs beside them, and the Lab's note on slow victims. */
import "./feasibility.css";
import { gi } from "../../lib/kit.js";
import page from "./feasibility.html";

export function mount({ element, props, trigger, watch, server }) {
  const { words, catalog } = props;
  const root = gi.mount(element, page, words);
  const find = name => root.querySelector(`[data-r="${name}"]`);
  const { say, escape } = gi;
  const regimes = catalog.regimes;
  const verdictWord = level => words["feas_level_" + level];
  const figure = (name, value) => `<div><dt>${escape(name)}</dt><dd><b>${escape(value)}</b></dd></div>`;
  const paper = p => p.ssim == null ? words["feas_paper_" + p.word] : gi.number(p.ssim, p.ssim < 0.1 ? 3 : 2);
  const places = {};
  for (const group of catalog.groups)
    for (const row of group.rows) row.cells.forEach((name, i) => { if (name) places[name] = { victim: row.victim, setting: words[`feas_${group.name}_${group.columns[i]}`] }; });

  /* ---- the tables */
  find("legend").innerHTML = [0, 1, 2].map(level => `<span><i class="key" data-level="${level}"></i>${escape(words["feas_key_" + level])}</span>`).join("");
  const cell = name => {
    if (!name) return `<td class="none"><span aria-hidden="true">·</span><span class="sr">${escape(words.feas_none)}</span></td>`;
    const r = regimes[name], ours = gi.number(r.ssim.mean, 2);
    const spoken = say(words.feas_cell, { victim: places[name].victim, setting: places[name].setting, ours, verdict: verdictWord(r.level), paper: paper(r.paper) });
    return `<td><button type="button" data-regime="${name}" data-level="${r.level}" aria-label="${escape(spoken)}" title="${escape(verdictWord(r.level))}"><b>${ours}</b><span>${escape(say(words.feas_theirs_short, { paper: paper(r.paper) }))}</span></button></td>`;
  };
  find("tables").innerHTML = catalog.groups.map(group => `<div class="feas-scroll"><table><caption>${escape(words["feas_" + group.name])}</caption>
    <thead><tr><th scope="col">${escape(words.victim)}</th>${group.columns.map(c => `<th scope="col">${escape(words[`feas_${group.name}_${c}`])}</th>`).join("")}</tr></thead>
    <tbody>${group.rows.map(row => `<tr><th scope="row">${escape(row.victim)}</th>${row.cells.map(cell).join("")}</tr>`).join("")}</tbody></table></div>`).join("");

  /* ---- the recorded run of the chosen cell */
  let chosen = null, shown = null, sheet = null, asked = 0;
  const draw = () => {
    if (!sheet) return;
    const moments = sheet.rows - 1, at = Number(find("scrub").value), way = shown.way;
    const row = moments > 1 ? 1 + Math.min(at, moments - 1) : 1;
    for (const [name, place] of [["truth", 0], ["rebuilt", row]]) paintRow(find(name), place);
    const moment = moments > 1 ? way[at] : way.at(-1);
    find("moment").textContent = moment ? say(words.feas_at, { iteration: gi.whole(moment[0]), ssim: gi.number(moment[2], 2), loss: gi.short(moment[1]) }) : "";
    plot();
  };
  const paintRow = (canvas, row) => {
    const { side, batch, image } = sheet;
    canvas.width = side * batch;
    canvas.height = side;
    canvas.getContext("2d").drawImage(image, 0, row * side, side * batch, side, 0, 0, side * batch, side);
  };
  /* SSIM along the way, which the attacker does not see */
  const plot = () => {
    const way = shown?.way ?? [], box = find("plot");
    if (way.length < 2) { box.innerHTML = ""; return; }
    const W = Math.max(240, box.clientWidth), H = 84, left = 34, base = H - 20, last = way.at(-1)[0] || 1;
    const top = Math.max(0.2, ...way.map(m => m[2])) * 1.1;
    const x = i => left + (W - left - 8) * Math.sqrt(i / last), y = v => base - (base - 8) * Math.max(0, v) / top;
    const moment = way[Number(find("scrub").value)] ?? way.at(-1);
    box.innerHTML = `<svg viewBox="0 0 ${W} ${H}" height="${H}" role="img" aria-label="${escape(words.feas_plot)}">
      ${[0, top / 1.1].map(v => `<line class="grid" x1="${left}" x2="${W}" y1="${y(v)}" y2="${y(v)}"/><text x="${left - 6}" y="${y(v) + 4}" text-anchor="end">${gi.number(v, 1)}</text>`).join("")}
      <text x="${W - 8}" y="${H - 4}" text-anchor="end">${escape(say(words.feas_iterations, { n: gi.whole(last) }))}</text><text x="${left}" y="${H - 4}">SSIM</text>
      <path class="line" d="M${way.map(m => `${x(m[0]).toFixed(1)},${y(m[2]).toFixed(1)}`).join(" L")}"/><circle class="at" r="4" cx="${x(moment[0])}" cy="${y(moment[2])}"/></svg>`;
  };
  const showRun = async index => {
    const regime = regimes[chosen], mine = ++asked;
    shown = regime.runs[index];
    sheet = null;
    const found = await server.feasibility_run({ regime: chosen, update: shown.update, seed: shown.seed });
    if (mine !== asked) return;
    find("kept").textContent = found.error ?? "";
    const pictured = !found.error;
    root.querySelectorAll(".feas-run > .feas-pictures").forEach(box => { box.hidden = !pictured; });
    sheet = pictured ? { ...found, image: await gi.image(found.src) } : null;
    if (mine !== asked) return;
    const moments = pictured ? sheet.rows - 1 : 1, filmed = moments > 1 && moments === shown.way.length;
    find("scrub").hidden = !filmed;
    find("scrub").max = Math.max(0, shown.way.length - 1);
    find("scrub").value = shown.way.length - 1;
    fillRange();
    const names = shown.pictures.map(n => words["sample_" + n] ?? n).join(", ");
    find("truth").setAttribute("aria-label", say(words.feas_truth_alt, { names }));
    find("rebuilt").setAttribute("aria-label", say(words.feas_rebuilt_alt, { ssim: gi.number(shown.ssim, 2) }));
    find("word").textContent = verdictWord(shown.level);
    find("figures").innerHTML = figure("SSIM", gi.number(shown.ssim, 3)) + figure(words.feas_others, gi.number(shown.ssim_others, 3)) + figure("PSNR", `${gi.number(shown.psnr)} dB`)
      + figure(words.feas_budget, say(words.feas_spent, { n: gi.whole(shown.iterations), time: gi.duration(shown.cpu_seconds, words) })) + figure(words.feas_picture_seed, say(words.feas_picture_of, { names, n: shown.seed }))
      + (regime.runs.length > 1 ? figure(say(words.feas_over, { n: regime.runs.length }), say(words.feas_mean, { mean: gi.number(regime.ssim.mean, 2), low: gi.number(regime.ssim.low, 2), high: gi.number(regime.ssim.high, 2) })) : "");
    if (sheet) draw(); else plot();
  };
  const fillRange = () => { const box = find("scrub"); box.style.setProperty("--at", `${100 * box.value / Math.max(1, box.max)}%`); };
  const assumptions = r => [
    words["feas_mode_" + r.mode], ...r.knowledge.split("+").map(fact => words["feas_knows_" + fact]).filter(Boolean),
    say(r.batch_size > 1 ? words.feas_batch : words.feas_single, { n: r.batch_size, side: r.image_size }), words.feas_fresh, words.feas_alone,
  ];
  const open = (name, focus = true) => {
    if (!regimes[name]) return;
    if (running) halt();
    chosen = name;
    armed = null;
    const r = regimes[name];
    root.querySelectorAll("[data-regime]").forEach(b => b.setAttribute("aria-pressed", b.dataset.regime === name));
    find("title").textContent = `${places[name].victim}, ${places[name].setting}`;
    find("assumed").innerHTML = assumptions(r).map(t => `<li>${escape(t)}</li>`).join("") + `<li><code class="mono">${escape(r.attack)}</code></li>`;
    find("theirs").textContent = `${r.theirs[0].toUpperCase()}${r.theirs.slice(1)}.`;
    find("choice").hidden = r.runs.length < 2;
    find("which").replaceChildren(...r.runs.map((run, i) => new Option(say(words.feas_option, { names: run.pictures.map(n => words["sample_" + n] ?? n).join(", "), seed: run.seed, ssim: gi.number(run.ssim, 2) }), i)));
    find("cost").textContent = r.runs[0].cut ? say(words.feas_cut, { n: gi.whole(r.runs[0].iterations), total: gi.whole(r.runs[0].cut), steps: gi.whole(r.planned) })
      : say(words.feas_cost, { time: gi.duration(2 * r.runs[0].cpu_seconds, words) });
    find("message").textContent = "";
    find("live").hidden = true;
    label();
    showRun(0);
    if (focus && matchMedia("(max-width: 1100px)").matches) { find("title").focus({ preventScroll: true }); find("panel").scrollIntoView(); }
  };
  find("tables").onclick = event => { const button = event.target.closest("[data-regime]"); if (button) open(button.dataset.regime); };
  find("scrub").oninput = () => { fillRange(); draw(); };
  find("which").onchange = event => showRun(Number(event.target.value));
  find("command").onclick = () => gi.copy(shown.command, words.copied);
  find("lab").onclick = () => { const query = regimes[chosen].query; location.search = `${query}${query ? "&" : ""}tab=lab`; };

  /* ---- a live run, within what this deployment allows */
  let running = null, armed = null, live = null;
  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, "0")).join("");
  const MINUTE = 60;
  const label = () => {
    find("go-text").textContent = armed ? say(words.feas_anyway, { time: gi.duration(armed, words) }) : words.run_live;
    find("go").disabled = running != null || !server.feasibility_fit;
    find("halt").hidden = running == null;
  };
  const tell = (text, refused = false) => { find("message").textContent = text; find("message").classList.toggle("refused", refused); };
  find("go").onclick = async () => {
    const name = chosen;
    if (!armed) {
      tell(words.feas_measuring);
      find("go").disabled = true;
      const fit = await server.feasibility_fit({ regime: name });
      if (name !== chosen) return;
      label();
      if (fit.refused) return tell(`${fit.refused} ${words.feas_instead}`, true);
      if (fit.seconds > fit.limit) return tell(`${say(words.feas_too_long, { time: gi.duration(fit.seconds, words), limit: gi.duration(fit.limit, words) })} ${words.feas_instead}`, true);
      if (fit.seconds > MINUTE) {
        armed = fit.seconds;
        label();
        return tell(say(words.feas_long, { time: gi.duration(fit.seconds, words) }));
      }
    }
    armed = null;
    running = newId();
    live = null;
    find("live").hidden = false;
    find("live-picture").removeAttribute("src");
    find("live-control").hidden = find("stage").hidden = true;
    find("live-figures").innerHTML = "";
    find("bar").value = 0;
    tell(words.state_starting);
    label();
    find("halt").focus();
    trigger("run", { id: running, regime: name });
  };
  const halt = () => { server.stop_run({ id: running }); running = null; label(); };
  find("halt").onclick = () => { halt(); tell(words.state_stopped); find("go").focus(); };
  const receive = message => {
    const run = message?.run;
    if (!run || running == null) return;
    if (run.state === "queued") return tell(say(words.before_you, { n: run.place, time: gi.duration(run.wait, words) }));
    if (run.state === "failed") { running = null; label(); return tell(`${run.message} ${words.feas_instead}`, true); }
    live = run;
    const last = run.frames?.at(-1), over = ["done", "stopped", "recorded"].includes(run.state);
    if (last?.src) find("live-picture").src = last.src;
    find("live-picture").alt = say(words.feas_live_alt, { n: gi.whole(last?.iteration ?? 0) });
    find("bar").value = run.state === "judging" ? run.judging : over ? 1 : (last?.iteration ?? 0) / run.total;
    const ssim = run.history?.ssim?.at(-1);
    find("live-figures").innerHTML = figure(words.feas_iteration, `${gi.whole(last?.iteration ?? 0)} / ${gi.whole(run.total)}`) + figure("SSIM", gi.number(run.scores?.ssim ?? ssim, 3)) + figure("PSNR", `${gi.number(last?.psnr)} dB`)
      + (run.verdict ? figure(words.feas_verdict, run.verdict.word && words["level_" + run.verdict.level]) + figure(words.feas_gain, `${gi.signed(run.verdict.gain)} dB`) : "");
    if (run.verdict?.control?.src) {
      find("live-control").hidden = false;
      find("live-noise").src = run.verdict.control.src;
      find("live-noise").alt = words.feas_control;
    }
    tell(words["state_" + run.state] ?? "");
    if (over) {
      running = null;
      find("stage").hidden = run.state === "stopped" && !run.verdict;
      label();
    }
  };
  find("stage").onclick = () => window.dispatchEvent(new CustomEvent("gi:open", { detail: live }));
  watch("value", () => receive(props.value));

  /* ---- the Lab's victim control: a note before a run of minutes, and the nearest recorded one */
  const nearest = s => {
    const same = Object.entries(regimes).filter(([, r]) => r.model.split(":")[0] === String(s.model).split(":")[0]);
    const far = ([, r]) => 4 * (r.model !== s.model) + 2 * (r.mode !== s.mode) + 2 * (r.image_size !== Number(s.image_size)) + (r.batch_size !== Number(s.batch_size));
    return same.sort((a, b) => far(a) - far(b))[0]?.[0];
  };
  const warn = told => {
    const card = document.querySelector('#tab-lab [data-card="victim"]');
    if (!card) return;
    let note = card.querySelector(".slow-note");
    if (!(told?.seconds > MINUTE)) return note?.remove();
    if (!note) {
      note = document.createElement("div");
      note.className = "slow-note small";
      note.setAttribute("role", "status");
      card.append(note);
    }
    const name = nearest(told.settings);
    note.innerHTML = `<span>${escape(say(words.feas_slow, { time: gi.duration(told.seconds, words) }))}</span>`
      + (name ? `<button type="button" class="plain" data-recorded="${name}">${escape(say(words.feas_slow_open, { victim: places[name].victim, setting: places[name].setting }))}</button>` : "");
    const button = note.querySelector("button");
    if (button) button.onclick = () => { window.dispatchEvent(new CustomEvent("gi:show", { detail: "feasibility" })); open(name); };
  };
  window.addEventListener("gi:estimate", event => warn(event.detail));
  warn(gi.estimated);

  new ResizeObserver(() => { if (document.body.dataset.tab === "feasibility") plot(); }).observe(find("plot"));
  open(new URLSearchParams(location.search).get("regime") in regimes ? new URLSearchParams(location.search).get("regime") : catalog.first, false);
}
