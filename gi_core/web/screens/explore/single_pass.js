/** Attacks that answer in one pass, at the noise on the wire, each beside its control; their gain against the noise. */

import { picture, tiles } from "../../lib/canvas.js";
import { logarithmic, linear, path } from "../../lib/chart.js";
import { escape, number, short, signed, whole } from "../../lib/format.js";
import { DASHES, mark } from "../../lib/icons.js";
import { squares } from "../../lib/page.js";
import { t } from "../../lib/words.js";
import { proven } from "./model.js";

const WIDE = 340,
  HIGH = 132;

/** @param {string} name */
const label = name => escape(name.replace(":decoder=", "-"));

/** One attack: its answer, its control, its gain. @param {Record<string, any>} one @param {number} i */
const row = (one, i) => `<div class="pass"><h5>${mark(i)} ${label(one.name)}</h5>
  <figure class="own"><canvas data-src="${one.src}" role="img"
    aria-label="${label(one.name)}, ${t("explore.db", { n: number(one.psnr) })}"></canvas></figure>
  <figure class="ctl"><canvas data-src="${one.control}" role="img" aria-label="${t("control_alt")}"></canvas></figure>
  <p><b>${t("explore.db", { n: signed(one.gain) })}</b> ${t("explore.pass_over")}<br>${squares(one.level)}
  ${t("level_" + one.level)}</p></div>`;

/** @param {HTMLElement} box @param {Record<string, any>} told */
export async function drawPasses(box, told) {
  box.innerHTML = `<p>${t("explore.pass_allows", { epsilon: told.epsilon >= 100 ? whole(told.epsilon)
    : short(told.epsilon), bits: whole(told.bits) })}</p>${told.attacks.map(row).join("")}`;
  for (const canvas of box.querySelectorAll("canvas"))
    tiles(canvas, await picture(canvas.dataset.src ?? ""), 0, 1, told.side, told.side);
}

/**
 * Gain over the control in dB against the noise; below zero nothing leaks.
 * @param {HTMLElement} box @param {{ z: number[], seeds: number, series: { name: string, gain: number[] }[] }} curve
 * @param {number} now the noise on the wire
 */
export function drawGains(box, { z, seeds, series }, now) {
  const gains = series.flatMap(s => s.gain),
    ends = /** @type {[number, number]} */ ([z[0], z[z.length - 1]]);
  const x = logarithmic(ends, [24, WIDE - 4]),
    y = linear([Math.min(-2, ...gains), Math.max(6, ...gains)], [HIGH - 18, 8]);
  const lines = series.map(
    (s, i) => `<path class="series" stroke-dasharray="${DASHES[i % DASHES.length]}"
      d="${path(s.gain.map((v, j) => [x(z[j]), y(v)]))}"/>`,
  );
  const edge = x(proven(1));
  box.innerHTML = `<svg viewBox="0 0 ${WIDE} ${HIGH}" role="img" aria-label="${t("dial_curve_alt")}">
    <rect class="proven" x="${edge}" y="0" width="${WIDE - 4 - edge}" height="${HIGH - 18}"/>
    <line class="zero" x1="24" x2="${WIDE - 4}" y1="${y(0)}" y2="${y(0)}"/>
    <text x="0" y="${y(0) + 5}">0</text><text x="0" y="14">${signed(Math.max(6, ...gains), 0)}</text>${lines.join("")}
    <line class="now" x1="${x(now)}" x2="${x(now)}" y1="0" y2="${HIGH - 18}"/>
    ${[1e-4, 0.01, 1].map(v => `<text x="${x(v)}" y="${HIGH - 2}" text-anchor="middle">${short(v)}</text>`).join("")}
    </svg><p>${t("explore.pass_curve", { n: seeds })}
    ${series.map((s, i) => `${mark(i)} ${label(s.name)}`).join(" · ")}</p>`;
}
