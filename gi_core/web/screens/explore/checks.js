/** Further controls of a finished run, one more attack each, on request. */

import { picture, tiles } from "../../lib/canvas.js";
import { escape, number, ordinal, signed } from "../../lib/format.js";
import { t, words } from "../../lib/words.js";

/** @param {Record<string, any>} one */
const shown = one => {
  const says = escape(one.says),
    head = `<div class="pass"><h5>${escape(one.name)}</h5>`;
  if (!one.src) return `${head}<p lang="en">${says}</p></div>`;
  const gain = `${t("explore.m_gain")} ${t("explore.db", { n: signed(one.gain) })}`,
    rank = `${t("explore.m_rank")} ${ordinal(one.rank, words)}`;
  return `${head}<figure class="ctl"><canvas data-src="${one.src}" role="img" aria-label="${says}"></canvas></figure>
    <p><span lang="en">${says}</span><br>${t("explore.db", { n: number(one.psnr) })}, ${gain}, ${rank}</p></div>`;
};

/**
 * @param {HTMLElement} box @param {Record<string, any>} told what controls.py answers
 * @param {{ width: number, height: number, batch: number }} size
 */
export async function drawChecks(box, told, { width, height, batch }) {
  if (!told?.controls) {
    box.textContent = told?.error ?? words.forgotten;
    return;
  }
  box.innerHTML =
    told.controls.map(shown).join("") +
    told.checks.map((/** @type {string} */ text) => `<p lang="en">${escape(text)}</p>`).join("");
  for (const canvas of box.querySelectorAll("canvas"))
    tiles(canvas, await picture(canvas.dataset.src ?? ""), 0, batch, width, height);
}
