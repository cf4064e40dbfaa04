/** Pointers, keys and files: what people do, passed on to the controller. */

import { emit, on } from "../../lib/bus.js";
import { toast } from "../../lib/page.js";
import { t, words } from "../../lib/words.js";
import { Drawer } from "./drawer.js";
import { pictures } from "./drop.js";
import { cropper } from "./crop.js";
import { Lesson } from "./lesson.js";
import { hold } from "./locks.js";
import { MIXED, magnetic, nearest, stopsOf } from "./model.js";
import { Share } from "./share.js";
import { wireRuler } from "./wire.js";

/** @typedef {import("./controller.js").Controller} Controller */

const visible = () => (document.body.dataset.tab ?? "explore") === "explore";

/**
 * @param {HTMLElement} root @param {(name: string) => any} find @param {Controller} control
 * @param {Record<string, any>} catalog
 */
export function listen(root, find, control, catalog) {
  knob(find, control);
  choices(find, control);
  replay(find, control);
  holds(find, control);
  files(root, find, control, catalog);
  arrange(root, find, control);
  window.addEventListener("keydown", event => key(event, control));
  find("run").onclick = () => {
    control.run();
    focusOn(find("stop"));
  };
  find("stop").onclick = () => {
    control.stop();
  };
  const lesson = new Lesson(root, find, control),
    drawer = new Drawer(root, find, control);
  find("nearest").onclick = () => {
    const found = control.nearest(control.subject().settings);
    if (found) control.choose(found.choices);
  };
  find("lesson").onclick = () => lesson.show(0);
  find("expert").onclick = () => drawer.show(!drawer.open);
  find("how").onclick = () => drawer.show(true, "how");
  find("cheats").onclick = () => emit("show", "cheat");
  window.addEventListener("keydown", event => {
    if (aside(event)) return;
    if (lesson.key(event.key.length === 1 ? event.key.toLowerCase() : event.key)) return event.preventDefault();
    if (event.key.toLowerCase() === "e") drawer.show(!drawer.open);
    else if (event.key === "Escape" && drawer.open) drawer.show(false);
  });
  const query = new URLSearchParams(location.search);
  new Share(root, control);
  arrive(query.get("tab"), { lesson, drawer, control });
  hold(find, drawer.box, control, query);
  find("keep").onclick = () => {
    const set = control.setUp();
    emit("lane", { ...set, run: control.subject().film?.run ?? undefined });
    toast(t("explore.kept"));
  };
  on("theme", () => control.refresh());
  window.addEventListener("resize", () => control.refresh());
}

/**
 * Where addresses of earlier pages lead. @param {string | null} tab
 * @param {{ lesson: Lesson, drawer: Drawer, control: Controller }} parts
 */
function arrive(tab, { lesson, drawer, control }) {
  if (tab === "lesson") lesson.show(0);
  if (tab === "anatomy") drawer.view("layers");
  if (tab === "lab" && innerWidth >= 1200) drawer.show(true);
  if (tab !== "dial") return;
  control.take({ strength: 0.01 });
  drawer.view("passes");
}

/** A hidden button loses the focus; its stand-in takes it. @param {HTMLElement} button */
function focusOn(button) {
  if (!button.hidden && (document.activeElement === document.body || document.activeElement?.closest(".runbox")))
    button.focus();
}

/** @param {(name: string) => any} find @param {Controller} control */
function knob(find, control) {
  const { state } = control,
    stops = () => stopsOf(control.subject().set, state.choices.defense);
  wireRuler({
    ruler: find("ruler"),
    input: find("noise"),
    flagless: () => state.flag === null && !find("flag").hidden,
    drag(percent) {
      const { defense } = state.choices,
        strength = nearest(defense, stops(), percent);
      state.touched = true;
      state.ghost = null;
      state.dragged = magnetic(defense, stops(), percent);
      find("knob").classList.add("held");
      if (strength !== state.choices.strength) control.choose({ strength });
      else control.refresh();
    },
    drop() {
      state.dragged = null;
      find("knob").classList.remove("held");
      control.refresh();
      control.arrive();
    },
    plant(percent) {
      state.flag = nearest(state.choices.defense, stops(), percent);
      state.ghost = null;
      control.refresh();
    },
    hover(percent) {
      if (state.flag === null) {
        state.ghost = percent;
        control.refresh();
      }
    },
    step(index) {
      state.touched = true;
      control.choose({ strength: stops()[index] });
    },
  });
}

/** @param {(name: string) => any} find @param {Controller} control */
function choices(find, control) {
  for (const name of ["network", "defense", "picture"])
    find(name).onchange = () =>
      control.choose({ [name]: find(name).value, ...(name === "picture" ? { own: null } : {}) });
  const group = find("pictures");
  const mix = (/** @type {number} */ n, focus = false) => {
    control.choose({ mixed: n });
    for (const button of group.children) {
      const on = Number(button.dataset.n) === n;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on ? 0 : -1;
      if (on && focus) button.focus();
    }
  };
  group.onclick = (/** @type {MouseEvent} */ event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button");
    if (button) mix(Number(button.dataset.n));
  };
  group.onkeydown = (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    mix(MIXED[(MIXED.indexOf(control.state.choices.mixed) + by + MIXED.length) % MIXED.length], true);
  };
  Object.assign(control, { mix });
}

/** @param {(name: string) => any} find @param {Controller} control */
function replay(find, control) {
  find("play").onclick = () => control.play();
  find("scrub").oninput = () => control.seek(Number(find("scrub").value));
  find("thumbs").onclick = (/** @type {MouseEvent} */ event) => {
    const box = /** @type {HTMLElement} */ (event.target).closest("[data-frame]");
    if (box instanceof HTMLElement && box.dataset.frame) control.seek(Number(box.dataset.frame));
  };
}

/**
 * Press and hold: the difference on the left, the control on the right.
 * @param {(name: string) => any} find @param {Controller} control
 */
function holds(find, control) {
  const show = {
    difference: (/** @type {boolean} */ on) => {
      find("private").classList.toggle("difference-held", on && Boolean(control.subject().film));
    },
    control: (/** @type {boolean} */ on) => {
      control.holdControl(on);
    },
  };
  /** @param {HTMLElement} box @param {keyof typeof show} name */
  const held = (box, name) => {
    box.addEventListener("pointerdown", event => {
      if (event.target instanceof HTMLElement && event.target.closest(".drop, .cropping")) return;
      show[name](true);
      const up = () => {
        show[name](false);
        removeEventListener("pointerup", up);
        removeEventListener("pointercancel", up);
      };
      addEventListener("pointerup", up);
      addEventListener("pointercancel", up);
    });
    box.addEventListener("keydown", event => {
      if (["Enter", " "].includes(event.key)) {
        event.preventDefault();
        event.stopPropagation();
        show[name](true);
      }
    });
    box.addEventListener("keyup", event => {
      if (["Enter", " "].includes(event.key)) show[name](false);
    });
    box.addEventListener("blur", () => show[name](false));
    box.addEventListener("contextmenu", event => {
      if (event.target !== find("truth")) event.preventDefault();
    });
  };
  held(find("hold-difference"), "difference");
  held(find("hold-control"), "control");
  held(find("attacked"), "control");
  held(find("ctl"), "control");
  held(find("private"), "difference");
  Object.assign(control, { hold: show });
  window.addEventListener("keyup", event => {
    if (event.key.toLowerCase() === "c") show.control(false);
    if (event.key.toLowerCase() === "d") show.difference(false);
  });
}

/**
 * @param {HTMLElement} root @param {(name: string) => any} find @param {Controller} control
 * @param {Record<string, any>} catalog
 */
function files(root, find, control, catalog) {
  const crop = cropper(find, catalog.side, given => control.own(given));
  pictures({
    target: root,
    file: find("file"),
    button: find("drop"),
    wanted: visible,
    words,
    taken: given => crop.take(given),
    refused: message => toast(message),
  });
}

/**
 * The phone's order: the sentence under the pair, the wire in a dock at the thumb.
 * @param {HTMLElement} root @param {(name: string) => any} find @param {Controller} control
 */
function arrange(root, find, control) {
  const narrow = matchMedia("(max-width: 767px)"),
    dock = document.createElement("div");
  dock.className = "dock";
  const home = ["prompt", "bandbox", "ruler"].map(name => find(name)),
    wire = find("wire"),
    story = root.querySelector(".story");
  const change = () => {
    if (narrow.matches) {
      find("attacked").after(find("headline"));
      dock.append(...home);
      find("stage").append(dock);
      find("film").before(find("verdict-row"));
    } else {
      story?.append(find("headline"));
      wire.prepend(...home);
      dock.remove();
      find("film").after(find("verdict-row"));
    }
    control.refresh();
  };
  narrow.addEventListener("change", change);
  if (narrow.matches) change();
}

/** Whether a key is meant for something else: another room, a text, the browser. @param {KeyboardEvent} event */
function aside(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const typing = "select, textarea, [contenteditable], input:not([type=range]):not([type=checkbox])";
  return !visible() || event.ctrlKey || event.metaKey || event.altKey || Boolean(target.closest?.(typing));
}

/** @param {KeyboardEvent} event @param {Controller} control */
function key(event, control) {
  if (aside(event)) return;
  const target = /** @type {HTMLElement} */ (event.target),
    { state } = control;
  const frames = event.shiftKey && /^Arrow(Left|Right)$/.test(event.key);
  const actions = /** @type {Record<string, () => void>} */ ({
    " ": () => {
      if (!target.closest("button")) control.play();
      else return;
    },
    c: () => {
      if (!event.repeat) /** @type {any} */ (control).hold.control(true);
    },
    d: () => {
      if (!event.repeat) /** @type {any} */ (control).hold.difference(true);
    },
    r: () => control.run(),
    s: () => control.stop(),
    f: () => {
      state.flag = state.choices.strength;
      control.refresh();
    },
    m: () => /** @type {any} */ (control).mix(MIXED[(MIXED.indexOf(state.choices.mixed) + 1) % MIXED.length]),
    1: () => control.choose({ strength: 0 }),
    2: () => stop(control, 1e-3),
    3: () => stop(control, 0.01),
    ArrowLeft: () => (frames ? control.seek(state.frame - 1) : control.step(-1)),
    ArrowRight: () => (frames ? control.seek(state.frame + 1) : control.step(1)),
    Home: () => control.seek(0),
    End: () => control.seek(Number.MAX_SAFE_INTEGER),
  });
  const act = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || (event.key === " " && target.closest("button"))) return;
  if (target.matches("input[type=range]") && !event.shiftKey && /^(Arrow|Home|End)/.test(event.key)) return;
  event.preventDefault();
  act();
}

/** @param {Controller} control @param {number} strength */
function stop(control, strength) {
  const { defense } = control.state.choices,
    stops = stopsOf(control.subject().set, defense);
  control.choose({
    strength:
      defense === "noise"
        ? nearest(defense, stops, 14 + (86 * (Math.log10(strength) + 4)) / 4)
        : stops[Math.min(stops.length - 1, strength > 1e-3 ? 4 : 2)],
  });
}
