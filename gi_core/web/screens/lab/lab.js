// @ts-nocheck -- to be rebuilt as modules
/* The Lab: settings on the left, one run on the stage. Scrubbing and playing never leave the browser.
   props.value is the last message from the server: {run: {...}} as gi_core/web/payload.py writes it. */
import "./lab.css";
import { gi } from "../../lib/kit.js";
import page from "./lab.html";

export function mount({ element, props, trigger, watch, server }) {
  const { words, catalog } = props;
  const root = gi.mount(element, page, words);
  const find = name => root.querySelector(`[data-r="${name}"]`);
  const field = name => root.querySelector(`[data-f="${name}"]`);
  const { say, escape } = gi;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

  /* ---------------------------------------------------------------- the stage */
  let run = null, at = 0, following = true, playing = false, showDifference = false, drawnId = null, slots = [];
  const pictures = new Map();
  const picture = async src => {
    if (!pictures.has(src)) pictures.set(src, gi.image(src));
    return pictures.get(src);
  };
  const busy = () => run && ["running", "queued", "judging"].includes(run.state);
  const frame = () => run.frames[Math.min(at, run.frames.length - 1)];
  const axis = () => gi.scale(run.total);

  const drawStrips = () => {
    const layer = (l, cells, name, more) => `<div class="strip"><div><div class="name"><span title="${escape(l.name)}">${escape(l.short)}</span>${name}</div>
      <canvas data-cells="${cells}" role="img" aria-label="${escape(say(words.strip_alt, { name: l.short }))}"></canvas></div>${more}</div>`;
    find("before").innerHTML = run.layers.map((l, i) => layer(l, i, "", "")).join("");
    find("after").innerHTML = run.layers.map((l, i) => {
      const share = Math.round(100 * l.noise), noise = l.noise > 0 ? (share < 1 ? "< 1" : share) : "0";
      return layer(l, i, `<span>${gi.whole(l.numel)}</span>`,
        `<div><div class="length" title="${escape(words.norm_note)}">${gi.short(l.before)} → ${gi.short(l.after)}</div>
         <div class="share" aria-hidden="true"><i></i><u style="width:${100 * l.noise}%"></u></div>
         <div>${say(run.noisy === false ? words.changed_share : words.noise_share, { share: noise })}</div></div>`);
    }).join("");
    paint();
  };
  const paint = () => {
    if (!run) return;
    find("before").querySelectorAll("canvas").forEach(c => gi.strip(c, run.layers[c.dataset.cells].before_cells, "private", "private-tint"));
    find("after").querySelectorAll("canvas").forEach(c => gi.strip(c, run.layers[c.dataset.cells].after_cells, "leaving", "leaving-tint"));
  };

  const drawStill = () => {
    const { batch, width, height } = run.size, mine = run.id;
    picture(run.truth).then(sprite => { if (run.id === mine) gi.tiles(find("truth"), sprite, 0, batch, width, height); });
    const names = run.labels.map(n => say(words.class_of, { n })).join(", "), { side } = run.size;
    find("truth").setAttribute("aria-label", say(words.truth_alt, { names }));
    find("truth-note").textContent = say(batch > 1 ? words.size_batch : words.size_one, { n: batch, w: side, h: side, names });
    find("defense-words").textContent = find("defense-words-narrow").textContent = gi.defense(run.defense, words);
    find("numbers").textContent = say(words.numbers, { n: gi.whole(run.numel) });
    find("text").textContent = find("text").title = run.text;
    find("difference").textContent = say(words.difference, { factor: 4 });
    find("guess-note").textContent = words.rebuilt;
    drawStrips();
  };

  const drawThumbs = () => {
    const row = find("thumbs"), scale = axis(), { width, height } = run.size;
    if (row.childElementCount !== 16) {
      row.replaceChildren(...Array.from({ length: 16 }, (_, i) => {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 1;
        canvas.onclick = () => { if (slots[i] != null) { hold(); seek(slots[i]); } };
        return canvas;
      }));
    }
    const last = run.frames.at(-1)?.iteration ?? -1;
    slots = Array.from({ length: 16 }, (_, i) => {
      const wanted = scale.step(i / 15);
      if (!run.frames.length || wanted > last + 0.5 && !(i === 15 && !busy())) return null;
      let best = 0;
      run.frames.forEach((f, j) => { if (Math.abs(f.iteration - wanted) < Math.abs(run.frames[best].iteration - wanted)) best = j; });
      return best;
    });
    slots.forEach(async (slot, i) => {
      const canvas = row.children[i], key = slot == null ? "" : run.id + run.frames[slot].iteration;
      if (canvas.dataset.key === key) return;
      canvas.dataset.key = key;
      canvas.width = width;
      canvas.height = height;
      if (slot == null) return canvas.getContext("2d").clearRect(0, 0, width, height);
      const shown = run.frames[slot], source = await picture(shown.src ?? run.sprite);
      canvas.getContext("2d").drawImage(source, 0, (shown.row ?? 0) * height, width, height, 0, 0, width, height);
    });
  };

  const drawTicks = now => {
    const scale = axis(), x = scale.at(now);
    const marks = [0, ...[0.2, 0.4, 0.6, 0.8].map(p => { const s = scale.step(p); return s < 20 ? Math.round(s) : Number(s.toPrecision(2)); }), run.total];
    const clear = [...new Set(marks)].filter(s => s === now || Math.abs(scale.at(s) - x) > 0.07);
    const spot = p => `left:calc(10px + (100% - 20px) * ${p})`;
    find("ticks").innerHTML = `<span class="name">${words.step}</span>` + clear.filter(s => s !== now).map(s => `<span style="${spot(scale.at(s))}">${gi.whole(s)}</span>`).join("")
      + `<span class="now" style="${spot(x)}">${gi.whole(now)}</span>`;
  };

  /* Two stacked panels that share the scrubber's time scale: loss (log), PSNR. */
  const drawPlots = () => {
    const box = find("plots"), W = Math.max(240, box.clientWidth), left = 46, inset = 10, gap = 22, h = run.history;
    if (!box.clientWidth) return;
    /* the height that the verdict's place leaves, which does not change during a run */
    const room = parseFloat(getComputedStyle(find("under")).minHeight) - box.offsetTop - 16;
    const H = Math.min(150, Math.max(84, Math.floor((room - gap - 4) / 2) || 0)), total = 2 * H + gap + 4;
    const scale = axis(), px = step => left + inset + scale.at(step) * (W - left - 2 * inset);
    const losses = h.loss.filter(v => v > 0 && isFinite(v));
    let low = Math.min(...losses), high = Math.max(...losses);
    if (!losses.length) [low, high] = [0.1, 1];
    if (high / low < 2) { low /= 1.5; high *= 1.5; }
    const py = v => 10 + (H - 10) * (1 - (Math.log(Math.max(v, low)) - Math.log(low)) / (Math.log(high) - Math.log(low)));
    const control = run.verdict?.control?.curve;
    const ratios = [...h.psnr, ...(control?.psnr ?? []), run.verdict?.control?.psnr].filter(v => v != null && isFinite(v));
    const bottom = Math.floor(Math.min(5, ...ratios) / 5) * 5, top = Math.max(15, Math.ceil((Math.max(0, ...ratios) + 1) / 5) * 5);
    const base = H + gap, qy = v => base + 10 + (H - 10) * (1 - (v - bottom) / (top - bottom));
    const path = (xs, ys, y) => xs.map((x, i) => ys[i] == null || !isFinite(ys[i]) ? "" : `${px(x).toFixed(1)},${y(ys[i]).toFixed(1)}`).filter(Boolean).join(" L");
    const now = frame()?.iteration ?? 0, cut = h.iteration.filter(i => i <= now).length;
    const two = (ys, y) => {
      const done = path(h.iteration.slice(0, cut), ys, y), later = path(h.iteration.slice(Math.max(0, cut - 1)), ys.slice(Math.max(0, cut - 1)), y);
      return (later ? `<path class="line later" d="M${later}"/>` : "") + (done ? `<path class="line" d="M${done}"/>` : "");
    };
    const lossTicks = [];
    for (let e = Math.ceil(Math.log10(low)); e <= Math.floor(Math.log10(high)); e++) lossTicks.push(10 ** e);
    while (lossTicks.length > 3) lossTicks.splice(1, 1);
    if (lossTicks.length < 2) lossTicks.splice(0, 9, Number(low.toPrecision(2)), Number(high.toPrecision(2)));
    const ratioTicks = [bottom, Math.round((bottom + top) / 2), top];
    const line = (y, label) => `<line class="grid" x1="${left}" x2="${W}" y1="${y}" y2="${y}"/><text x="${left - 8}" y="${y + 4}" text-anchor="end">${label}</text>`;
    const dot = (ys, y) => cut && ys[cut - 1] != null ? `<circle class="dot" cx="${px(h.iteration[cut - 1])}" cy="${y(ys[cut - 1])}" r="4.5"/>` : "";
    const caption = (y, name, rest) => `<text x="${left + 8}" y="${y}"><tspan class="strong">${name}</tspan> ${rest}</text>`;
    const controlEnd = run.verdict?.control?.psnr;
    const controlLine = control ? `<path class="ctl" d="M${path(control.iteration, control.psnr, qy)}"/>`
      : controlEnd != null ? `<path class="ctl" d="M${px(0)},${qy(controlEnd)} L${px(run.total)},${qy(controlEnd)}"/>` : "";
    box.innerHTML = `<svg viewBox="0 0 ${W} ${total}" height="${total}" role="img" aria-label="${escape(say(words.curves_alt, { loss: gi.short(h.loss[cut - 1]), psnr: gi.number(h.psnr[cut - 1]) }))}">
      ${lossTicks.map(v => line(py(v), gi.short(v))).join("")}
      ${ratioTicks.map(v => line(qy(v), v)).join("")}
      ${controlLine}${controlEnd != null ? `<text x="${px(run.total) - 12}" y="${qy(controlEnd) - 6}" text-anchor="end">${words.control_word} ${gi.number(controlEnd)}</text>` : ""}
      ${two(h.loss, py)}${two(h.psnr, qy)}
      <line class="now" x1="${px(now)}" x2="${px(now)}" y1="-6" y2="${base + H}"/>
      <text x="${W - inset}" y="24" text-anchor="end"><tspan class="strong">${words.loss}</tspan> ${words.loss_note}</text>${caption(base + 24, words.psnr, words.psnr_note)}${dot(h.loss, py)}${dot(h.psnr, qy)}
    </svg>`;
  };

  /* Further controls of this run, one more attack each, on request. */
  const moreControls = async () => {
    const mine = run.id;
    find("more-controls").disabled = true;
    find("controls").textContent = words.preparing;
    const found = await server.more_controls({ id: mine });
    if (run.id !== mine || !find("controls")) return;
    if (!found?.controls) { find("controls").textContent = found?.error ?? words.forgotten; return; }
    const { batch, width, height } = run.size;
    find("controls").innerHTML = found.controls.map((c, i) => `<figure class="further">${c.src ? `<div class="ctl-frame"><canvas data-i="${i}" role="img" aria-label="${escape(c.says)}"></canvas></div>` : ""}
      <figcaption lang="en"><b>${escape(c.name)}</b>${escape(c.says)}${c.src ? `<br>${gi.number(c.psnr)} dB, ${words.gain.toLowerCase()} ${gi.signed(c.gain)} dB, ${words.rank.toLowerCase()}: ${gi.ordinal(c.rank, words)}` : ""}</figcaption></figure>`).join("")
      + found.checks.map(text => `<p lang="en">${escape(text)}</p>`).join("");
    for (const canvas of find("controls").querySelectorAll("canvas")) gi.tiles(canvas, await picture(found.controls[canvas.dataset.i].src), 0, batch, width, height);
  };

  const drawVerdict = async () => {
    const box = find("verdict"), v = run.verdict, end = run.scores;
    const head = (kicker, word, squares, sentence, failed) => `<p class="small">${escape(kicker)}</p>
      <p class="word${failed ? " failed" : ""}"><span>${escape(word)}</span>${squares == null ? "" : `<span class="squares" role="img" aria-label="${say(words.level_alt, { level: squares })}">${[1, 2, 3].map(i => `<i class="${i <= squares ? "on" : ""}"></i>`).join("")}</span>`}</p>
      <p>${escape(sentence)}</p>`;
    const row = (name, value, note, kind = "") => `<div><dt class="${kind}">${kind === "bound" ? gi.icon("hatch") : ""}${escape(name)}</dt><dd><b>${escape(value)}</b></dd>${note ? `<dd class="note">${escape(note)}</dd>` : ""}</div>`;
    const scores = end ? row(words.likeness, `${gi.number(end.psnr)} dB`, say(words.likeness_note, { ssim: gi.number(end.ssim, 2), lpips: end.lpips == null ? words.not_available : gi.number(end.lpips, 2) })) : "";
    if (run.state === "failed") {
      box.innerHTML = head(words.refused, run.message, null, words.refused_note, true);
    } else if (run.state === "queued") {
      box.innerHTML = head(words.waiting, say(words.place, { place: run.place }), null, say(words.wait_note, { seconds: gi.number(run.wait, 0) }));
    } else if (!v) {
      const f = run.frames.at(-1);
      box.innerHTML = head(words.verdict_kicker, busy() ? (run.state === "judging" ? words.judging : words.working) : words.not_judged, null,
        run.state === "judging" ? say(words.judging_note, { share: Math.round(100 * run.judging) }) : busy() ? words.working_note : words.not_judged_note)
        + `<dl>${end ? scores : row(words.likeness, `${gi.number(f?.psnr)} dB`, words.likeness_live)}${row(words.loss, gi.short(run.history.loss.at(-1)), words.loss_row)}</dl>`;
    } else {
      const sure = v.gain_low == null ? words.gain_one : say(words.gain_range, { low: gi.signed(v.gain_low), high: gi.signed(v.gain_high) });
      const rows = [row(words.gain, `${gi.signed(v.gain)} dB`, sure)];
      if (v.rank != null) rows.push(row(words.rank, gi.ordinal(v.rank, words), say(words.rank_note, { n: gi.ordinal(v.control_rank, words) })));
      if (v.bits != null) rows.push(row(words.bits, say(words.at_most, { n: gi.whole(v.bits) }), words.bits_note, "bound"));
      else if (v.equations != null) rows.push(row(words.equations, say(words.at_most, { n: gi.number(v.equations, 1) }), words.equations_note, "bound"));
      rows.push(scores);
      box.innerHTML = head(words.verdict_kicker, words["level_" + v.level], v.level, words["verdict_" + v.level])
        + `<div class="cols${v.control?.src ? "" : " one"}"><dl>${rows.join("")}</dl>${v.control?.src ? `<figure><div class="ctl-frame"><canvas role="img" aria-label="${escape(words.control_alt)}"></canvas></div><figcaption><b>${words.control}</b>${words.control_note}</figcaption></figure>` : ""}</div>`
        + `<details><summary>${words.how}</summary>${(v.how ?? []).map(p => `<p lang="en">${escape(p)}</p>`).join("")}${server.more_controls && run.state !== "recorded" ? `<button type="button" class="boxed" data-r="more-controls">${words.more_controls}</button><div data-r="controls" aria-live="polite"></div>` : ""}</details>`;
      if (find("more-controls")) find("more-controls").onclick = moreControls;
      const canvas = box.querySelector("canvas");
      if (canvas) gi.tiles(canvas, await picture(v.control.src), 0, run.size.batch, run.size.width, run.size.height);
    }
  };

  const drawBar = () => {
    const state = run.state === "recorded" ? (playing ? "recorded_playing" : "recorded") : run.state;
    find("state-icon").innerHTML = gi.icon(busy() ? "arrow" : playing ? "play" : run.state === "stopped" ? "stop" : "pause");
    find("state").textContent = words["state_" + state];
    find("play").innerHTML = gi.icon(playing ? "pause" : "play");
    find("play").setAttribute("aria-label", playing ? words.pause : words.play);
    find("run").disabled = busy();
    find("stop").disabled = !busy();
    find("replays").value = run.name ?? "";
    find("download").hidden = !["done", "stopped", "recorded", "compared"].includes(run.state);
  };

  /* What the attack's denoiser would rather see, the latest of its views at this step. */
  const drawOpinion = async iteration => {
    const rows = run.opinions ?? [], view = rows.findLast(o => o.iteration <= iteration) ?? rows[0], mine = run.id;
    find("opinion-box").hidden = !view;
    root.querySelector(".lanes").classList.toggle("opinion", Boolean(view));
    if (!view) return;
    const { batch, width, height } = run.size, source = await picture(view.src);
    if (run.id !== mine) return;
    gi.tiles(find("opinion"), source, 0, batch, width, height);
    find("opinion").setAttribute("aria-label", words.opinion);
    find("opinion-note").textContent = say(words.opinion_at, { n: gi.whole(view.iteration) });
  };

  /* Show frame i: picture, numbers, scrubber, curves. */
  let ticket = 0;
  const seek = async index => {
    if (!run.frames.length) return;
    at = Math.max(0, Math.min(index, run.frames.length - 1));
    const mine = ++ticket, f = frame(), { batch, width, height } = run.size;
    const source = await picture(f.src ?? run.sprite);
    if (mine !== ticket) return;
    gi.tiles(find("guess"), source, f.row ?? 0, batch, width, height);
    if (showDifference) gi.difference(find("guess"), find("truth"), find("guess"), 4);
    drawOpinion(f.iteration);
    const likeness = f.psnr == null ? "" : `${gi.number(f.psnr)} dB`;
    find("guess").setAttribute("aria-label", say(words.guess_alt, { step: f.iteration, psnr: gi.number(f.psnr) }));
    find("guess-psnr").textContent = find("narrow-psnr").textContent = likeness;
    find("step").textContent = run.single ? words.one_pass : say(words.step_n, { n: gi.whole(f.iteration) });
    find("of").textContent = (run.single ? "" : say(words.of_total, { total: gi.whole(run.total) })) + (f.seconds == null ? "" : ` · ${gi.number(f.seconds)} s` + (run.seconds == null ? "" : say(words.of_seconds, { s: gi.number(run.seconds) })));
    const x = axis().at(f.iteration), slider = find("scrub");
    slider.value = 1000 * x;
    slider.style.setProperty("--at", `calc(10px + (100% - 20px) * ${x})`);
    slider.setAttribute("aria-valuetext", `${find("step").textContent} ${find("of").textContent}, ${likeness}`);
    const here = slots.reduce((best, s, i) => s != null && (best < 0 || Math.abs(run.frames[s].iteration - f.iteration) < Math.abs(run.frames[slots[best]].iteration - f.iteration)) ? i : best, -1);
    [...find("thumbs").children].forEach((c, i) => c.classList.toggle("at", i === here));
    drawTicks(f.iteration);
    drawPlots();
  };

  /* Playing: constant speed along the scrubber, 6 s end to end at 1x. */
  let clock = 0, started = 0, origin = 0;
  const hold = () => { playing = false; following = false; cancelAnimationFrame(clock); if (run) drawBar(); };
  const nearest = x => {
    const scale = axis();
    let best = 0;
    run.frames.forEach((f, i) => { if (Math.abs(scale.at(f.iteration) - x) < Math.abs(scale.at(run.frames[best].iteration) - x)) best = i; });
    return best;
  };
  const tick = time => {
    if (!playing) return;
    const x = origin + (time - started) / 6000 * Number(find("speed").value), end = axis().at(run.frames.at(-1).iteration);
    const index = nearest(Math.min(x, end));
    if (index !== at) seek(index);
    if (x >= end) { playing = false; following = true; return drawBar(); }
    clock = requestAnimationFrame(tick);
  };
  const play = () => {
    if (!run?.frames.length) return;
    if (at >= run.frames.length - 1) seek(0);
    playing = true;
    started = performance.now();
    origin = at >= run.frames.length - 1 ? 0 : axis().at(frame().iteration);
    drawBar();
    clock = requestAnimationFrame(tick);
  };
  const toggle = () => playing ? hold() : play();

  const receive = async message => {
    if (message?.room) followed(message.room);
    if (!message?.run) return;
    const next = message.run;
    if (next.state === "failed" || next.state === "queued") {
      /* nothing already computed is lost: the stage keeps its run, only the verdict speaks */
      const kept = run;
      run = { ...(kept ?? next), state: next.state, message: next.message, place: next.place, wait: next.wait };
      drawBar();
      await drawVerdict();
      if (next.state === "failed") find("verdict").scrollIntoView({ block: "nearest" });
      return;
    }
    const fresh = drawnId !== next.id;
    run = next;
    if (fresh) {
      drawnId = run.id;
      pictures.clear();
      slots = [];
      ticket++;
      playing = false;
      following = true;
      at = 0;
    }
    /* the attacker's picture first: what moves is what is looked at */
    const opens = run.state === "recorded" && fresh && !calm;
    if (following && !playing) await seek(opens ? 0 : run.frames.length - 1);
    else drawPlots();
    document.getElementById("gi-first")?.remove();
    if (opens) play();
    if (fresh) drawStill();
    drawThumbs();
    drawBar();
    drawVerdict();
    if (["done", "stopped"].includes(run.state)) changed();
  };

  find("play").onclick = toggle;
  find("first").onclick = () => { hold(); seek(0); };
  find("last").onclick = () => { hold(); following = true; seek(run.frames.length - 1); };
  find("scrub").oninput = event => { hold(); seek(nearest(event.target.value / 1000)); };
  find("difference").onclick = () => { showDifference = !showDifference; find("difference").setAttribute("aria-pressed", showDifference); seek(at); };
  find("speed").onchange = () => { if (playing) { started = performance.now(); origin = axis().at(frame().iteration); } };
  const keys = event => {
    if (document.body.dataset.tab !== "lab" || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target, tag = target.tagName, slider = target === find("scrub");
    if (!slider && (tag === "INPUT" || tag === "SELECT" || tag === "TEXTAREA" || target.isContentEditable)) return;
    if (event.key === " " && (tag === "BUTTON" || tag === "SUMMARY" || tag === "A")) return;
    if (event.key.toLowerCase() === "r" && !busy()) { event.preventDefault(); return start(); }
    if (!run) return;
    const act = {
      " ": toggle, ArrowRight: () => { hold(); seek(at + 1); }, ArrowLeft: () => { hold(); seek(at - 1); },
      ArrowUp: slider && (() => { hold(); seek(at + 1); }), ArrowDown: slider && (() => { hold(); seek(at - 1); }),
      Home: () => { hold(); seek(0); }, End: () => { hold(); following = true; seek(run.frames.length - 1); },
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  };
  window.addEventListener("keydown", keys);
  window.addEventListener("gi:theme", () => { paint(); if (run) drawPlots(); });
  window.addEventListener("gi:tab", () => run && seek(at));
  new ResizeObserver(() => run && drawPlots()).observe(find("plots"));

  /* ------------------------------------------------------------- the settings */
  const settings = { ...catalog.defaults };
  let chosen = 0, own = [], unfolded = false, defensePreset = catalog.defenses[0];
  const option = (value, text) => new Option(text ?? value, value);
  for (const name of ["model", "weights", "mode"]) field(name).append(...catalog[name].map(o => option(o.value, o.text)));
  field("local_order").append(...catalog.local_order.map(o => option(o.value, words["order_" + o.value])));
  field("update").append(...catalog.update.map(o => option(o.value, words["sends_" + o.value])));
  find("defense").append(...catalog.defenses.map((d, i) => option(i, words[d.label])), option("text", words.own_text));
  find("attack").append(...catalog.attacks.map(a => option(a.text, words["attack_" + a.name] ?? a.name)), option("text", words.own_text));
  find("knows").innerHTML = catalog.knowledge.map(k => `<label title="${escape(words[`knows_${k.name}_note`])}"><input type="checkbox" value="${k.name}" ${k.fixed ? "checked disabled" : ""}><span>${escape(words["knows_" + k.name])}</span></label>`).join("");
  find("replays").append(option("", words.recorded_runs), ...catalog.replays.map(name => option(name, words["replay_" + name] ?? name)));
  find("replays").hidden = !catalog.replays.length;
  if (innerWidth < 768) find("curves-box").open = false;

  const drawSamples = () => {
    const all = [...own.map((src, i) => ({ src, name: say(words.own_picture, { n: i + 1 }) })), ...catalog.samples];
    const count = Math.max(1, Math.min(Number(settings.batch_size) || 1, all.length));
    find("samples").replaceChildren(...all.map((s, i) => {
      const button = document.createElement("button"), on = (i - chosen + all.length) % all.length < count;
      button.type = "button";
      button.title = s.title ?? s.name;
      button.setAttribute("aria-label", s.title ?? s.name);
      button.setAttribute("aria-pressed", on);
      button.hidden = !unfolded && !on && i >= Math.max(4, own.length);
      button.innerHTML = `<img alt="" src="${s.src}">`;
      button.onclick = () => { chosen = i; drawSamples(); find("samples").children[i].focus(); changed(); };
      return button;
    }));
    const add = document.createElement("button");
    add.type = "button";
    add.className = "add";
    add.setAttribute("aria-label", words.add_picture);
    add.title = words.add_picture;
    add.innerHTML = gi.icon("plus");
    add.onclick = () => find("file").click();
    const fold = add.cloneNode();
    fold.setAttribute("aria-label", unfolded ? words.fewer_pictures : words.more_pictures);
    fold.setAttribute("aria-expanded", unfolded);
    fold.title = fold.getAttribute("aria-label");
    fold.textContent = unfolded ? "−" : "…";
    fold.onclick = () => { unfolded = !unfolded; drawSamples(); };
    find("samples").append(fold, add);
  };
  /* The client's training: passes over its pictures are steps by another count. */
  const stepsPerPass = () => { const count = Number(settings.batch_size) || 1; return Math.ceil(count / (Number(settings.local_batch) || count)); };
  const showClient = () => {
    const { local_steps: steps, clients } = settings;
    find("passes").value = Math.max(1, Math.ceil(steps / stepsPerPass()));
    find("client-words").textContent = [steps > 1 ? say(words.client_steps, { n: gi.whole(steps) }) : words.client_step, clients > 1 ? say(words.client_mean, { n: gi.whole(clients) }) : ""].filter(Boolean).join(", ");
  };
  find("passes").onchange = event => {
    if (event.target.value === "") return;
    settings.local_steps = Math.max(1, Math.round(event.target.value)) * stepsPerPass();
    show();
    changed();
  };
  find("clients-curve").onclick = () => {
    window.dispatchEvent(new CustomEvent("gi:show", { detail: "compare" }));
    window.dispatchEvent(new CustomEvent("gi:comparison", { detail: "clients" }));
  };

  /* The prior is an option inside the attack's text, name:key=value,key=(...), of the last attack where + joins several. */
  const split = (text, mark) => {
    const parts = [""];
    let depth = 0;
    for (const c of text) {
      depth += (c === "(") - (c === ")");
      if (c === mark && !depth) parts.push(""); else parts[parts.length - 1] += c;
    }
    return parts;
  };
  const takenApart = text => {
    const before = split(text, "+"), last = before.pop(), colon = last.indexOf(":");
    return { before, name: colon < 0 ? last : last.slice(0, colon), options: colon < 0 ? [] : split(last.slice(colon + 1), ",") };
  };
  const priorOf = text => {
    const { name, options } = takenApart(text), named = options.find(o => o.startsWith("prior="));
    return named ? named.slice(6).replace(/^\((.*)\)$/, "$1") : catalog.priors[name];
  };
  const withPrior = (text, prior) => {
    const { before, name, options } = takenApart(text), others = options.filter(o => !o.startsWith("prior="));
    if (prior !== catalog.priors[name]) others.push(`prior=${/[:,+]/.test(prior) ? `(${prior})` : prior}`);
    return [...before, others.length ? `${name}:${others.join(",")}` : name].join("+");
  };
  const plain = text => { const { name } = takenApart(text); return name in catalog.priors ? withPrior(text, catalog.priors[name]) : text; };
  const showPrior = () => {
    const prior = priorOf(settings.attack), select = find("prior");
    select.disabled = prior == null;
    if (prior != null && ![...select.options].some(o => o.value === prior)) select.append(option(prior));
    select.value = prior ?? "none";
    find("prior-note").textContent = prior == null ? words.prior_never : prior.startsWith("flow") ? words.prior_flow_note : "";
  };
  find("prior").append(...["none", "flow", "flow:net=gaussian"].map(value => option(value, words["prior_" + value.split("=").at(-1)])));
  find("prior").onchange = event => { settings.attack = withPrior(settings.attack, event.target.value); show(); changed(); };

  const chosenPictures = () => {
    const all = [...own.map(src => ({ src })), ...catalog.samples.map(s => ({ name: s.name }))], count = Number(settings.batch_size) || 1;
    return Array.from({ length: count }, (_, i) => all[(chosen + i) % all.length]).map(p => p.src ? { data: p.src } : { sample: p.name });
  };
  const addFiles = async files => {
    for (const file of files) {
      try { own = [await gi.shrink(file, 256, words), ...own].slice(0, 4); chosen = 0; drawSamples(); changed(); } catch (error) { receive({ run: { ...run, state: "failed", message: error.message } }); }
    }
  };
  find("file").onchange = event => { addFiles([...event.target.files]); event.target.value = ""; };
  find("rail").ondragover = event => event.preventDefault();
  find("rail").ondrop = event => { event.preventDefault(); addFiles([...event.dataTransfer.files]); };
  find("stage").ondragover = event => event.preventDefault();
  find("stage").ondrop = event => { event.preventDefault(); addFiles([...event.dataTransfer.files]); };

  const fine = name => { find("fine").open = true; field(name).focus(); };

  /* A defense preset has at most one strength, on a log or linear slider; the text field holds the truth. */
  const strengthOf = x => {
    const [low, high] = defensePreset.range;
    const value = defensePreset.log ? low * (high / low) ** x : low + x * (high - low);
    return defensePreset.whole ? Math.round(value) : Number(value.toPrecision(2));
  };
  const placeOf = value => {
    const [low, high] = defensePreset.range;
    return Math.max(0, Math.min(1, defensePreset.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)));
  };
  const showStrength = value => {
    const x = placeOf(value);
    find("strength-slider").value = 1000 * x;
    find("strength-slider").style.setProperty("--at", `${100 * x}%`);
    find("strength-slider").setAttribute("aria-valuetext", String(value));
    if (Number(find("strength-number").value) !== value) find("strength-number").value = value;
  };
  const setStrength = value => {
    settings.defense = defensePreset.text.replace("{}", value);
    field("defense").value = settings.defense;
    showStrength(value);
    changed();
  };
  const showDefense = () => {
    const match = catalog.defenses.map(d => {
      if (!d.range) return d.text === settings.defense ? [d, null] : null;
      const [head, tail] = d.text.split("{}");
      if (!settings.defense.startsWith(head) || !settings.defense.endsWith(tail)) return null;
      const middle = settings.defense.slice(head.length, settings.defense.length - tail.length);
      return middle !== "" && isFinite(middle) ? [d, Number(middle)] : null;
    }).find(Boolean);
    defensePreset = match?.[0];
    find("defense").value = match ? catalog.defenses.indexOf(defensePreset) : "text";
    find("strength").hidden = !match || match[1] == null;
    if (match && match[1] != null) { find("strength-label").textContent = words[defensePreset.strength]; showStrength(match[1]); }
  };
  find("defense").onchange = event => {
    if (event.target.value === "text") { find("strength").hidden = true; defensePreset = null; return fine("defense"); }
    defensePreset = catalog.defenses[event.target.value];
    settings.defense = defensePreset.text.replace("{}", defensePreset.start);
    show();
    changed();
  };
  find("strength-slider").oninput = event => setStrength(strengthOf(event.target.value / 1000));
  find("strength-number").onchange = event => { if (event.target.value !== "") setStrength(Number(event.target.value)); };
  find("attack").onchange = event => {
    if (event.target.value === "text") return fine("attack");
    const kept = priorOf(settings.attack), usual = catalog.priors[takenApart(settings.attack).name];
    settings.attack = event.target.value;
    if (kept != null && kept !== usual && priorOf(settings.attack) != null) settings.attack = withPrior(settings.attack, kept);
    show();
    changed();
  };
  find("knows").onchange = () => { settings.knowledge = [...find("knows").querySelectorAll("input:checked:not(:disabled)")].map(i => i.value).join(catalog.knowledge_separator) || "none"; changed(); };

  const show = () => {
    for (const name of ["model", "weights", "mode"]) {
      if (![...field(name).options].some(o => o.value === settings[name])) field(name).append(option(settings[name]));
    }
    root.querySelectorAll("[data-f]").forEach(input => { input.value = settings[input.dataset.f]; });
    const bare = plain(settings.attack);
    find("attack").value = [...find("attack").options].some(o => o.value === bare) ? bare : "text";
    const known = String(settings.knowledge).split(catalog.knowledge_separator);
    find("knows").querySelectorAll("input:not(:disabled)").forEach(i => { i.checked = known.includes(i.value); });
    showDefense();
    showClient();
    showPrior();
    drawSamples();
  };
  root.querySelectorAll("[data-f]").forEach(input => {
    input.onchange = () => {
      settings[input.dataset.f] = input.type === "number" ? (input.value === "" ? "" : Number(input.value)) : input.value;
      show();
      changed();
    };
  });

  const estimate = told => {
    const { notes = [], seconds, limit, waiting, error } = told;
    find("estimate").textContent = error ?? [...notes, seconds == null ? "" : say(words.about_here, { time: gi.duration(seconds, words) }),
      seconds > limit ? say(words.stops_after, { time: gi.duration(limit, words) }) : "", waiting ? say(words.before_you, { n: waiting, time: gi.duration(told.wait, words) }) : words.nobody_waits].filter(Boolean).join(" ");
    find("estimate").classList.toggle("refused", Boolean(error));
    find("run-time").textContent = seconds == null ? "" : gi.duration(Math.min(seconds, limit), words);
    gi.estimated = { seconds, settings: { ...settings } };
    window.dispatchEvent(new CustomEvent("gi:estimate", { detail: gi.estimated }));
  };
  /* Ask the server what these settings mean: a sentence, a prediction, or a refusal. Never blocks. */
  let asking = 0, asked = 0, described = null;
  const changed = () => { clearTimeout(asking); asking = setTimeout(describe, 150); };
  const describe = async extra => {
    const mine = ++asked;
    let answer;
    if (!server.describe) return;
    try { answer = await server.describe({ ...settings, ...extra }); } catch { return; }
    if (mine !== asked || !answer) return;
    described = answer;
    if (answer.settings && extra) { Object.assign(settings, answer.settings); show(); }
    estimate(answer);
    if (answer.error) return;
    if (answer.seconds == null && server.predict) server.predict({ ...settings }).then(later => {
      if (mine === asked && later?.seconds != null) estimate({ ...answer, seconds: later.seconds });
    }, () => {});
    find("parameters").textContent = say(words.parameters, { n: gi.whole(answer.parameters) });
    find("epsilon").textContent = !answer.private ? "" : answer.epsilon == null ? words.epsilon_none : say(words.epsilon, { n: answer.epsilon >= 100 ? gi.whole(answer.epsilon) : gi.short(answer.epsilon) });
    find("defense-does").textContent = answer.defense;
    find("attack-page").textContent = answer.attack;
  };

  gi.lab = () => ({ settings: { ...settings }, pictures: chosenPictures() });
  gi.shown = () => run?.name;
  gi.query = () => described?.query ?? "";
  /* six strengths of the present defense from weakest to strongest, as texts */
  gi.sweep = () => defensePreset?.range ? [...new Set([0, 0.2, 0.4, 0.6, 0.8, 1].map(x => defensePreset.text.replace("{}", strengthOf(x))))] : [];

  /* Follow my run: whoever opens the link sees the runs that are started here. */
  const guest = new URLSearchParams(location.search).get("follow");
  let room = null, counting = 0;
  const roomLink = () => { const query = new URLSearchParams({ follow: room.code }); return `${location.href.split("?")[0]}?${query}`; };
  const count = async () => {
    if (!room || document.hidden) return;
    const told = await server.room(room).catch(() => null);
    if (told?.error) return closeRoom();
    if (told && room) find("room-text").textContent = say(words.room_open, { n: told.watching });
  };
  const closeRoom = () => { clearInterval(counting); room = null; find("room").hidden = true; find("follow").disabled = false; };
  const openRoom = async () => {
    const told = await server.open_room({});
    if (told.error) return gi.toast(told.error);
    room = { code: told.code, key: told.key };
    find("room").hidden = false;
    find("follow").disabled = true;
    find("room-text").textContent = say(words.room_open, { n: 0 });
    find("room-link").textContent = roomLink();
    find("room-end").textContent = words.room_end;
    counting = setInterval(count, 5000);
    gi.copy(roomLink(), words.room_copied);
  };
  const followed = told => {
    find("room-text").textContent = [say(words.room_follow, { code: told.code }), told.open ? told.running ? "" : words.room_wait : words.room_closed].filter(Boolean).join(" ");
  };
  find("follow").onclick = openRoom;
  find("follow").hidden = !server.open_room || Boolean(guest);
  find("room-copy").onclick = () => gi.copy(roomLink(), words.room_copied);
  find("room-end").onclick = async () => {
    if (!guest) { server.close_room(room); return closeRoom(); }
    await server.stop_run({ id: current });
    location.search = "";
  };

  let current = null;
  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, "0")).join("");
  const start = () => {
    if (!server.describe || guest) return;
    find("rail").classList.remove("open");
    current = newId();
    hold();
    following = true;
    if (run) { run = { ...run, state: "running", verdict: null, scores: null }; drawBar(); find("state").textContent = words.state_starting; }
    trigger("run", { id: current, settings, pictures: chosenPictures(), ...(room ? { room } : {}) });
  };
  find("rail").onsubmit = event => { event.preventDefault(); if (!busy()) start(); };
  find("stop").onclick = async () => {
    find("stop").disabled = true;
    const { last } = await server.stop_run({ id: current });
    /* others still watch the same run: it goes on for them, here it rests */
    if (!last && busy()) { run = { ...run, state: "stopped", verdict: null }; drawBar(); drawVerdict(); }
  };
  find("open").onclick = () => find("rail").classList.add("open");
  find("close").onclick = () => find("rail").classList.remove("open");
  find("python").onclick = () => gi.copy(run.python, words.copied);
  find("cli").onclick = () => gi.copy(run.cli, words.copied);
  /* Downloads: the server writes every format; without one, what the browser has at hand. */
  const row = (h, i) => Object.keys(h).map(key => h[key][i]);
  const here = {
    csv: () => gi.saveText("run.csv", gi.csv([Object.keys(run.history), ...run.history.iteration.map((_, i) => row(run.history, i))]), "text/csv"),
    json: () => gi.saveText("run.json", JSON.stringify(run), "application/json"),
    png: () => {
      const [a, b] = [find("truth"), find("guess")], side = 512, sheet = document.createElement("canvas"), context = sheet.getContext("2d");
      sheet.width = 2 * side + 16; sheet.height = side;
      context.imageSmoothingEnabled = false;
      context.drawImage(a, 0, 0, side, side); context.drawImage(b, side + 16, 0, side, side);
      gi.save("run.png", sheet.toDataURL("image/png").split(",")[1], "image/png");
    },
  };
  const formats = server.download_run ? catalog.formats : Object.keys(here);
  find("formats").replaceChildren(...formats.map(format => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.dataset.format = format;
    button.textContent = words["export_" + format];
    button.onclick = async () => {
      find("download").open = false;
      find("download").firstElementChild.focus();
      if (!server.download_run) return here[format]();
      gi.toast(words.preparing);
      const file = await server.download_run({ id: run.id, scenario: run.scenario, pictures: run.pictures, format });
      if (file.data) gi.save(file.name, file.data, file.type);
      else gi.toast(file.error ?? words.forgotten);
    };
    item.append(button);
    return item;
  }));
  find("download").onkeydown = event => { if (event.key === "Escape") { event.stopPropagation(); find("download").open = false; find("download").firstElementChild.focus(); } };
  document.addEventListener("click", event => { if (!find("download").contains(event.target)) find("download").open = false; });
  find("lesson").onclick = () => window.dispatchEvent(new CustomEvent("gi:show", { detail: "lesson" }));
  find("lesson").hidden = !document.getElementById("tab-lesson");
  /* a run that was not started here comes with its settings, so that Run live repeats it */
  const adopt = finished => {
    receive({ run: finished });
    if (!finished.scenario) return;
    Object.assign(settings, finished.scenario);
    const at = catalog.samples.findIndex(s => s.name === finished.pictures?.[0]);
    if (at >= 0) chosen = own.length + at;
    show();
    changed();
  };
  /* teacher links: ?hide=victim,attacker leaves those cards out, ?lock=defense shows them but holds them */
  const named = key => (new URLSearchParams(location.search).get(key) ?? "").split(",").filter(Boolean).map(name => root.querySelector(`[data-card="${CSS.escape(name)}"]`)).filter(Boolean);
  named("hide").forEach(card => { card.hidden = true; });
  named("lock").forEach(card => {
    card.disabled = true;
    card.insertAdjacentHTML("beforeend", `<p class="small">${gi.icon("lock")} ${words.locked}</p>`);
  });
  if (named("hide").length + named("lock").length) find("fine").hidden = true;
  window.addEventListener("gi:open", async event => {
    window.dispatchEvent(new CustomEvent("gi:show", { detail: "lab" }));
    adopt(typeof event.detail === "string" ? (await server.recorded_run({ name: event.detail })).run : event.detail);
  });
  find("replays").onchange = async event => { if (event.target.value) adopt((await server.recorded_run({ name: event.target.value })).run); };
  window.addEventListener("gi:link", () => {
    if (document.body.dataset.tab !== "lab") return;
    const query = [described?.query, "tab=lab"].filter(Boolean).join("&");
    gi.copy(`${location.href.split("?")[0]}?${query}`, words.link_copied);
  });

  show();
  watch("value", () => receive(props.value));
  receive(props.first);
  if (guest && server.open_room) {
    root.classList.add("guest");
    find("room").hidden = false;
    find("room-copy").hidden = true;
    find("room-end").textContent = words.room_leave;
    followed({ code: guest, open: true, running: false });
    current = newId();
    trigger("run", { id: current, follow: guest });
  }
  const linked = [...new URLSearchParams(location.search).keys()].some(key => key in catalog.defaults);
  describe(linked ? { search: location.search } : undefined);
}
