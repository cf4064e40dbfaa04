/** What was measured of the film on the stage, how it was judged, and its two curves, as HTML. */

import { escape, number, ordinal, signed, twoFigures, whole } from "../../lib/format.js";
import { t, words } from "../../lib/words.js";

/** @typedef {import("./films.js").Film} Film */

const WIDE = 340;

/** Bounds that bind: those that a run says something with. @param {Film | null} film */
const bounds = film =>
  (film?.run?.verdict?.bounds ?? [])
    .filter((/** @type {any} */ b) => b.value != null)
    .map((/** @type {any} */ b) => [words[`bound_${b.name}`] ?? b.name, t("at_most", { n: whole(b.value) })]);

/** Dashes where nothing ran yet, so that the rows keep their places. @param {Film | null} film */
export function measured(film) {
  const last = film?.frames.at(-1),
    { controlScore: control = null, verdict = null, run = null } = film ?? {},
    lpips = run?.scores?.lpips,
    gain = control?.psnr != null && last?.psnr != null ? signed(last.psnr - control.psnr) : null;
  const rows = [
    [t("explore.m_psnr"), t("explore.db", { n: number(last?.psnr) })],
    [t("explore.m_ssim"), number(last?.ssim, 2)],
    ...(lpips == null ? [] : [["LPIPS", number(lpips, 2)]]),
    [t("explore.m_gain"), gain === null ? "–" : t("explore.db", { n: gain })],
    [t("explore.m_loss"), twoFigures(last?.loss)],
    [t("explore.m_rank"), verdict ? ordinal(verdict.rank, words) : "–"],
    [t("explore.m_numel"), film ? whole(film.numel) : "–"],
    ...(run?.seconds == null ? [] : [[t("explore.m_seconds"), `${number(run.seconds)} s`]]),
    ...bounds(film),
  ];
  return rows.map(([name, value]) => `<div><dt>${escape(name)}</dt><dd>${value}</dd></div>`).join("");
}

/** What was tried, and what the control is. @param {Film | null} film */
export function reasons(film) {
  if (!film) return `<p>${t("explore.veil_unrun_note")}</p>`;
  const tried = film.tried.map(text => `<code>${escape(text)}</code>`).join(" ");
  const said = film.verdict
    ? t("explore.how_judged", { candidates: film.verdict.candidates })
    : t("explore.say_unjudged");
  return `<p>${t(film.kind === "recorded" ? "explore.how_strongest" : "explore.how_live")} ${tried}</p><p>${said}</p>`;
}

/** Likeness and loss of the run over its steps. @param {Film} film @param {number} frame the one looked at */
export const curves = (film, frame) => curve(film, "psnr", false, frame) + curve(film, "loss", true, frame);

/**
 * One curve over the steps, stretched at its start; dashed: where the control ended.
 * @param {Film} film @param {"psnr" | "loss"} name @param {boolean} log @param {number} frame
 */
function curve(film, name, log, frame) {
  const seen = film.frames.filter(f => f[name] != null && Number.isFinite(f[name]) && (!log || Number(f[name]) > 0));
  if (seen.length < 2) return "";
  const value = (/** @type {any} */ v) => (log ? Math.log10(v) : v),
    last = Math.max(1, seen.at(-1)?.step ?? 1),
    control = name === "psnr" ? (film.controlScore?.psnr ?? null) : null;
  const values = seen.map(f => value(f[name])),
    all = control === null ? values : [...values, control],
    low = Math.min(...all),
    span = Math.max(...all) - low || 1;
  const y = (/** @type {number} */ v) => (72 - (64 * (v - low)) / span).toFixed(1);
  const points = seen.map((f, i) => `${(WIDE * Math.sqrt(f.step / last)).toFixed(1)},${y(values[i])}`);
  const title = t("explore.n_" + name),
    ends = [seen[0], seen[seen.length - 1]].map(f => twoFigures(f[name])).join(" → "),
    now = (WIDE * Math.sqrt((film.frames[frame]?.step ?? 0) / last)).toFixed(1);
  const level = control === null ? 0 : y(control),
    under = control === null ? "" : `<line class="under" x1="0" x2="${WIDE}" y1="${level}" y2="${level}"/>`,
    note = control === null ? "" : `, ${t("control_word")} ${number(control)}`;
  return `<figure class="curve"><figcaption>${title}: ${ends}${note}</figcaption>
    <svg viewBox="-4 0 348 80" preserveAspectRatio="none" role="img" aria-label="${title}">${under}
    <polyline points="${points.join(" ")}"/>
    <line class="now" x1="${now}" x2="${now}" y1="0" y2="76"/></svg>
    </figure>`;
}
