/* Compare: two to six lanes that differ in one thing, one scrubber, one axis of likeness. */
const { words, catalog } = props;
const root = gi.mount(element, props.page, words);
const find = name => root.querySelector(`[data-r="${name}"]`);
const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
const escape = text => String(text).replace(/[&<>"]/g, c => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const marks = [
  '<circle cx="6" cy="6" r="5"/>', '<rect x="1.5" y="1.5" width="9" height="9"/>', '<path d="M6 0l6 6-6 6-6-6z"/>',
  '<path d="M6 0.5l6 11H0z"/>', '<path d="M0 0.5h12l-6 11z"/>', '<path d="M4 0h4v4h4v4H8v4H4V8H0V4h4z"/>',
];
const dashes = ["", "7 4", "2 4", "10 3 2 3", "1 3", "12 5"];
let shown = null, x = 1, playing = false, current = null, different = false, laid = "";
const cache = new Map();
const picture = src => { if (!cache.has(src)) cache.set(src, gi.image(src)); return cache.get(src); };
const busy = () => shown && ["running", "judging", "queued"].includes(shown.state);

find("axis").append(...catalog.axes.map(a => new Option(a.label, a.field)));
find("budget").append(...catalog.budgets.map(b => new Option(b.label, b.seconds)));
find("difference").textContent = say(words.difference, { factor: 4 });
const axis = () => catalog.axes.find(a => a.field === find("axis").value);
const fill = () => { find("values").value = axis().values.join("\n"); };
find("axis").onchange = fill;
fill();

const layOut = () => {
  const key = shown.id + shown.lanes.map(l => l.label).join();
  if (key === laid) return;
  laid = key;
  cache.clear();
  const box = (head, more, kind) => `<div><h2 class="${kind}">${head}</h2><div class="frame f-${kind}"><canvas role="img" aria-label="${words.working}"></canvas></div>${more}</div>`;
  find("lanes").innerHTML = box(gi.icon("lock") + words.dial_private, "", "private")
    + shown.lanes.map((lane, i) => box(`<svg viewBox="0 0 12 12" aria-hidden="true">${marks[i]}</svg><span>${escape(lane.label)}</span>`,
      `<div class="gain" data-k="gain"></div><div class="small" data-k="psnr"></div><span class="squares" role="img" aria-label="${words.working}"></span><div class="small" data-k="word"></div><div class="small" data-k="cost"></div>`, "attacker")).join("");
};

/* every lane at the same share of its own steps, on the scrubber's log scale */
const frameOf = lane => {
  const scale = gi.scale(lane.total);
  let best = lane.frames[0];
  for (const f of lane.frames) if (Math.abs(scale.at(f.iteration) - x) < Math.abs(scale.at(best.iteration) - x)) best = f;
  return best;
};
const draw = async () => {
  if (!shown?.lanes?.length) return;
  layOut();
  const boxes = [...find("lanes").children], widest = shown.lanes.reduce((a, b) => b.size.batch > a.size.batch ? b : a);
  gi.tiles(boxes[0].querySelector("canvas"), await picture(widest.truth), 0, widest.size.batch, widest.size.width, widest.size.height);
  boxes[0].querySelector("canvas").setAttribute("aria-label", words.dial_private);
  for (const [i, lane] of shown.lanes.entries()) {
    const box = boxes[i + 1], canvas = box.querySelector("canvas"), cell = name => box.querySelector(`[data-k=${name}]`), v = lane.verdict;
    if (!lane.frames.length) { cell("word").textContent = lane.message ?? ""; continue; }
    const f = frameOf(lane), { batch, width, height } = lane.size;
    gi.tiles(canvas, await picture(f.src), 0, batch, width, height);
    if (different) {
      const truth = document.createElement("canvas");
      gi.tiles(truth, await picture(lane.truth), 0, batch, width, height);
      gi.difference(canvas, truth, canvas, 4);
    }
    canvas.setAttribute("aria-label", `${lane.label}, ${gi.number(f.psnr)} dB`);
    cell("gain").textContent = v ? `${gi.signed(v.gain)} dB` : "–";
    cell("psnr").textContent = `${gi.number(f.psnr)} dB` + (v ? `, ${words.control_word} ${gi.number(v.control.psnr)}` : "");
    box.querySelector(".squares").innerHTML = v ? [1, 2, 3].map(k => `<i class="${k <= v.level ? "on" : ""}"></i>`).join("") : "";
    box.querySelector(".squares").setAttribute("aria-label", v ? say(words.level_alt, { level: v.level }) : words.working);
    cell("word").textContent = v ? v.word : busy() ? words.working : words.not_judged;
    cell("cost").textContent = say(words.compare_cost, { steps: (f.iteration).toLocaleString("en-US"), seconds: gi.number(f.seconds) });
  }
  find("scrub").value = 1000 * x;
  find("scrub").style.setProperty("--at", `${100 * x}%`);
  find("step").textContent = say(words.compare_share, { share: Math.round(100 * x) });
  find("scrub").setAttribute("aria-valuetext", find("step").textContent);
  plot();
};

const plot = () => {
  const W = Math.max(240, find("plot").clientWidth), H = 150, left = 46, px = v => left + 8 + v * (W - left - 16);
  const all = shown.lanes.flatMap(l => l.history.psnr).filter(v => v != null);
  const top = Math.max(15, Math.ceil((Math.max(0, ...all) + 1) / 5) * 5), low = Math.min(5, Math.floor(Math.min(5, ...all) / 5) * 5), py = v => 8 + (H - 12) * (1 - (v - low) / (top - low));
  const lines = shown.lanes.map((lane, i) => {
    const scale = gi.scale(lane.total), p = lane.history.iteration.map((s, j) => [px(scale.at(s)), py(lane.history.psnr[j])]).filter(q => isFinite(q[1]));
    if (!p.length) return "";
    const f = frameOf(lane);
    return (p.length > 1 ? `<path class="series" stroke-dasharray="${dashes[i]}" d="M${p.map(q => q.map(v => v.toFixed(1)).join(",")).join(" L")}"/>` : "")
      + `<g class="mark" transform="translate(${px(scale.at(f.iteration)) - 6} ${py(f.psnr) - 6})">${marks[i]}</g>`;
  }).join("");
  find("plot").innerHTML = `<svg viewBox="0 0 ${W} ${H + 20}" height="${H + 20}" role="img" aria-label="${escape(shown.lanes.map(l => `${l.label}: ${gi.number(l.frames.length ? frameOf(l).psnr : null)} dB`).join("; "))}">
    ${[low, Math.round((low + top) / 2), top].map(v => `<line class="grid" x1="${left}" x2="${W}" y1="${py(v)}" y2="${py(v)}"/><text x="${left - 8}" y="${py(v) + 4}" text-anchor="end">${v}</text>`).join("")}
    <line class="now" x1="${px(x)}" x2="${px(x)}" y1="0" y2="${H}"/>${lines}
    <text x="${left + 8}" y="${H + 16}"><tspan class="strong">${words.psnr}</tspan> ${words.compare_axis_note}</text></svg>`;
};

const buttons = () => {
  find("run").disabled = busy();
  find("stop").disabled = !busy();
  find("play").innerHTML = gi.icon(playing ? "pause" : "play");
  find("play").setAttribute("aria-label", playing ? words.pause : words.play);
  if (shown) {
    find("state").textContent = words["state_" + shown.state] ?? "";
    find("text").textContent = shown.text ?? "";
  }
};
const receive = message => {
  const next = message?.compare;
  if (!next) return;
  find("message").textContent = next.message ?? "";
  find("message").classList.toggle("refused", next.state === "failed");
  shown = next.lanes ? next : { ...(shown ?? { lanes: [] }), state: next.state };
  if (busy()) x = 1;
  buttons();
  draw();
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
find("scrub").onkeydown = event => {
  const go = { ArrowRight: 0.02, ArrowLeft: -0.02, ArrowUp: 0.02, ArrowDown: -0.02, Home: -1, End: 1 }[event.key];
  if (!go) return;
  event.preventDefault();
  playing = false;
  x = Math.min(1, Math.max(0, x + go));
  buttons();
  draw();
};
window.addEventListener("keydown", event => {
  if (document.body.dataset.tab !== "compare" || event.key !== " " || ["INPUT", "TEXTAREA", "SELECT", "BUTTON"].includes(event.target.tagName)) return;
  event.preventDefault();
  play();
});
find("difference").onclick = () => { different = !different; find("difference").setAttribute("aria-pressed", different); draw(); };
find("table").onclick = () => shown && gi.copy([["lane", "PSNR dB", "control dB", "gain dB", "level", "steps", "seconds"].join("\t"),
  ...shown.lanes.map(l => [l.label, l.frames.at(-1)?.psnr, l.verdict?.control.psnr.toFixed(2), l.verdict?.gain.toFixed(2), l.verdict?.word, l.frames.at(-1)?.iteration, l.frames.at(-1)?.seconds].join("\t"))].join("\n"), words.copied);
find("rail").onsubmit = event => {
  event.preventDefault();
  if (busy()) return;
  current = Array.from(crypto.getRandomValues(new Uint8Array(16)), b => b.toString(16).padStart(2, "0")).join("");
  const lab = gi.lab?.() ?? { settings: {}, pictures: [] };
  trigger("run", { id: current, field: find("axis").value, values: find("values").value.split("\n").map(v => v.trim()).filter(Boolean), seconds: Number(find("budget").value), ...lab });
};
find("stop").onclick = () => { find("stop").disabled = true; server.stop_compare({ id: current }); };
new ResizeObserver(() => { if (document.body.dataset.tab === "compare") draw(); }).observe(find("plot"));
window.addEventListener("gi:tab", event => event.detail === "compare" && draw());
watch("value", () => receive(props.value));
receive(props.value);
buttons();
