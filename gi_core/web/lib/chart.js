/** Scales, ticks and paths for what is drawn sixty times a second; charts that stand alone use plotly. */

/** @typedef {{ at: (step: number) => number, step: (x: number) => number }} StepScale */

/** Early steps matter most: x = log(1 + step/10), scaled to 0..1. @param {number} total @returns {StepScale} */
export function stepScale(total) {
  const top = Math.log1p(Math.max(total, 1) / 10);
  return { at: step => Math.log1p(Math.max(step, 0) / 10) / top, step: x => 10 * Math.expm1(x * top) };
}

/**
 * A line from `domain` to `range`.
 * @param {[number, number]} domain @param {[number, number]} range
 * @returns {(value: number) => number}
 */
export const linear = ([low, high], [from, to]) => value => from + (value - low) / (high - low || 1) * (to - from);

/** The same in the logarithm. @type {typeof linear} */
export const logarithmic = ([low, high], range) => {
  const line = linear([Math.log(low), Math.log(high)], range);
  return value => line(Math.log(value));
};

/** A span of whole multiples of `step` around the values. @param {number[]} values @returns {[number, number]} */
export function span(values, step = 5) {
  const known = values.filter(Number.isFinite);
  if (!known.length) return [0, step];
  const low = Math.floor(Math.min(...known) / step) * step;
  return [low, Math.max(low + step, Math.ceil(Math.max(...known) / step) * step)];
}

/** Round values inside the span, at most `count` + 1. @param {[number, number]} span @param {number} count */
export function ticks([low, high], count) {
  const rough = (high - low) / Math.max(1, count), size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 5, 10].find(part => part * size >= rough * (1 - 1e-9)) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const found = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: found }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** An SVG path through the points that are numbers. @param {(readonly number[])[]} points */
export function path(points) {
  const known = points.filter(point => point.every(Number.isFinite));
  return known.length ? "M" + known.map(point => point.map(v => v.toFixed(1)).join(",")).join(" L") : "";
}
