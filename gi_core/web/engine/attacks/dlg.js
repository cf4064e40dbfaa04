/**
 * Match the gradient in squared distance by L-BFGS over pictures and soft labels together: Zhu, Liu, Han, "Deep Leakage
 * from Gradients", NeurIPS 2019. Options, defaults and early ends are those of `gi_core.attacks.dlg`.
 */

import { distanceTo } from "../adaptation.js";
import { figure, truth } from "../component.js";
import { recover } from "../labels.js";
import { minimise } from "../lbfgs.js";
import { Matcher, oneHot } from "../matching.js";
import { inner } from "../objective.js";
import { Generator, restartSeed } from "../random.js";
import { best } from "../restarts.js";
import { start, unboxed } from "../start.js";

export const OPTIONS = ["steps", "restarts", "init", "lr", "box", "patience", "labels"];

/** A start is finished when the squared distance falls below this share of the update's squared norm. */
const CONVERGED = 1e-8;

/**
 * @param {Record<string, string>} options
 * @param {import("../observation.js").Attack | null} first whose answer is the start
 * @returns {import("../observation.js").Attack}
 */
export function dlg(options, first) {
  const steps = figure(options.steps, 300), restarts = figure(options.restarts, 1), init = options.init ?? "randn";
  const how = {
    count: steps, lr: figure(options.lr, 1), box: truth(options.box, false), patience: figure(options.patience, 15),
  };
  return {
    iterations: restarts * (steps + 1), single: false,
    * run(observation, seed) {
      const { victim, batch, machine, update } = observation, pixels = batch * victim.inputs;
      const goal = { distance: distanceTo(observation, "l2"), name: "l2" }, below = CONVERGED * inner(update, update);
      const matcher = new Matcher(victim, batch, goal, machine), joint = (options.labels ?? "joint") === "joint";
      const evaluate = joint ? withLabels(matcher, batch, machine) : withKnown(matcher, recover(observation), victim);
      let converged = false;
      yield* best(restarts, steps + 1, function* (restart) {
        if (converged) return;
        const own = restartSeed(seed, restart);
        let x = unboxed(observation, own);
        if (first) for (const frame of first.run(observation, own)) x = frame?.pictures.slice() ?? x;
        else if (init !== "randn") x = start(init, observation, own);
        const logits = joint ? new Generator(own + 1).normals(batch * victim.classes) : new Float32Array(0);
        const all = new Float32Array(pixels + logits.length);
        all.set(x);
        all.set(logits, pixels);
        for (const frame of minimise(evaluate, all, { ...how, pixels, below })) {
          yield frame;
          converged = (frame?.lowest ?? Infinity) < below;
        }
      });
    },
  };
}

/**
 * @param {Matcher} matcher @param {ArrayLike<number>} labels @param {import("../victim.js").Victim} victim
 * @returns {import("../lbfgs.js").Evaluate}
 */
function withKnown(matcher, labels, { classes }) {
  const wanted = oneHot(labels, classes);
  return (x, gradient) => matcher.evaluate(x, wanted, gradient);
}

/**
 * The pictures and, behind them, the labels' logits; y = softmax(logits).
 * @param {Matcher} matcher @param {number} batch @param {import("../matrix.js").Machine} machine
 * @returns {import("../lbfgs.js").Evaluate}
 */
function withLabels(matcher, batch, machine) {
  const { classes, victim } = matcher.sweeps, pixels = batch * victim.inputs;
  const share = new Float64Array(batch * classes), inShare = machine.room(batch * classes);
  return (x, gradient) => {
    for (let i = 0; i < batch; i++) {
      const own = x.subarray(pixels + i * classes, pixels + (i + 1) * classes), most = Math.max(...own);
      const sum = own.reduce((total, value) => total + Math.exp(value - most), 0);
      own.forEach((value, k) => { share[i * classes + k] = Math.exp(value - most) / sum; });
    }
    const value = matcher.evaluate(x.subarray(0, pixels), share, gradient.subarray(0, pixels), inShare);
    for (let i = 0; i < batch; i++) {
      let mean = 0;
      for (let k = i * classes; k < (i + 1) * classes; k++) mean += share[k] * inShare[k];
      for (let k = i * classes; k < (i + 1) * classes; k++) gradient[pixels + k] = share[k] * (inShare[k] - mean);
    }
    return value;
  };
}
