/** Likeness against the steps, one line per lane, on the scrubber's own scale. */

import { linear, path, span, stepScale, ticks } from "../../lib/chart.js";
import { escape, number, whole } from "../../lib/format.js";
import { DASHES, MARKS } from "../../lib/icons.js";
import { t } from "../../lib/words.js";
import { frameAt } from "./lanes.js";

const HEIGHT = 160, LEFT = 44;

const LINE = 20;

/**
 * Push texts apart that would stand on each other: down from the title, then up from the steps.
 * @param {{ y: number }[]} texts @param {number} top @param {number} bottom
 */
export function apart(texts, top, bottom) {
  const sorted = [...texts].sort((a, b) => a.y - b.y);
  let floor = top - LINE, ceiling = bottom + LINE;
  for (const text of sorted) floor = text.y = Math.max(text.y, floor + LINE);
  for (const text of sorted.reverse()) ceiling = text.y = Math.min(text.y, ceiling - LINE);
}

/**
 * @param {{ run: Record<string, any>, label: string, at: number }[]} lanes
 * @param {number} x the playhead, 0..1
 * @param {number} width
 */
export function plot(lanes, x, width) {
  const [low, high] = span(lanes.flatMap(lane => lane.run.history.psnr), 5);
  const px = linear([0, 1], [LEFT, width - 24]), py = linear([low, high], [HEIGHT - 4, 16]);
  const total = Math.max(...lanes.map(lane => lane.run.total)), scale = stepScale(total);
  const marks = lanes.map(({ run, label, at }) => {
    const own = stepScale(run.total), { iteration, psnr } = run.history, now = frameAt(run, x);
    const line = path(iteration.map((/** @type {number} */ step, /** @type {number} */ i) =>
      [px(own.at(step)), py(psnr[i] ?? NaN)]));
    return { at, line, y: py(now.psnr), px: px(own.at(now.iteration)), text: `${label}: ${number(now.psnr)}` };
  });
  const texts = marks.filter(mark => Number.isFinite(mark.y)).map(mark => ({ y: mark.y - 7, text: mark.text }));
  apart(texts, 34, HEIGHT - 4);
  const right = x < 0.7, edge = px(x) + (right ? 14 : -14);
  const grid = ticks([low, high], 4).map(v => `<path class="grid" d="M${LEFT} ${py(v)}H${width - 24}"/>
    <text x="${LEFT - 8}" y="${py(v) + 5}" text-anchor="end">${v}</text>`);
  const steps = [0, 0.25, 0.5, 0.75, 1].map(share => {
    const step = scale.step(share), round = step < 20 ? Math.round(step) : Number(step.toPrecision(1));
    const label = whole(share === 1 ? total : round);
    return `<text x="${px(scale.at(round))}" y="${HEIGHT + 20}" text-anchor="middle">${label}</text>`;
  });
  return `<svg viewBox="0 0 ${width} ${HEIGHT + 26}" height="${HEIGHT + 26}" role="img"
    aria-label="${escape(marks.map(mark => mark.text).join("; "))}">${grid.join("")}${steps.join("")}
    ${marks.map(({ at, line }) => `<path class="line" stroke-dasharray="${DASHES[at]}" d="${line}"/>`).join("")}
    <path class="now" d="M${px(x)} 4V${HEIGHT}"/>
    ${marks.filter(mark => Number.isFinite(mark.y)).map(({ at, px: left, y }) =>
      `<g class="mark" transform="translate(${left - 6} ${y - 6})">${MARKS[at]}</g>`).join("")}
    ${texts.map(({ y, text }) => `<text class="told" x="${edge}" y="${y}" text-anchor="${right ? "start" : "end"}">
      ${escape(text)}</text>`).join("")}
    <text class="strong" x="${LEFT + 8}" y="14">${t("compare.axis")}</text></svg>`;
}
