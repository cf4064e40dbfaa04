/** The scene drawn from its state: words, both grids, the wire, the pair, the check. */

import { number, short, twoFigures, whole } from "../../lib/format.js";
import { icon } from "../../lib/icons.js";
import { t } from "../../lib/words.js";
import { drawBand } from "../explore/stage.js";
import { drawOne, drawPhotos, drawReadings, placeOf } from "./grid.js";
import { inspectionOf } from "./inspection.js";
import { caption, counts, headline, secondsOf, tally, told } from "./model.js";

/** @typedef {import("./cheat.js").State} State */

/** Everything but the choices. @param {(name: string) => any} find @param {State} state */
export function draw(find, state) {
  const { choice, reading, own } = state;
  put(find("headline"), t(...headline(choice, reading, Boolean(own))));
  find("own-title").textContent = t(own ? "cheat.own_title" : "cheat.title", { count: choice.batch });
  find("size").textContent = t(own ? "cheat.size_own" : "cheat.size", { side: own ? state.catalog.side : 224 });
  find("given").hidden = !own;
  find("noise-read").textContent = choice.noise ? twoFigures(choice.noise) : t("cheat.noise_none");
  find("noise").setAttribute("aria-valuetext", find("noise-read").textContent);
  const [low, high] = [find("noise").value, find("noise").max].map(Number);
  find("noise").style.setProperty("--at", `${(100 * low) / high}%`);
  drawModel(find, state);
  drawCheck(find, state);
  if (!state.photos.length) return;
  drawGrids(find, state);
  drawVeil(find, state);
}

/** Write only what differs: a screen reader hears a status once. @param {HTMLElement} box @param {string} html */
function put(box, html) {
  if (box.dataset.told === html) return;
  box.dataset.told = html;
  box.innerHTML = html;
}

/** What comes in, and what leaves. @param {(name: string) => any} find @param {State} state */
function drawModel(find, { choice, reading }) {
  const network = `<li>${t(`cheat.net_${choice.network}`)}</li>`, answer = `<li>${t("cheat.answer")}</li>`;
  const size = reading?.layer || choice.server === "honest" ? reading?.layer ?? 0 : 38547712;
  const layer = `<li class="slipped">${t("cheat.imprint", { numbers: number(size / 1e6) })}</li>`;
  const asleep = `<li class="asleep">${t("cheat.asleep", { network: t(`cheat.net_${choice.network}`) })}</li>`;
  put(find("model"), { honest: network + answer, stealthy: layer + network + answer,
    greedy: layer + answer + asleep }[choice.server] ?? "");
  put(find("says"), t(`cheat.says_${choice.server}`));
  const band = find("bandbox"), held = Boolean(reading?.wire);
  band.classList.toggle("unknown", !held);
  if (reading) drawBand(find("band"), reading.wire, lead(find));
}

/** Pixels of the band inside the device; half of it on a phone. @param {(name: string) => any} find */
const lead = find =>
  parseFloat(getComputedStyle(find("cheat")).getPropertyValue("--lead")) || find("band").clientWidth / 2;

/** A canvas that shows a picture is one, and says which. @param {HTMLElement} canvas @param {string} says */
function named(canvas, says) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", says);
}

/** Both grids and the pair looked at. @param {(name: string) => any} find @param {State} state */
function drawGrids(find, state) {
  const { choice, reading, chosen } = state, photos = state.photos.slice(0, choice.batch);
  const tiles = reading?.tiles ?? [], tile = tiles[chosen];
  drawPhotos(find("photos"), photos, chosen);
  drawReadings(find("readings"), photos, state.readings, tiles, state.lit, chosen);
  drawOne(find("one"), photos[chosen] ?? null);
  drawOne(find("other"), tile && chosen < state.lit ? placeOf(tile, photos[chosen], state.readings) : null);
  const [key, values] = caption(tile, chosen + 1, choice), said = t(key, { ...values, psnr: number(values.psnr) });
  put(find("pair-says"), said);
  find("which").max = String(photos.length);
  find("which").value = String(chosen + 1);
  find("which").style.setProperty("--at", `${(100 * chosen) / Math.max(1, photos.length - 1)}%`);
  find("which").setAttribute("aria-valuetext", said.replace(/<[^>]*>/g, ""));
  named(find("photos"), t("cheat.photos_alt", { count: photos.length }));
  const read = reading?.read ?? 0;
  named(find("readings"), t("cheat.readings_alt", { read, count: photos.length }));
  named(find("one"), t("cheat.one_alt", { number: chosen + 1 }));
  named(find("other"), t("cheat.other_alt", { number: chosen + 1 }));
  const lines = reading ? tally(choice, reading).map(line => t(line, counts(reading))) : [];
  put(find("tally"), reading && state.lit >= tiles.length ? lines.join("; ") : "");
  put(find("theory"), reading?.expected == null ? "" : t(reading.others ? "cheat.theory_many" : "cheat.theory", {
    rows: reading.rows, expected: Math.round(100 * reading.expected), all: whole(tiles.length + reading.others),
    others: reading.others, others_read: reading.others_read,
  }));
}

/** Over the readings, while there are none. @param {(name: string) => any} find @param {State} state */
function drawVeil(find, state) {
  const { reading, waiting, refused, own, catalog, choice } = state;
  find("veil").hidden = Boolean(reading);
  if (reading) return;
  const seconds = secondsOf(state.recorded.rounds, choice);
  put(find("veil-title"), refused || waiting?.text || t(own ? "cheat.veil_own" : "cheat.veil"));
  put(find("veil-note"), waiting || refused ? "" : t(catalog.served ? own ? "cheat.veil_own_note" : "cheat.veil_note"
    : "cheat.veil_static"));
  find("run").hidden = Boolean(waiting) || !catalog.served;
  find("stop").hidden = !waiting;
  find("run-text").textContent = t(own ? "cheat.run_own" : "cheat.run", { seconds: seconds ? whole(seconds) : "?" });
}

/** One line of the check. */
const item = (
  /** @type {string} */ level, /** @type {import("../../lib/icons.js").IconName} */ sign, /** @type {string} */ title,
  /** @type {string} */ text,
) => `<li class="${level}">${icon(sign)}<b>${title}</b><p class="small">${text}</p></li>`;

/** The client's check. @param {(name: string) => any} find @param {State} state */
export function drawCheck(find, state) {
  const found = state.looked ? inspectionOf(state) : null;
  const level = found?.level ?? (state.looking ? "looking" : "unseen");
  find("check").dataset.level = level;
  const sign = found ? icon(found.level === "green" ? "check" : "warn") : "";
  put(find("level"), sign + t(`cheat.level_${level}`));
  const { shown, more } = found ? told(found) : { shown: [], more: 0 };
  const items = shown.map(({ check, value, level: weight }) => {
    const key = `cheat.check_${check.replaceAll(" ", "_")}`, share = Math.round(100 * (value ?? 0));
    const values = { value: short(value), share, numbers: whole(value) };
    return item(weight, "cross", t(key), t(`${key}_text`, values));
  });
  if (found?.level === "green") items.push(item("green", "check", t("cheat.check_none"), t("cheat.check_none_text")));
  if (!found) items.push(`<li class="none"><p class="small">${t("cheat.check_unseen")}</p></li>`);
  put(find("findings"), items.join(""));
  put(find("advice"), `<b>${t(`cheat.advice_${level}`)}</b><p class="small">${t(`cheat.advice_${level}_text`)}`
    + `${more ? " " + t("cheat.check_more", { more }) : ""}</p>`);
}
