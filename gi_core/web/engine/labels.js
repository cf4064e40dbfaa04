/** The label of a picture, read off the gradient of the head: `gi_core.inversion.labels`. */

import { Generator } from "./random.js";
import { Sweeps } from "./sweeps.js";

const PICTURES = 16;

/** @typedef {import("./observation.js").Observation} Observation */

/** The mean feature of uniform noise from seed 0. @param {Observation} observation */
export function typicalFeatures({ victim, machine }) {
  const sweeps = new Sweeps(victim, PICTURES, machine), last = sweeps.stages.length - 1;
  sweeps.forward(new Generator(0).uniforms(PICTURES * victim.inputs));
  const size = sweeps.stages[last].layer.inputs, features = new Float64Array(size), seen = sweeps.seen[last];
  for (let i = 0; i < PICTURES; i++) for (let j = 0; j < size; j++) features[j] += seen[i * size + j] / PICTURES;
  return features;
}

/** The gradient of the head: weight (K,d) and, where it has one, bias (K,). @param {Observation} observation */
export function headGradient({ victim, update, cut }) {
  const parts = cut(update), biased = victim.shapes[victim.shapes.length - 1].length === 1;
  return { weight: parts[parts.length - (biased ? 2 : 1)], bias: biased ? parts[parts.length - 1] : null };
}

/**
 * The class whose row points most against the features that the victim has in general: iDLG (Zhao et al. 2020, eq. 5)
 * as a matched filter. For one picture.
 * @param {Observation} observation
 */
export function idlg(observation) {
  const { weight, bias } = headGradient(observation), { classes } = observation.victim;
  const h = typicalFeatures(observation);
  const slopes = Array.from({ length: classes }, (_, k) =>
    h.reduce((sum, value, j) => sum + value * weight[k * h.length + j], bias ? bias[k] : 0));
  const along = bias ? slopes.reduce((sum, slope, k) => sum + slope * bias[k], 0) : 1;
  const signed = slopes.map(slope => (along >= 0 ? slope : -slope));
  return signed.indexOf(Math.min(...signed));
}

/** The batch's labels: those granted, else the one that can be read. @param {Observation} observation */
export const recover = observation => observation.labels ?? [idlg(observation)];
