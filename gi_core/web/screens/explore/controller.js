/** Explore's state and what happens to it. Every change ends in one drawing in the next animation frame. */

import { runsHere } from "../../engine/scenario.js";
import { toast } from "../../lib/page.js";
import { t } from "../../lib/words.js";
import { picture } from "./atlas.js";
import { player } from "./film.js";
import { decode, recordedFilm, runFilm, truths } from "./films.js";
import * as model from "./model.js";
import { busy, createRunner, IDLE } from "./running.js";
import * as tell from "./telling.js";
import { draw } from "./view.js";

/**
 * @typedef {{
 *   defaults: Record<string, any>, attacks: Record<string, string>, bare: Record<string, string>, [more: string]: any
 * }} Catalog
 *   what explore.py offers
 * @typedef {{ seconds: number | null, wait: number, load: number, learnt: boolean, impossible: string }} Estimate
 * @typedef {{ sent: string, clean: string | null, share: number | null, numel: number | null }} Wire
 * @typedef {Record<string, (request?: any) => Promise<any>>} Server
 * @typedef {{ trigger: (event: string, detail?: any) => void, server: Server }} Line
 */

const KEPT = 12,
  PAUSE = 250,
  AGAIN = 4000;

/** @param {Record<string, any>} catalog */
const start = catalog => ({
  /** @type {model.Choices} */
  choices: {
    network: catalog.networks[0],
    defense: catalog.defenses[0],
    strength: 0,
    mixed: 1,
    own: null,
    expert: {},
    picture: catalog.samples[0].name,
  },
  frame: 0,
  following: true,
  touched: false,
  controlHeld: false,
  /** Whether one's own picture was attacked before, and whether it was lent to the server. */ attacked: false,
  lent: false,
  /** @type {number | null} */ flag: null,
  /** @type {number | null} */ ghost: null,
  /** @type {number | null} */ dragged: null,
});

/**
 * Seconds with the control: as finished runs of this kind took here, else as the recording did, else as a probe says.
 * @param {model.Cell | null} cell @param {Estimate | undefined} estimate
 */
function secondsOf(cell, estimate) {
  if (estimate?.learnt || !cell) return estimate?.seconds ?? null;
  return (estimate?.load ?? 1) * 2 * cell.seconds + 1;
}

/** Fields of the drawer that choices on the stage speak for. @type {Record<string, string>} */
const SPOKEN = { network: "model", mixed: "batch_size", defense: "defense", strength: "defense" };

/** @param {Record<string, string>} expert @param {Record<string, any>} changes */
const without = (expert, changes) =>
  Object.fromEntries(Object.entries(expert).filter(([name]) => !Object.keys(changes).some(c => SPOKEN[c] === name)));

const LONG = 60;

/** Whether it is worth to look at a recorded run instead. @param {Estimate | undefined} estimate */
const slow = estimate => Boolean(estimate && (estimate.impossible || (estimate.seconds ?? LONG) >= LONG));

/** @param {CanvasImageSource} image */
const sideOf = image => Number(/** @type {{ width: number }} */ (image).width);

export class Controller {
  /**
   * @param {(name: string) => any} find @param {Catalog} catalog
   * @param {ReturnType<typeof import("./atlas.js").openAtlas>} atlas
   */
  constructor(find, catalog, atlas) {
    this.find = find;
    this.catalog = catalog;
    this.atlas = atlas;
    this.state = start(catalog);
    this.samples = catalog.samples.map((/** @type {any} */ s) => s.name);
    /** @type {Map<string, CanvasImageSource>} */ this.truths = new Map();
    /** @type {Map<string, import("./films.js").Film>} */ this.finished = new Map();
    /** @type {Map<string, Estimate>} */ this.estimates = new Map();
    /** @type {Map<string, Wire>} */ this.wires = new Map();
    /** @type {Line | null} */ this.line = null;
    /** @type {((look: import("./view.js").Look) => void)[]} */ this.drawn = [];
    /** Choices that a teacher's link holds. @type {Set<string>} */ this.locked = new Set();
    /** The room of a class that follows. @type {{ code: string, key: string } | null} */ this.room = null;
    /** What a guest does with messages. @type {((message: any) => Promise<void>) | null} */ this.guest = null;
    /** What waits for the page to stand in its place. @type {(() => void)[]} */ this.connected = [];
    this.waiting = this.asking = 0;
    this.chain = Promise.resolve();
    this.runner = createRunner({
      line: () =>
        this.line && {
          trigger: this.line.trigger,
          stop: id => this.line?.server.stop_run({ id }) ?? Promise.resolve(),
        },
      changed: () => this.settle(),
      word: t,
    });
    this.player = player(
      frame => {
        this.state.frame = frame;
        this.refresh();
      },
      () => this.refresh(),
    );
  }

  /** What the choices come to: the recorded set and cell, the request, and which film is on. */
  subject() {
    const { choices } = this.state,
      set = model.setOf(this.atlas.sets, choices);
    const cell = model.cellOf(set, choices.strength),
      settings = model.settingsOf(choices, cell, this.catalog);
    const pictures = model.picturesOf(choices, set, this.samples, Number(settings.batch_size)),
      key = model.keyOf(settings, pictures);
    const running = this.runner.state.key === key ? this.runner.state : IDLE;
    return { set, cell, settings, pictures, key, running, film: this.filmOf(set, cell, key, running) };
  }

  /**
   * @param {model.AtlasSet | null} set @param {model.Cell | null} cell @param {string} key
   * @param {import("./running.js").Running} running
   */
  filmOf(set, cell, key, running) {
    if (running.run?.frames?.length) return runFilm(running.run, running.phase === "replay" ? "replay" : "live");
    const before = busy(running) ? null : this.finished.get(key);
    if (before) return before;
    if (busy(running) && running.phase !== "starting") return null;
    return set && cell && this.atlas.ready(set) ? recordedFilm(this.atlas, set, cell) : null;
  }

  /** @param {ReturnType<Controller["subject"]>} now @returns {import("./view.js").Look} */
  look(now) {
    const { state, catalog } = this,
      { film } = now,
      estimate = this.estimates.get(JSON.stringify(now.settings));
    const wire = film?.band
      ? { ...film.band, share: film.share, numel: film.numel }
      : (this.wires.get(now.key) ?? null);
    const truth = now.pictures.map((p, i) => {
      const image = this.truths.get("sample" in p ? p.sample : p.data);
      return film?.truth(i) ?? (image ? { image, x: 0, y: 0, side: sideOf(image) } : null);
    });
    const last = Math.max(0, (film?.frames.length ?? 1) - 1);
    const here = !this.room && runsHere(now.settings, catalog.side, Object.keys(catalog.inverters?.parts ?? {})),
      where = here ? "device" : catalog.served ? "server" : null;
    return {
      ...state,
      film,
      truth,
      stops: model.stopsOf(now.set, state.choices.defense),
      running: now.running,
      wire,
      frame: now.running.phase === "starting" ? 0 : Math.max(0, Math.min(state.frame, last)),
      seconds: secondsOf(now.cell, estimate),
      where,
      wait: where === "server" ? (estimate?.wait ?? 0) : 0,
      impossible: where ? (estimate?.impossible ?? "") : t("explore.no_server"),
      hides: model.hidden(now.set),
      price: model.priceOf(now.set, model.hidden(now.set)),
      nearest: film || !slow(estimate) ? null : this.nearest(now.settings),
      playing: this.player.playing,
      phone: innerWidth < 768,
      side: catalog.side,
    };
  }

  refresh() {
    if (!this.waiting) this.waiting = requestAnimationFrame(() => this.redraw());
  }

  redraw() {
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
    const look = this.look(this.subject());
    draw(this.find, look);
    this.drawn.forEach(also => also(look));
  }

  /** After a step of the run: follow its newest frame, keep what it ended with, play a replay. */
  settle() {
    const now = this.subject(),
      { running, film } = now,
      frames = running.run?.frames?.length ?? 0;
    if (this.state.following && frames && !this.player.playing) this.state.frame = frames - 1;
    const ended = ["done", "stopped", "replay"].includes(running.phase) && film;
    if (ended) {
      this.state.attacked = Boolean(this.state.choices.own);
      this.estimates.delete(JSON.stringify(now.settings));
      this.arrive();
      this.finished.set(now.key, ended);
      if (this.finished.size > KEPT) this.finished.delete(/** @type {string} */ (this.finished.keys().next().value));
    }
    this.redraw();
    if (running.phase === "replay" && ended) this.player.play(frames);
  }

  /** Change what is chosen, but for what a teacher's link holds. @param {Partial<model.Choices>} changes */
  choose(changes) {
    return this.take(Object.fromEntries(Object.entries(changes).filter(([name]) => !this.locked.has(name))));
  }

  /**
   * Take choices up: the pictures at once, then what has to be loaded or asked for.
   * @param {Partial<model.Choices>} changes
   */
  take(changes) {
    const { state } = this;
    this.player.stop();
    const others = ["picture", "own", "mixed"].some(name => name in changes);
    const expert = "expert" in changes ? {} : { expert: without(state.choices.expert, changes) };
    Object.assign(state.choices, others ? { batch: null } : {}, expert, changes);
    if ("defense" in changes) {
      state.flag = state.ghost = null;
      state.choices.strength = changes.strength ?? 0;
    }
    const stops = model.stopsOf(model.setOf(this.atlas.sets, state.choices), state.choices.defense);
    state.choices.strength = model.closest(state.choices.defense, stops, state.choices.strength);
    state.frame = Number.MAX_SAFE_INTEGER;
    state.following = true;
    this.refresh();
    return this.arrive();
  }

  /** The recorded run most like what is chosen, in words and as choices. @param {Record<string, any>} settings */
  nearest(settings) {
    const { choices } = this.state,
      set = model.nearestSet(this.atlas.sets, choices, String(settings.model));
    if (!set) return null;
    const { network, defense, mixed } = set,
      kept = defense === choices.defense ? choices.strength : 0,
      strength = model.closest(defense, set.strengths, kept),
      pictures = t("explore.of_pictures", { n: mixed }),
      label = [t(`explore.network_${network}`), tell.strength(defense, strength), pictures];
    const there = { network, defense, mixed, strength, picture: set.pictures[0], own: null, expert: {} };
    return { label: label.join(", "), choices: there };
  }

  /** Load what the choices need, ask the server what it can tell of them. */
  async arrive() {
    const { set } = this.subject();
    if (set && !(this.atlas.ready(set) && set.cells)) {
      await this.atlas.load(set).catch(() => toast(t("explore.not_loaded")));
      this.refresh();
    }
    clearTimeout(this.asking);
    if (this.state.dragged !== null) return;
    this.asking = window.setTimeout(() => this.ask(), PAUSE);
  }

  async ask() {
    const { settings, pictures, key, film } = this.subject(),
      named = JSON.stringify(settings),
      server = this.line?.server;
    if (!server?.explore_estimate) return;
    if (!film && !this.state.choices.own && !this.wires.has(key))
      server.explore_update({ settings, pictures }).then(told => {
        if (told && !told.error) this.wires.set(key, told);
        this.refresh();
      }, () => {});
    if (this.estimates.has(named)) return;
    const told = await server.explore_estimate({ settings });
    const { seconds = null, wait = 0, load = 1, learnt = false, error = "" } = told ?? {};
    this.estimates.set(named, { seconds, wait, load, learnt, impossible: error });
    if (told?.slow) setTimeout(() => this.askAgain(named), AGAIN);
    this.refresh();
  }

  /**
   * Nobody knew how long these settings take: by now others may have run, or the machine has less to do.
   * @param {string} named
   */
  askAgain(named) {
    this.estimates.delete(named);
    if (JSON.stringify(this.subject().settings) === named) this.ask();
  }

  /** The server is there. @param {Line["trigger"]} trigger @param {Line["server"]} server */
  connect(trigger, server) {
    this.line = { trigger, server };
    this.runner.connected();
    this.connected.splice(0).forEach(act => act());
    this.arrive();
    this.refresh();
  }

  /** @param {any} message */
  receive(message) {
    const { guest } = this;
    if (guest) {
      if (message) this.chain = this.chain.then(() => guest(message)).catch(() => toast(t("explore.not_loaded")));
      return;
    }
    if (!message?.run) return this.runner.receive(message);
    this.chain = this.chain
      .then(() => decode(message.run))
      .then(
        () => this.runner.receive(message),
        () => toast(t("explore.not_loaded")),
      );
  }

  run() {
    const now = this.subject();
    if (busy(this.runner.state)) this.runner.stop();
    const { impossible, where } = this.look(now);
    if (impossible) return;
    this.state.lent ||= Boolean(this.state.choices.own) && where === "server";
    this.state.following = true;
    this.player.stop();
    this.state.frame = 0;
    const { settings, pictures } = now;
    this.runner.start(now.key, { settings, pictures, ...(this.room ? { room: this.room } : {}) });
    this.redraw();
  }

  stop() {
    this.runner.stop();
  }

  play() {
    const { film } = this.subject();
    if (this.player.playing) this.player.stop();
    else if (film) this.player.play(film.frames.length);
  }

  /** @param {number} frame */
  seek(frame) {
    const last = (this.subject().film?.frames.length ?? 1) - 1;
    this.player.stop();
    this.state.frame = Math.max(0, Math.min(last, frame));
    this.state.following = this.state.frame === last;
    this.refresh();
  }

  /** Show the control's answer in place of the reconstruction. @param {boolean} on */
  holdControl(on) {
    this.state.controlHeld = on && Boolean(this.subject().film?.verdict);
    this.refresh();
  }

  /**
   * Set a field of the Scenario in the drawer; what the wire can say is said there.
   * @param {string} name @param {string} value
   */
  expert(name, value) {
    const mixed = Number(value),
      wire = name === "defense" ? model.wireOf(value, this.atlas.sets, this.catalog.usual) : null;
    if (wire) return this.choose(wire);
    if (name === "model" && this.catalog.networks.includes(value)) return this.choose({ network: value });
    if (name === "batch_size" && model.MIXED.includes(mixed)) return this.choose({ mixed });
    return this.choose({ expert: { ...this.state.choices.expert, [name]: value } });
  }

  /**
   * Choices that stand for these settings: on the wire what it can say, the rest in the drawer.
   * @param {Record<string, any>} settings
   */
  choicesOf(settings) {
    const { defaults, networks } = this.catalog,
      wire = model.wireOf(String(settings.defense ?? "none"), this.atlas.sets, this.catalog.usual);
    const changed = Object.entries(settings).filter(([name, value]) => String(value) !== String(defaults[name]));
    const expert = Object.fromEntries(changed.map(([name, value]) => [name, String(value)]));
    const network = networks.includes(settings.model) ? settings.model : this.state.choices.network;
    const mixed = model.MIXED.includes(Number(settings.batch_size)) ? Number(settings.batch_size) : 1;
    if (network === settings.model) delete expert.model;
    if (mixed === Number(settings.batch_size)) delete expert.batch_size;
    if (wire) delete expert.defense;
    return { network, mixed, expert, ...wire };
  }

  /**
   * Take up the settings of an address; where they are those of a recorded cell, the cell itself.
   * @param {Record<string, any>} settings @param {string | null} [picture] a sample's name
   */
  async adopt(settings, picture) {
    const sample = this.samples.includes(picture) ? { picture: String(picture), own: null } : {},
      taken = { ...this.choicesOf(settings), ...sample },
      plain = { ...this.state.choices, ...taken, expert: {}, batch: null },
      set = model.setOf(this.atlas.sets, plain);
    if (set) await this.atlas.load(set).catch(() => {});
    const cell = model.cellOf(set, plain.strength),
      { defaults } = this.catalog,
      same = cell && model.equal({ ...defaults, ...settings }, { ...defaults, ...cell.scenario });
    return this.take(same ? { ...taken, expert: {} } : taken);
  }

  /**
   * Put a run from elsewhere on the stage, with its own pictures.
   * @param {Record<string, any>} run as payload.py writes it
   */
  async open(run) {
    if (!run.frames) return this.adopt(run.scenario ?? run.settings);
    await decode(run);
    await this.place(run);
    this.finished.set(this.subject().key, runFilm(run, "replay"));
    this.state.frame = 0;
    this.play();
    this.refresh();
  }

  /** Choose what a run was run with. @param {Record<string, any>} run */
  async place(run) {
    const known = run.pictures.every((/** @type {string} */ name) => this.samples.includes(name)),
      batch = known ? run.pictures : await truths(run);
    await Promise.all(
      batch.map(async (/** @type {string} */ name) => {
        if (!this.truths.has(name)) this.truths.set(name, await picture(name));
      }),
    );
    this.take({ ...this.choicesOf(run.scenario), own: null, picture: known ? batch[0] : this.samples[0], batch });
  }

  /** Some stops to the right. @param {number} by */
  step(by) {
    const stops = this.stops(),
      at = stops.indexOf(this.state.choices.strength);
    this.state.touched = true;
    return this.choose({ strength: stops[Math.max(0, Math.min(stops.length - 1, at + by))] });
  }

  stops() {
    return model.stopsOf(model.setOf(this.atlas.sets, this.state.choices), this.state.choices.defense);
  }

  /** Take one's own pictures. @param {string[]} given data addresses */
  async own(given) {
    await Promise.all(given.map(async src => this.truths.set(src, await picture(src))));
    for (const old of this.state.choices.own ?? []) if (!given.includes(old)) this.truths.delete(old);
    this.state.attacked = this.state.lent = false;
    return this.choose({ own: given });
  }

  setUp() {
    const { settings, pictures } = this.subject();
    return { settings, pictures: /** @type {any} */ (pictures) };
  }

  /** What differs from a plain Scenario, as an address's query. */
  query() {
    const { settings } = this.subject(),
      { defaults } = this.catalog;
    const changed = Object.entries(settings).filter(([name, value]) => value !== defaults[name]),
      { picture: shown, own } = this.state.choices,
      query = new URLSearchParams(changed.map(([name, value]) => [name, String(value)]));
    if (!own && shown !== this.samples[0]) query.set("picture", shown);
    return query.toString();
  }

  address() {
    const room = document.body.dataset.tab ?? "explore",
      query = new URLSearchParams(this.query());
    if (room !== "explore") query.set("tab", room);
    return `${location.href.split("?")[0]}${query.size ? `?${query}` : ""}`;
  }
}
