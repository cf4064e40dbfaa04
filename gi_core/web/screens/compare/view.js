/** Lanes on the screen: built once each, then only their canvases and words change. */

import { difference, picture, tiles } from "../../lib/canvas.js";
import { escape, number, ordinal, signed, whole } from "../../lib/format.js";
import { icon, mark } from "../../lib/icons.js";
import { squares } from "../../lib/page.js";
import { standing } from "../../lib/verdict.js";
import { t, words } from "../../lib/words.js";
import { frameAt, labels, mean, ranking, sideFor, spread } from "./lanes.js";

/** @typedef {import("./lanes.js").Lane} Lane */

export const FACTOR = 4;

/** @param {string} label @param {number} at */
const laneHtml = (label, at) => `<h2 class="attacker">${mark(at)}<span>${escape(label)}</span>
  <button type="button" class="btn quiet" data-k="remove" aria-label="${escape(t("compare.remove", { lane: label }))}">
    ${icon("cross")}</button></h2>
  <div class="pic"><canvas data-k="guess" role="img"></canvas><div class="veil" data-k="veil"></div></div>
  <div class="end"><div><span data-k="squares"></span><p class="word" data-k="word"></p>
    <p class="small" data-k="gain"></p>
    <button type="button" class="link small" data-k="open">${words["compare.open"]}</button></div>
    <div class="ctl" data-k="ctl"><canvas data-k="control" role="img" aria-label="${words["compare.control"]}"></canvas>
    </div></div>`;

/** The run's frame as tiles on a canvas. @param {HTMLCanvasElement} canvas @param {any} run @param {any} frame */
async function drawFrame(canvas, run, frame) {
  const { batch, width, height } = run.size, source = await picture(frame.src ?? run.sprite);
  tiles(canvas, source, frame.row ?? 0, batch, width, height);
}

/** @param {HTMLCanvasElement} canvas @param {any} run */
async function drawTruth(canvas, run) {
  const { batch, width, height } = run.size;
  tiles(canvas, await picture(run.truth), 0, batch, width, height);
}

/** What stands where a lane has no picture yet. @param {Lane} lane */
const veil = lane => lane.message
  ? `<p class="refused" lang="en">${escape(lane.message)}</p>`
  : `<b>${t(lane.state === "queued" ? "compare.place" : "compare.state_" + lane.state, lane.run ?? {})}</b>`;

/** @param {HTMLElement} node @param {Lane} lane */
function drawVerdict(node, lane) {
  const cell = (/** @type {string} */ name) => /** @type {HTMLElement} */ (node.querySelector(`[data-k=${name}]`));
  const verdict = lane.run?.verdict;
  cell("squares").innerHTML = verdict ? squares(verdict.level) : "";
  cell("word").textContent = verdict ? words["level_" + standing(verdict)] : t("compare.state_" + lane.state);
  cell("gain").textContent = verdict
    ? t(verdict.gain < 0 ? "compare.below" : "compare.ends", { gain: number(Math.abs(verdict.gain)) }) : "";
  cell("open").hidden = !verdict;
  cell("ctl").hidden = !verdict?.control?.src;
}

/** @param {HTMLElement} root @param {Lane[]} lanes @param {(lane: Lane, act: string) => void} act */
export function layOut(root, lanes, act) {
  const box = /** @type {HTMLElement} */ (root.querySelector("[data-r=lanes]"));
  const told = labels(lanes.map(lane => lane.settings));
  const slot = box.querySelector("[data-r=slot]");
  box.querySelectorAll("[data-lane]").forEach(node => {
    if (!lanes.some(lane => String(lane.id) === /** @type {HTMLElement} */ (node).dataset.lane)) node.remove();
  });
  lanes.forEach((lane, at) => {
    let node = /** @type {HTMLElement | null} */ (box.querySelector(`[data-lane="${lane.id}"]`));
    if (!node) {
      node = document.createElement("div");
      node.className = "lane";
      node.dataset.lane = String(lane.id);
    }
    const key = at + told[at];
    if (node.dataset.key !== key) {
      node.dataset.key = key;
      node.innerHTML = laneHtml(told[at], at);
      node.querySelectorAll("button").forEach(button => { button.onclick = () => act(lane, button.dataset.k ?? ""); });
    }
    box.insertBefore(node, slot);
  });
  fit(root, lanes.length + (lanes.length < 6 ? 2 : 1));
}

/** @param {HTMLElement} root @param {number} columns */
export function fit(root, columns) {
  const box = /** @type {HTMLElement} */ (root.querySelector("[data-r=lanes]"));
  if (!box.clientWidth) return;
  const narrow = matchMedia("(max-width: 767px)").matches, inner = box.clientWidth - 48;
  const side = narrow ? Math.min(288, Math.floor((inner - 32) / 32) * 32) : sideFor(inner + 16, columns);
  box.style.setProperty("--side", `${side}px`);
}

/**
 * Draw the moment x of every lane; `held`: the magnified difference instead of the picture.
 * @param {HTMLElement} root @param {Lane[]} lanes @param {number} x @param {boolean} held
 */
export async function drawMoment(root, lanes, x, held) {
  const told = labels(lanes.map(lane => lane.settings));
  await Promise.all(lanes.map(async (lane, at) => {
    const node = /** @type {HTMLElement} */ (root.querySelector(`[data-lane="${lane.id}"]`));
    const part = (/** @type {string} */ name) => /** @type {any} */ (node.querySelector(`[data-k=${name}]`));
    const { run } = lane, some = Boolean(run?.frames?.length);
    part("veil").hidden = some && !lane.message;
    if (!some || lane.message) part("veil").innerHTML = veil(lane);
    drawVerdict(node, lane);
    if (!run || !some) return;
    const frame = frameAt(run, run.single ? 1 : x), canvas = part("guess");
    await drawFrame(canvas, run, frame);
    if (held) {
      const truth = document.createElement("canvas");
      await drawTruth(truth, run);
      difference(canvas, truth, canvas, FACTOR);
    }
    canvas.setAttribute("aria-label", t(held ? "compare.difference_alt" : "compare.alt",
      { name: told[at], psnr: number(frame.psnr), factor: FACTOR }));
    if (run.verdict?.control?.src) await drawFrame(part("control"), run, { src: run.verdict.control.src });
  }));
}

/** The private pictures of the widest lane. @param {HTMLCanvasElement} canvas @param {Lane[]} lanes */
export async function drawPrivate(canvas, lanes) {
  const widest = lanes.filter(lane => lane.run?.truth).sort((a, b) => b.run?.size.batch - a.run?.size.batch)[0];
  if (widest) await drawTruth(canvas, widest.run);
}

/** Places in the folded row and the table below it. @param {(name: string) => any} find @param {Lane[]} lanes */
export function drawRanking(find, lanes) {
  const rows = ranking(lanes), told = labels(lanes.map(lane => lane.settings));
  const once = rows.every(row => row.lane.repeats.length < 2);
  find("places").innerHTML = rows.map((row, k) =>
    `<span>${ordinal(k + 1, words)}${row.close ? " ≈" : ""} ${mark(row.at)}${escape(told[row.at])}</span>`).join("")
    + (rows.length && once ? `<span>${words["compare.one_seed"]}</span>` : "");
  const plusMinus = (/** @type {number[]} */ list, digits = 1) =>
    number(mean(list), digits) + (spread(list) == null ? "" : ` ± ${number(spread(list), digits)}`);
  find("ranking").innerHTML = `<thead><tr>${words["compare.columns"].split("|").map(name =>
    `<th scope="col">${name}</th>`).join("")}</tr></thead><tbody>${rows.map((row, k) => {
    const of = (/** @type {keyof import("./lanes.js").Repeat} */ name) => row.lane.repeats.map(repeat => repeat[name]);
    return `<tr><td>${k + 1}${row.close ? " ≈" : ""}</td><th scope="row">${mark(row.at)} ${escape(told[row.at])}</th>
      <td>${signed(row.gain)}${row.sd == null ? "" : ` ± ${number(row.sd)}`}</td><td>${plusMinus(of("psnr"))}</td>
      <td>${plusMinus(of("ssim"), 2)}</td><td>${whole(mean(of("steps")))}</td><td>${plusMinus(of("seconds"))}</td>
      <td>${row.lane.repeats.length}</td></tr>`;
  }).join("")}</tbody>`;
}
