/**
 * Match the gradient's direction, 1 - cosine plus total variation, by signed Adam in the box: Geiping, Bauermeister,
 * Dröge, Moeller, "Inverting Gradients", NeurIPS 2020. Options and defaults are those of `gi_core.attacks.ig`.
 */

import { distanceTo } from "../adaptation.js";
import { figure, truth } from "../component.js";
import { descend } from "../descent.js";
import { recover } from "../labels.js";
import { Matcher, oneHot } from "../matching.js";
import { restartSeed } from "../random.js";
import { best } from "../restarts.js";
import { start } from "../start.js";

/** Options that are followed here. */
export const OPTIONS = ["steps", "restarts", "init", "lr", "tv", "objective", "signed", "decay", "box"];

/**
 * @param {Record<string, string>} options
 * @param {import("../observation.js").Attack | null} first whose answer is the start
 * @returns {import("../observation.js").Attack}
 */
export function ig(options, first) {
  const steps = figure(options.steps, 4800), restarts = figure(options.restarts, 1);
  const name = options.objective ?? "cosine";
  const how = {
    count: steps, lr: figure(options.lr, 0.1), signed: truth(options.signed, true), decay: truth(options.decay, true),
    box: truth(options.box, true),
  };
  return {
    iterations: restarts * (steps + 1), single: false,
    * run(observation, seed) {
      const { victim, batch, machine } = observation;
      const goal = { distance: distanceTo(observation, name), name, tv: figure(options.tv, 0.01) };
      const matcher = new Matcher(victim, batch, goal, machine), labels = recover(observation);
      const wanted = oneHot(labels, victim.classes);
      yield* best(restarts, steps + 1, function* (restart) {
        const own = restartSeed(seed, restart);
        let x = first ? null : start(options.init ?? "randn", observation, own);
        for (const frame of first?.run(observation, own) ?? []) x = frame?.pictures.slice() ?? x;
        if (!x) return;
        for (const frame of descend((guess, g) => matcher.evaluate(guess, wanted, g), x, victim, how, machine))
          yield { ...frame, labels };
      });
    },
  };
}
