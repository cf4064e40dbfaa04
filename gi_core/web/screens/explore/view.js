/** Draws what is looked at: pictures, band, knob, film, numbers, verdict. Reads the state, changes only the page. */

import { escape, whole } from "../../lib/format.js";
import { icon } from "../../lib/icons.js";
import { refusal } from "../../lib/refusals.js";
import { standing } from "../../lib/verdict.js";
import { t, words } from "../../lib/words.js";
import { gain, labelled, layout, MIXED, place, proven, spread } from "./model.js";
import { contrast, drawBand, sheet } from "./stage.js";
import * as tell from "./telling.js";

/**
 * @typedef {import("./films.js").Film} Film
 * @typedef {object} Look all that one drawing needs
 * @property {import("./model.js").Choices} choices
 * @property {number[]} stops @property {Film | null} film @property {number} frame
 * @property {import("./running.js").Running} running whether of these choices
 * @property {(import("./atlas.js").Tile | null)[]} truth
 * @property {import("./controller.js").Wire | null} wire
 * @property {number | null} seconds @property {number} wait seconds in line before it begins
 * @property {string} impossible a reason why it can't run here
 * @property {"device" | "server" | null} where a run would be computed
 * @property {number | null} flag @property {number | null} ghost percent @property {number | null} dragged percent
 * @property {number | null} hides @property {import("./model.js").Price | null} price of hiding, in accuracy
 * @property {{ label: string } | null} nearest a recorded run to look at instead of a slow one
 * @property {boolean} controlHeld @property {boolean} playing @property {boolean} phone
 * @property {boolean} attacked whether one's own picture was attacked @property {boolean} lent whether a server had it
 * @property {boolean} touched @property {number} side @property {boolean} following
 */

/**
 * Set a text only where it differs, so that nothing is announced or laid out twice.
 * @param {HTMLElement} node @param {string} html
 */
function put(node, html) {
  if (node.dataset.said !== html) {
    node.innerHTML = html;
    node.dataset.said = html;
  }
}

/** @param {(name: string) => any} find @param {Look} look */
export function draw(find, look) {
  drawPair(find, look);
  drawWire(find, look);
  drawFilm(find, look);
  drawNumbers(find, look);
  drawVerdict(find, look);
}

const BUSY = ["starting", "queued", "running", "judging"];
/** @param {Look} look */
const busy = look => BUSY.includes(look.running.phase);

/** Where one's own picture is. @param {Look} look */
function owned(look) {
  if (look.where === "server" && busy(look)) return "explore.lent";
  return look.lent ? "explore.was_lent" : "explore.still_here";
}

/** The veil's words, or null where there is something to see. @param {Look} look */
function veiled({ film, choices, running, attacked }) {
  if (film || BUSY.includes(running.phase)) return null;
  return choices.own && !attacked
    ? ["explore.veil_own", "explore.veil_own_note"]
    : ["explore.veil_unrun", "explore.veil_unrun_note"];
}

/** @param {(name: string) => any} find @param {Look} look */
function drawPair(find, look) {
  const { choices, film, frame, truth, running } = look,
    many = choices.mixed > 1 ? "_many" : "",
    own = choices.own;
  sheet(find("truth"), truth);
  const tiles = film ? truth.map((_, i) => (look.controlHeld ? film.control(i) : film.tile(frame, i))) : [];
  if (film) sheet(find("guess"), tiles);
  else if (busy(look)) noise(find("guess"), truth.length, look.side);
  if (film) contrast(find("difference"), find("truth"), find("guess"));
  const veil = veiled(look);
  find("veil").hidden = !veil;
  if (veil) {
    put(find("veil-title"), t(veil[0]));
    put(find("veil-note"), t(veil[1]));
  }
  find("attacked").classList.toggle("control-held", look.controlHeld && Boolean(film));
  put(find("own-title"), t((own ? "explore.own_title" : "explore.private_title") + many));
  put(find("own-note"), t(own ? owned(look) : "explore.stays" + many));
  put(
    find("mid-title"),
    t(document.body.classList.contains("projector") ? "explore.update_short" : "explore.update_title"),
  );
  put(
    find("numbers"),
    look.wire?.numel ? t("explore.numbers", { n: whole(look.wire.numel) }) : t("explore.not_computed"),
  );
  put(
    find("guess-title"),
    t(look.phone ? "explore.guess_title_short" : look.controlHeld ? "explore.control" : "explore.guess_title"),
  );
  put(find("guess-note"), film ? t(busy(look) ? "explore.so_far" : "explore.from_update") : "");
  put(find("size-note"), t(own ? "explore.shrunk" : "explore.size", { side: look.side }));
  const level = film?.verdict ? standing(film.verdict) : null,
    name = level === null ? "" : t(`explore.word_${level}`);
  find("guess").setAttribute(
    "aria-label",
    film ? t("explore.guess_alt", { word: name, step: film.frames[frame]?.step ?? 0 }) : t("explore.guess_none"),
  );
  find("truth").setAttribute("aria-label", t(own ? "explore.own_alt" : "explore.truth_alt", { name: choices.picture }));
  find("stage").dataset.state = veil ? (own ? "own" : "unrun") : running.phase;
}

let seed = 1;
/**
 * Noise to start from, while the first frame is on its way.
 * @param {HTMLCanvasElement} canvas @param {number} count @param {number} side
 */
function noise(canvas, count, side) {
  const made = layout(count).side * side,
    drawn = canvas.getContext("2d");
  if (!drawn) return;
  canvas.width = canvas.height = made;
  const pixels = drawn.createImageData(made, made);
  for (let i = 0; i < pixels.data.length; i++) {
    seed = (1664525 * seed + 1013904223) % 4294967296;
    pixels.data[i] = i % 4 === 3 ? 255 : seed >>> 24;
  }
  drawn.putImageData(pixels, 0, 0);
}

/** @param {(name: string) => any} find @param {Look} look */
function drawWire(find, look) {
  const { choices, stops, film, dragged } = look,
    { defense, strength } = choices;
  const level = film?.verdict ? standing(film.verdict) : null,
    at = dragged ?? place(defense, stops, strength);
  find("bandbox").classList.toggle("empty", !look.wire);
  if (look.wire)
    drawBand(
      find("band"),
      look.wire,
      look.phone ? 0 : parseInt(getComputedStyle(find("explore")).getPropertyValue("--lead")),
    );
  find("band").setAttribute(
    "aria-label",
    look.wire?.numel ? t("explore.band_alt", { n: whole(look.wire.numel) }) : t("explore.not_computed"),
  );
  find("knob").style.left = at + "%";
  find("track").style.width = `calc(${at}% + ${16 - at * 0.32}px)`;
  find("bound").style.width = `calc(${100 - place(defense, stops, proven(choices.mixed))}% + 16px)`;
  find("bound").hidden = find("never").hidden = defense !== "noise";
  find("chev").style.left = `calc(${at}% + 24px)`;
  find("chev").hidden = look.touched || !film || strength !== 0;
  drawFlag(find("flag"), look);
  const [ask, note] = tell.prompt(choices, busy(look) ? null : level, look.flag, look.hides, look.price);
  put(find("ask"), busy(look) ? t("explore.live") : ask);
  put(find("ask-note"), busy(look) ? t("explore.live_note") : note);
  const [read, readNote] = tell.readout(choices, look.wire?.share ?? null);
  for (const row of find("keys3").children)
    row.classList.toggle("on", defense === "noise" && strength === [0, 0.001, 0.01][Number(row.dataset.key) - 1]);
  for (const name of ["network", "defense", "picture"])
    find(name).value = choices[/** @type {"network"} */ (name)];
  for (const button of find("pictures").children) {
    const on = Number(button.dataset.n) === choices.mixed;
    button.setAttribute("aria-checked", String(on));
    button.tabIndex = on ? 0 : -1;
  }
  put(find("network-name"), t(`explore.name_${choices.network}`));
  put(find("read"), read);
  put(find("read-note"), readNote);
  const input = find("noise");
  input.max = stops.length - 1;
  input.value = stops.indexOf(strength);
  input.setAttribute("aria-label", t(`explore.slider_${defense}`));
  input.setAttribute(
    "aria-valuetext",
    `${tell.strength(defense, strength)}: ${t(level === null ? "explore.word_unrun" : `explore.word_${level}`)}`,
  );
  drawTicks(find("ticks"), look);
}

/** @param {HTMLElement} node @param {Look} look */
function drawFlag(node, { choices, stops, flag, ghost, film, running }) {
  const { defense, mixed, own } = choices,
    at =
      flag === null
        ? (ghost ?? place(defense, stops, defense === "noise" ? 0.03 : stops[Math.floor(stops.length / 2)]))
        : place(defense, stops, flag);
  node.hidden = Boolean(own) || mixed > 1 || !film || BUSY.includes(running.phase);
  node.classList.toggle("ghost", flag === null);
  node.classList.toggle("flip", at > 60);
  node.style.left = at + "%";
  put(/** @type {HTMLElement} */ (node.firstElementChild), t(flag === null ? "explore.flag_ask" : "explore.flag"));
}

/** @param {HTMLElement} box @param {Look} look */
function drawTicks(box, { choices, stops }) {
  const { defense, strength } = choices,
    marks = labelled(defense, stops);
  put(
    box,
    marks
      .map(
        s =>
          `<span class="tick" data-s="${s}" style="left:${place(defense, stops, s)}%">${tell.tick(defense, s)}</span>`,
      )
      .join(""),
  );
  for (const mark of box.children)
    mark.classList.toggle("on", Number(/** @type {HTMLElement} */ (mark).dataset.s) === strength);
}

/** @param {(name: string) => any} find @param {Look} look */
function drawFilm(find, look) {
  const { film, frame, truth } = look,
    strip = [...find("thumbs").querySelectorAll("canvas")];
  const shown = film ? film.frames.length : 0,
    want = film ? spread(shown, strip.length) : [];
  const at = film ? want.filter(w => w <= frame).length - 1 : -1;
  strip.forEach((canvas, i) => {
    const box = canvas.parentElement,
      key = film ? `${film.tiles} ${want[i]}` : "";
    box.classList.toggle("none", !film);
    box.classList.toggle("at", i === at);
    if (film)
      sheet(
        canvas,
        truth.map((_, n) => film.tile(want[i], n)),
        0,
      );
    box.dataset.frame = film ? String(want[i]) : "";
    box.dataset.key = key;
  });
  const scrub = find("scrub");
  scrub.max = Math.max(1, shown - 1);
  scrub.value = film ? frame : 0;
  scrub.disabled = !film || shown < 2;
  scrub.style.setProperty("--at", film && shown > 1 ? `${(100 * frame) / (shown - 1)}%` : film ? "100%" : "0%");
  scrub.setAttribute(
    "aria-valuetext",
    film ? t("explore.step_alt", { n: film.frames[frame]?.step ?? 0 }) : t("explore.word_unrun"),
  );
  const play = find("play");
  play.disabled = !film || shown < 2;
  put(play, icon(look.playing ? "pause" : "play"));
  play.setAttribute("aria-label", t(look.playing ? "explore.pause" : "explore.play"));
  find("ctl").classList.toggle("none", !film?.verdict);
  if (film?.verdict)
    sheet(
      find("control"),
      truth.map((_, i) => film.control(i)),
      0,
    );
  put(find("control-note"), t(busy(look) ? "explore.control_next" : "explore.control_note"));
  put(find("status"), status(look));
}

/** What kind of film this is, in a line. @param {Look} look */
function status({ film, running, choices }) {
  const n = choices.mixed,
    means = n > 1 ? " " + t("explore.means", { n }) : "";
  if (running.phase === "starting") return t("explore.state_starting");
  if (running.phase === "queued")
    return t("explore.state_queued", { place: running.place, wait: tell.time(Math.max(1, running.wait)) });
  if (running.phase === "judging") return t("explore.state_judging");
  if (running.phase === "running") return t("explore.state_running") + means;
  if (!film) return "";
  const kind =
    running.phase === "stopped"
      ? t("explore.state_stopped", { n: whole(film.frames.at(-1)?.step) })
      : t(film.frames.length < 2 ? `explore.state_${film.kind}_one` : `explore.state_${film.kind}`);
  return kind + means;
}

/** @param {(name: string) => any} find @param {Look} look */
function drawNumbers(find, look) {
  const frame = look.film?.frames[look.frame] ?? null,
    steps = look.film?.steps ?? 0;
  for (const [box, brief] of [
    [find("metrics"), look.phone],
    [find("side-numbers"), true],
  ]) {
    const told = /** @type {Record<string, string>} */ (tell.figures(frame, steps, Boolean(brief)));
    for (const [name, value] of Object.entries(told)) put(box.querySelector(`[data-n=${name}] dd`), value);
  }
}

/** @param {(name: string) => any} find @param {Look} look */
function drawVerdict(find, look) {
  const { choices, film } = look,
    verdict = busy(look) ? null : (film?.verdict ?? null),
    working = busy(look);
  const level = verdict ? standing(verdict) : null;
  put(find("headline"), tell.headline({ level, mixed: choices.mixed, own: Boolean(choices.own), running: working }));
  find("squares").hidden = !verdict;
  if (verdict) {
    put(find("squares"), [1, 2, 3].map(i => `<i class="${i <= verdict.level ? "on" : ""}"></i>`).join(""));
    find("squares").setAttribute("aria-label", t("explore.squares", { n: verdict.level }));
  }
  const [word, say, why] = told(look, verdict);
  put(find("word"), word);
  put(find("say"), say);
  put(find("why"), why);
  put(find("nearest"), look.nearest ? t("explore.nearest", { what: look.nearest.label }) : "");
  find("nearest").hidden = working || !look.nearest;
  find("run").hidden = working;
  find("stop").hidden = !working;
  find("acts").hidden = working || level === null;
  drawButton(find, look);
}

/**
 * Word, sentence and reason of the verdict row.
 * @param {Look} look @param {import("./model.js").Verdict | null} verdict
 */
function told(look, verdict) {
  const { choices, film, running } = look;
  if (running.phase === "failed")
    return [t("explore.word_refused"), escape(refusal(running.message)), t("explore.refused_note")];
  if (running.phase === "starting" || running.phase === "running")
    return [t("explore.word_working"), t("explore.say_working"), t("explore.say_working_note")];
  if (running.phase === "queued")
    return [
      t("explore.word_queued"),
      t("explore.say_queued", { place: running.place, wait: tell.time(Math.max(1, running.wait)) }),
      "",
    ];
  if (running.phase === "judging")
    return [
      t("explore.word_judging"),
      t("explore.say_judging", { share: running.share }),
      t("explore.say_working_note"),
    ];
  if (verdict) {
    const why = tell.reason(verdict, gain(film));
    return [t(`explore.word_${standing(verdict)}`), tell.sentence(choices, verdict), why];
  }
  if (look.impossible) return [t("explore.word_unrun"), escape(refusal(look.impossible)), ""];
  if (film) return [t("explore.word_unjudged"), t("explore.say_unjudged"), t("explore.say_unjudged_note")];
  if (choices.own && !look.attacked)
    return [
      t("explore.word_ready"),
      t("explore.say_own"),
      t(look.where === "device" ? "explore.say_own_here" : "explore.say_own_note", { side: look.side }),
    ];
  return [t("explore.word_unrun"), t("explore.say_unrun"), t("explore.say_unrun_note")];
}

/** @param {(name: string) => any} find @param {Look} look */
function drawButton(find, { choices, film, seconds, wait, impossible, running, where }) {
  const again = film && (film.kind !== "recorded" || running.phase === "stopped");
  put(
    find("run-text"),
    t(
      choices.own && !again
        ? "explore.run_own"
        : again
          ? "explore.run_again"
          : film
            ? "explore.run_live"
            : "explore.run",
    ),
  );
  const time = wait < 1 ? tell.time(seconds) : t("explore.after_others", { wait: tell.time(wait) }),
    place = where ? `<span class="where">, ${t(`explore.on_${where}`)}</span>` : "";
  put(find("run-time"), time + place);
  find("run").disabled = Boolean(impossible);
  find("run").title = refusal(impossible);
}

/**
 * The parts that stand in loops: thumbs, stepper, numbers, selects, keys.
 * @param {(name: string) => any} find @param {{ networks: string[], defenses: string[], pictures: string[] }} offered
 */
export function build(find, { networks, defenses, pictures }) {
  find("thumbs").innerHTML = "<div><canvas></canvas></div>".repeat(16);
  find("pictures").innerHTML = MIXED.map(
    n =>
      `<button type="button" role="radio" data-n="${n}" aria-checked="${n === 1}" tabindex="${n === 1 ? 0 : -1}">` +
      `${n}</button>`,
  ).join("");
  const numbers = ["psnr", "ssim", "loss", "step"]
    .map(
      name =>
        `<div data-n="${name}"><dt><span class="l">${t("explore.n_" + name)}</span>` +
        `<span class="s">${t("explore.s_" + name)}</span></dt><dd></dd></div>`,
    )
    .join("");
  find("metrics").innerHTML = find("side-numbers").innerHTML = numbers;
  /** @param {string} name @param {string[]} list @param {string} prefix */
  const options = (name, list, prefix) =>
    find(name).replaceChildren(...list.map(value => new Option(words[prefix + value] ?? value, value)));
  options("network", networks, "explore.network_");
  options("defense", defenses, "explore.defense_");
  options("picture", pictures, "sample_");
  find("keys3").innerHTML = [1, 2, 3]
    .map(n => `<p data-key="${n}"><kbd>${n}</kbd>${t("explore.key_" + n)}</p>`)
    .join("");
}
