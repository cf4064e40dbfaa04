/** What if the server cheats? Private photographs, a slipped-in layer, what it reads, and who looks first. */

import "./cheat.css";
import { emit, on } from "../../lib/bus.js";
import { context as pen, image } from "../../lib/canvas.js";
import { finder, fill, toast } from "../../lib/page.js";
import { t, words } from "../../lib/words.js";
import { pictures } from "../explore/drop.js";
import { calm } from "../explore/film.js";
import page from "./cheat.html";
import { cutSheet } from "./grid.js";
import { inspectionKey, inspectionOf } from "./inspection.js";
import { keyOf, offered, photoAt, recordedFor } from "./model.js";
import { hold, segments } from "./seg.js";
import { draw, drawCheck } from "./view.js";

/**
 * @typedef {import("./model.js").Choice} Choice @typedef {import("./model.js").Reading} Reading
 * @typedef {import("./grid.js").Place} Place
 * @typedef {object} State
 * @property {Choice} choice
 * @property {Place[]} photos those of the batch come first @property {string[] | null} own as data URIs
 * @property {Place[]} readings @property {Reading | null} reading @property {number} lit @property {number} chosen
 * @property {{ rounds: import("./model.js").Round[], inspections: Record<string, any> }} recorded
 * @property {Map<string, Reading>} live @property {Map<string, any>} inspections
 * @property {{ id: string, key: string, text: string } | null} waiting @property {string} refused
 * @property {boolean} looked whether the check was asked for @property {boolean} looking whether it is under way
 * @property {Record<string, any>} catalog
 */

const LIGHTING = 900,
  QUALITY = 0.92;
const FIRST = { server: "stealthy", network: "lenet", batch: 64, clients: 1, noise: 0 };

/** @param {import("../../lib/page.js").Context} context */
export function mount(context) {
  const root = fill(context.element, page),
    find = finder(root);
  const room = scene(context, find);
  controls(room, find);
  files(room, root, find);
  looking(room, find);
  context.watch("value", () => room.receive(context.props.value));
  on("theme", () => room.redraw());
  on("tab", name => name === "cheat" && room.open());
  draw(find, room.state);
  if (document.body.dataset.tab === "cheat") room.open();
}

/** What distinguishes one's own photographs from the recorded ones. @param {State} state */
const keyFor = state => `${state.own ? "own " : ""}${keyOf(state.choice)}`;

/**
 * The state, and what changes it.
 * @param {import("../../lib/page.js").Context} context @param {(name: string) => any} find
 */
function scene({ props, trigger, server }, find) {
  /** @type {State} */
  const state = {
    choice: { ...FIRST }, photos: [], own: null, readings: [], reading: null, lit: 0, chosen: 11,
    recorded: { rounds: [], inspections: {} }, live: new Map(), inspections: new Map(), waiting: null, refused: "",
    looked: false, looking: false, catalog: props.catalog,
  };
  let opened = false, drawing = 0;
  const redraw = () => {
    cancelAnimationFrame(drawing);
    drawing = requestAnimationFrame(() => draw(find, state));
  };
  const refresh = async () => {
    const known = state.own ? null : recordedFor(state.recorded.rounds, state.choice);
    const found = state.live.get(keyFor(state)) ?? known;
    const changed = found !== state.reading;
    if (changed) {
      state.readings = found?.sheet ? await cutSheet(found.sheet, found.tiles.length) : [];
      state.reading = found;
    }
    state.chosen = Math.min(state.chosen, state.choice.batch - 1);
    options(state, find, room);
    if (changed) light(state, redraw);
    redraw();
  };
  const room = {
    state, redraw, refresh,
    async open() {
      if (opened) return redraw();
      opened = true;
      const told = await server.cheat_recorded({});
      state.recorded = { rounds: told.runs, inspections: told.inspections };
      if (told.photos) state.photos = await cutSheet(told.photos, told.photos.count);
      room.given = state.photos;
      await refresh();
    },
    /** @type {Place[]} */
    given: [],
    /** @param {Partial<Choice>} changes */
    choose(changes) {
      Object.assign(state.choice, changes);
      state.refused = "";
      return refresh();
    },
    run: () => ask(state, trigger, redraw),
    stop() {
      if (state.waiting) server.cheat_stop({ id: state.waiting.id });
    },
    /** @param {any} message */
    receive(message) {
      hear(state, message);
      return refresh();
    },
    async inspect() {
      state.looked = true;
      await inspection(state, server, redraw);
    },
  };
  return room;
}

/** @typedef {ReturnType<typeof scene>} Room */

/** Let what was read light up, one after another. @param {State} state @param {() => void} redraw */
function light(state, redraw) {
  const { reading } = state, count = reading?.tiles.length ?? 0, began = performance.now();
  const step = (/** @type {number} */ now) => {
    if (state.reading !== reading) return;
    state.lit = calm() ? count : Math.min(count, Math.ceil((count * (now - began)) / LIGHTING));
    redraw();
    if (state.lit < count) requestAnimationFrame(step);
  };
  state.lit = 0;
  requestAnimationFrame(step);
}

/** Ask the server for this round. */
function ask(
  /** @type {State} */ state, /** @type {import("../../lib/page.js").Context["trigger"]} */ trigger,
  /** @type {() => void} */ redraw,
) {
  const id = `${Date.now()}-${Math.round(1e9 * Math.random())}`;
  state.waiting = { id, key: keyFor(state), text: t("cheat.working") };
  state.refused = "";
  const own = state.own?.slice(0, state.choice.batch) ?? null;
  trigger("run", { id, choice: state.choice, pictures: own?.map(data => ({ data })) ?? null });
  redraw();
}

/** @param {State} state @param {any} message */
function hear(state, message) {
  const run = message?.run;
  if (!run || !state.waiting || message.request !== state.waiting.id) return;
  if (run.state === "queued") state.waiting.text = t("cheat.queued", { place: run.place, wait: run.wait });
  else if (run.state === "working") state.waiting.text = t("cheat.working");
  else {
    if (run.state === "done") state.live.set(state.waiting.key, run.reading);
    else state.refused = run.message ?? "";
    state.waiting = null;
  }
}

/** Look at the model, if nobody did with these photographs. */
async function inspection(
  /** @type {State} */ state, /** @type {Record<string, (request?: any) => Promise<any>>} */ server,
  /** @type {() => void} */ redraw,
) {
  redraw();
  if (inspectionOf(state) || !state.catalog.served) return;
  const key = inspectionKey(state);
  state.looking = true;
  const told = await server.cheat_inspect({
    choice: state.choice, pictures: state.own?.slice(0, 8).map(data => ({ data })) ?? null,
  });
  state.looking = false;
  if (told.error) toast(told.error);
  else state.inspections.set(key, told.inspection);
  redraw();
}

/** @param {Room} room @param {(name: string) => any} find */
function controls(room, find) {
  const { catalog } = room.state;
  const named = (/** @type {string} */ kind) => (/** @type {any} */ value) => t(`cheat.${kind}_${value}`);
  segments(find("server"), catalog.servers, named("server"), value => {
    room.choose({ server: value }).then(() => { if (room.state.looked) room.inspect(); });
  });
  segments(find("clients"), catalog.clients, String, clients => room.choose({ clients }));
  find("noise").max = String(catalog.noises.length - 1);
  find("noise").oninput = () => room.choose({ noise: catalog.noises[Number(find("noise").value)] });
  for (const name of catalog.networks) find("network").append(new Option(t(`cheat.net_${name}`), name));
  find("network").onchange = () => room.choose({ network: find("network").value });
  find("back").onclick = () => emit("show", "explore");
  find("run").onclick = () => room.run();
  find("stop").onclick = () => room.stop();
  find("inspect").onclick = () => room.inspect();
}

/**
 * Which batches are on offer, and what holds.
 * @param {State} state @param {(name: string) => any} find @param {Room} room
 */
function options(state, find, room) {
  const batches = offered(state.catalog.batches, state.own?.length ?? 64), group = find("batch");
  if (group.dataset.offered !== batches.join(" ")) {
    segments(group, batches, String, batch => room.choose({ batch }));
    group.dataset.offered = batches.join(" ");
  }
  for (const name of /** @type {const} */ (["server", "batch", "clients"])) hold(find(name), state.choice[name]);
  find("noise").value = String(state.catalog.noises.indexOf(state.choice.noise));
  find("network").value = state.choice.network;
  drawCheck(find, state);
}

/** One's own photographs. @param {Room} room @param {HTMLElement} root @param {(name: string) => any} find */
function files(room, root, find) {
  const { state } = room, { side } = state.catalog, most = Math.min(64, state.catalog.most);
  pictures({
    target: root, file: find("file"), button: find("drop"), words, most, side,
    wanted: () => document.body.dataset.tab === "cheat",
    taken: async given => {
      const taken = await Promise.all(given.map(one => photograph(one.src, side)));
      state.own = taken.map(one => one.data);
      state.photos = taken.map(one => one.place);
      for (const key of state.live.keys()) if (key.startsWith("own ")) state.live.delete(key);
      room.choose({ batch: taken.length });
    },
    refused: message => toast(message),
  });
  find("given").onclick = () => {
    state.own = null;
    state.photos = room.given;
    room.choose({ batch: FIRST.batch });
  };
}

/** A photograph as it is sent: a square of `side` pixels. @param {string} src @param {number} side */
async function photograph(src, side) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  pen(canvas).drawImage(await image(src), 0, 0, side, side);
  const data = canvas.toDataURL("image/jpeg", QUALITY);
  return { data, place: { image: await image(data), x: 0, y: 0, side } };
}

/**
 * Which photograph is looked at: by pointer on either grid, by the slider.
 * @param {Room} room @param {(name: string) => any} find
 */
function looking(room, find) {
  const look = (/** @type {number | null} */ found) => {
    if (found === null) return;
    room.state.chosen = found;
    room.redraw();
  };
  for (const name of ["photos", "readings"])
    find(name).addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const place = find(name).getBoundingClientRect();
      const x = (event.clientX - place.left) / place.width, y = (event.clientY - place.top) / place.height;
      look(photoAt(x, y, room.state.choice.batch));
    });
  find("which").oninput = () => look(Number(find("which").value) - 1);
}
