/** Compare: two to six lanes that differ in one thing, one scrubber, one axis; each lane is a run with its control. */

import "./compare.css";
import { onDevice } from "../../engine/run.js";
import { emit, explore, on } from "../../lib/bus.js";
import { csv, duration, escape, signed, whole } from "../../lib/format.js";
import { icon } from "../../lib/icons.js";
import { fill, finder, saveText, toast } from "../../lib/page.js";
import { atHand } from "../../lib/pictures.js";
import { standing } from "../../lib/verdict.js";
import { t, words } from "../../lib/words.js";
import page from "./compare.html";
import { jobs } from "./jobs.js";
import { frameAt, keyOf, labels, MOST, proposal, repeatOf, valueName, varying } from "./lanes.js";
import { plot } from "./plot.js";
import { drawMoment, drawPrivate, drawRanking, FACTOR, layOut } from "./view.js";

/** @typedef {import("./lanes.js").Lane} Lane @typedef {import("./lanes.js").Settings} Settings */
const SEEDS = 3, SWEEP_MS = 6000;

/** @param {import("../../lib/page.js").Context} given */
export function mount(given) {
  const root = fill(given.element, page), find = finder(root);
  const pictures = atHand(message => here.queue.receive(message));
  const context = { ...given, ...onDevice(pictures, given.trigger, given.server) };
  const here = room(context, root, find);
  offers(here, find, context);
  playback(here, root, find);
  actions(here, find, context);
  context.watch("value", () => here.queue.receive(context.props.value));
  on("lane", setUp => { here.add(setUp.settings, setUp.pictures, setUp.run); toast(words["compare.kept"]); });
  on("comparison", field => here.vary(field));
  on("tab", name => name === "compare" && here.refit());
  on("theme", () => here.refit());
  new ResizeObserver(() => here.refit()).observe(find("lanes"));
  here.take(context.props.first);
}

/**
 * The lanes and everything that adds, removes, runs and draws them.
 * @param {import("../../lib/page.js").Context} context
 * @param {HTMLElement} root @param {(name: string) => any} find
 */
function room({ props, trigger, server }, root, find) {
  const { axes } = props.catalog;
  /** @type {{ lanes: Lane[], x: number, held: boolean, base: import("../../lib/bus.js").SetUp, made: number }} */
  const state = { lanes: [], x: 1, held: false, base: props.catalog.base, made: 0 };
  let drawing = 0;
  const redraw = () => {
    cancelAnimationFrame(drawing);
    drawing = requestAnimationFrame(() => drawAll(state, queue, root, find));
  };
  const refit = () => { layOut(root, state.lanes, act); fitSlot(state, axes, find); redraw(); };
  const queue = jobs({
    start: job => {
      if (!job.repeat) job.lane.state = "running";
      trigger("run", { id: job.id, settings: job.settings, pictures: job.lane.pictures });
      redraw();
    },
    stop: job => server.stop_lane({ id: job.id }),
    told: (job, run) => { hear(job, run, find); redraw(); },
    changed: redraw,
  });
  /** @param {Lane} lane @param {string} name */
  const act = (lane, name) => {
    if (name === "open") emit("open", lane.run ?? undefined);
    if (name !== "remove") return;
    queue.drop(lane);
    state.lanes = state.lanes.filter(other => other !== lane);
    refit();
  };
  /** @param {Settings} settings @param {any[]} pictures @param {Record<string, any>} [run] */
  const add = (settings, pictures, run) => {
    const full = { ...state.base.settings, ...settings }, key = keyOf(full, pictures);
    if (state.lanes.some(lane => keyOf(lane.settings, lane.pictures) === key)) return toast(words["compare.there"]);
    if (state.lanes.length >= MOST) return toast(t("compare.full", { n: MOST }));
    const ready = run?.verdict && run.scores && run.size && run.truth ? run : null;
    /** @type {Lane} */
    const lane = { id: ++state.made, settings: full, pictures, run: ready, state: ready ? "done" : "waiting",
      repeats: ready ? [repeatOf(ready)] : [] };
    state.lanes.push(lane);
    refit();
    if (!ready) queue.add(lane, full, false);
  };
  const take = (/** @type {any} */ message) => {
    queue.drop();
    state.lanes = (message?.compare?.lanes ?? []).map((/** @type {any} */ lane) => ({ ...lane, id: ++state.made }));
    if (state.lanes.length) state.base = { settings: state.lanes[0].settings, pictures: state.lanes[0].pictures };
    state.x = 1;
    refit();
  };
  const first = () => state.lanes[0] ?? { ...state.base };
  return { state, queue, redraw, refit, add, take, first, axes,
    /** @param {string} field @param {any} value */
    vary1: (field, value) =>
      add({ ...first().settings, [field]: value }, picturesFor(first().pictures, field, value, props)),
    /** @param {string} field */
    vary(field) {
      const values = (axes[field] ?? []).slice(0, MOST);
      values.forEach((/** @type {any} */ value) => state.lanes.length < MOST && this.vary1(field, value));
    },
  };
}

/**
 * A batch takes further pictures from the samples.
 * @param {any[]} own
 * @param {string} field
 * @param {any} value
 * @param {any} props
 */
function picturesFor(own, field, value, props) {
  if (field !== "batch_size") return own;
  const more = props.catalog.samples.map((/** @type {any} */ sample) => ({ sample: sample.name }))
    .filter((/** @type {any} */ one) => !own.some(p => p.sample === one.sample));
  return [...own, ...more].slice(0, Number(value));
}

/**
 * What a message means for its lane.
 * @param {import("./jobs.js").Job} job
 * @param {any} run
 * @param {(n: string) => any} find
 */
function hear(job, run, find) {
  const { lane } = job, kind = run.state === "recorded" ? "done" : run.state;
  if (kind === "failed") {
    if (job.repeat) toast(run.message);
    else Object.assign(lane, { state: "failed", message: run.message });
    return;
  }
  if (run.verdict) {
    lane.repeats = [...lane.repeats.filter(repeat => repeat.seed !== run.scenario.seed), repeatOf(run)];
    find("status").textContent = `${words["level_" + standing(run.verdict)]}, ${signed(run.verdict.gain)} dB`;
  }
  if (!job.repeat) Object.assign(lane, { state: kind, run: { ...lane.run, ...run } });
}

/** @param {any} state @param {any} queue @param {HTMLElement} root @param {(name: string) => any} find */
function drawAll(state, queue, root, find) {
  const { lanes, x, held } = state, told = labels(lanes.map((/** @type {Lane} */ lane) => lane.settings));
  drawMoment(root, lanes, x, held);
  drawPrivate(find("truth"), lanes);
  drawRanking(find, lanes);
  const all = lanes.map((/** @type {Lane} */ { run }, /** @type {number} */ at) => ({ run, label: told[at], at }));
  const shown = all.filter((/** @type {any} */ one) => one.run?.frames?.length);
  find("plot").innerHTML = shown.length ? plot(shown, x, Math.max(280, find("plot").clientWidth)) : "";
  const totals = new Set(shown.map((/** @type {any} */ one) => one.run.total));
  const step = shown.length ? frameAt(shown[0].run, x).iteration : 0;
  find("step").innerHTML = totals.size === 1 ? t("compare.step", { n: whole(step), m: whole(shown[0].run.total) })
    : t("compare.share", { share: x });
  find("scrub").value = 1000 * x;
  find("scrub").style.setProperty("--at", `calc(10px + (100% - 20px) * ${x})`);
  find("scrub").setAttribute("aria-valuetext", find("step").textContent);
  find("legend").textContent = held ? t("compare.legend", { factor: FACTOR, full: Math.round(255 / FACTOR) }) : "";
  find("stop").hidden = !queue.busy;
  const missing = lanes.filter((/** @type {Lane} */ lane) => lane.run?.verdict && lane.repeats.length < SEEDS);
  find("repeat").disabled = queue.busy;
  find("repeat").hidden = !queue.busy && !missing.length;
  const seconds = missing.reduce((/** @type {number} */ sum, /** @type {Lane} */ lane) =>
    sum + 2 * (lane.run?.seconds ?? 0) * (SEEDS - lane.repeats.length), 0);
  find("repeat").textContent = queue.busy ? t("compare.left", { n: queue.left })
    : t("compare.repeat", { n: SEEDS, time: duration(seconds, words) });
  find("csv").disabled = !lanes.some((/** @type {Lane} */ lane) => lane.repeats.length);
}

/**
 * The slot, the common setting, the dots of the phone.
 * @param {any} state
 * @param {any} axes
 * @param {(name: string) => any} find
 */
function fitSlot(state, axes, find) {
  const settings = state.lanes.map((/** @type {Lane} */ lane) => lane.settings), full = state.lanes.length >= MOST;
  const offered = full ? null : proposal(settings.length ? settings : [state.base.settings], axes);
  find("slot").hidden = full;
  find("offer").hidden = !offered;
  if (offered) find("offer").querySelector("span").textContent = valueName(...offered);
  find("from").hidden = !explore.setUp();
  const fields = varying(settings), base = settings[0] ?? state.base.settings;
  const what = ["model", "attack", "seed"].filter(field => !fields.includes(field));
  find("same").textContent = t("compare.same", { what: what.map(field => valueName(field, base[field])).join(", ") });
  find("dots").innerHTML = Array(state.lanes.length + (full ? 1 : 2)).fill("<i></i>").join("");
}

/**
 * The choices that add a lane.
 * @param {ReturnType<typeof room>} here
 * @param {(name: string) => any} find
 * @param {any} context
 */
function offers(here, find, { props }) {
  const option = (/** @type {string} */ field) => (/** @type {any} */ value) =>
    `<option value="${escape(value)}">${escape(valueName(field, value))}</option>`;
  const list = (/** @type {string} */ field, /** @type {string} */ head) =>
    `<option value="">${head}</option>` + here.axes[field].map(option(field)).join("");
  for (const select of find("slot").querySelectorAll("[data-add]")) {
    const field = select.dataset.add;
    select.innerHTML = list(field, `+ ${words["compare.add_" + field]}`);
    select.onchange = () => { here.vary1(field, select.value); select.value = ""; };
  }
  find("offer").onclick = () => {
    const settings = here.state.lanes.map(lane => lane.settings);
    const found = proposal(settings.length ? settings : [here.state.base.settings], here.axes);
    if (found) here.vary1(...found);
  };
  find("from").onclick = () => {
    const setUp = explore.setUp();
    if (setUp) here.add(setUp.settings, setUp.pictures);
  };
  find("vary").innerHTML = `<option value="">${words["compare.vary"]}</option>` + Object.keys(here.axes).map(field =>
    `<option value="${field}">${t("compare.vary_" + field)}</option>`).join("");
  find("vary").onchange = () => { here.vary(find("vary").value); find("vary").value = ""; };
  find("takes").textContent = t("compare.takes", { n: MOST });
  find("picture").innerHTML = props.catalog.samples.map((/** @type {any} */ sample) =>
    `<option value="${sample.name}">${escape(words["sample_" + sample.name] ?? sample.title)}</option>`).join("");
  find("network").innerHTML = here.axes.model.map(option("model")).join("");
  find("attack").innerHTML = here.axes.attack.map(option("attack")).join("");
  find("anew").onclick = () => {
    here.queue.drop();
    here.state.lanes = [];
    const changed = { model: find("network").value, attack: find("attack").value, batch_size: 1, defense: "none" };
    const pictures = [{ sample: find("picture").value }];
    here.state.base = { settings: { ...here.state.base.settings, ...changed }, pictures };
    here.add({}, here.state.base.pictures);
  };
}

/**
 * Scrubbing, playing, holding: nothing of it asks the server.
 * @param {any} here
 * @param {HTMLElement} root
 * @param {(name: string) => any} find
 */
function playback(here, root, find) {
  let playing = false, began = 0;
  const show = () => {
    find("play").innerHTML = icon(playing ? "pause" : "play");
    find("play").setAttribute("aria-label", words[playing ? "compare.pause" : "compare.play"]);
  };
  const to = (/** @type {number} */ x) => { here.state.x = Math.max(0, Math.min(1, x)); here.redraw(); };
  const tick = (/** @type {number} */ time) => {
    if (!playing) return;
    to((time - began) / SWEEP_MS);
    if (here.state.x >= 1) { playing = false; return show(); }
    requestAnimationFrame(tick);
  };
  const toggle = () => {
    playing = !playing;
    began = performance.now() - (here.state.x >= 1 ? 0 : here.state.x * SWEEP_MS);
    show();
    requestAnimationFrame(tick);
  };
  const hold = (/** @type {boolean} */ on) => { if (here.state.held !== on) { here.state.held = on; here.redraw(); } };
  find("play").onclick = toggle;
  find("scrub").oninput = () => { playing = false; show(); to(find("scrub").value / 1000); };
  find("difference").onpointerdown = () => hold(true);
  for (const name of ["pointerup", "pointercancel", "blur"]) window.addEventListener(name, () => hold(false));
  const mine = (/** @type {KeyboardEvent} */ event) => document.body.dataset.tab === "compare"
    && !event.ctrlKey && !event.metaKey && !event.altKey && event.target instanceof Element
    && !event.target.matches("input:not([type=range]), select, textarea");
  window.addEventListener("keydown", event => {
    if (!mine(event)) return;
    const button = event.target instanceof Element && event.target.closest("button, summary");
    const own = event.target === find("difference") && [" ", "Enter"].includes(event.key);
    if (event.key.toLowerCase() === "d" || own) { event.preventDefault(); return hold(true); }
    if (event.key === " " && !button) { event.preventDefault(); toggle(); }
  });
  window.addEventListener("keyup", event => ["d", "D", " ", "Enter"].includes(event.key) && hold(false));
  find("lanes").addEventListener("scroll", () => {
    const box = find("lanes"), at = Math.round(box.scrollLeft / Math.max(1, box.clientWidth - 48));
    root.querySelectorAll("[data-r=dots] i").forEach((dot, i) => dot.classList.toggle("on", i === at));
  });
  show();
}

/**
 * Examples, repetitions, the table.
 * @param {ReturnType<typeof room>} here
 * @param {(name: string) => any} find
 * @param {any} context
 */
function actions(here, find, { props, server }) {
  find("examples").innerHTML = `<option value="">${words["compare.examples"]}</option>`
    + props.catalog.recorded.map((/** @type {string} */ name) =>
      `<option value="${name}">${escape(words["comparison_" + name] ?? name)}</option>`).join("");
  find("examples").onchange = async () => {
    const name = find("examples").value;
    if (name) here.take(await server.recorded_comparison({ name }));
  };
  find("stop").onclick = () => here.queue.drop();
  find("repeat").onclick = () => {
    for (const lane of here.state.lanes.filter(lane => lane.run?.verdict)) {
      const seeds = Array.from({ length: SEEDS }, (_, i) => Number(lane.settings.seed) + i);
      seeds.filter(seed => !lane.repeats.some(repeat => repeat.seed === seed))
        .slice(0, SEEDS - lane.repeats.length)
        .forEach(seed => here.queue.add(lane, { ...lane.settings, seed }, true));
    }
  };
  find("csv").onclick = () => {
    const told = labels(here.state.lanes.map(lane => lane.settings));
    const rows = here.state.lanes.flatMap((lane, i) => lane.repeats.map(r =>
      [told[i], r.seed, r.gain, r.psnr, r.ssim, r.level, r.steps, r.seconds]));
    const head = ["lane", "seed", "gain_db", "psnr_db", "ssim", "level", "steps", "seconds"];
    saveText("comparison.csv", csv([head, ...rows]), "text/csv");
  };
  const wanted = new URLSearchParams(location.search).get("comparison");
  if (wanted && props.catalog.recorded.includes(wanted) && wanted !== props.first?.compare?.name)
    server.recorded_comparison({ name: wanted }).then((/** @type {any} */ told) => here.take(told));
}

