/** The engine's numbers are those of gi_core (tests/js/vectors.py wrote them), and those of finite differences. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { control, prepare } from "../../gi_core/web/engine/experiment.js";
import { settled } from "../../gi_core/web/engine/judge.js";
import { machine } from "../../gi_core/web/engine/matrix.js";
import { Matcher, oneHot } from "../../gi_core/web/engine/matching.js";
import { each, match, psnr, ssim } from "../../gi_core/web/engine/metrics.js";
import { OBJECTIVES } from "../../gi_core/web/engine/objective.js";
import { Generator, streamSeed } from "../../gi_core/web/engine/random.js";
import { invertersOf, runsHere } from "../../gi_core/web/engine/scenario.js";
import { tensors } from "../../gi_core/web/engine/inverters/tensors.js";
import { quantile } from "../../gi_core/web/engine/servers/imprint.js";
import { Sweeps } from "../../gi_core/web/engine/sweeps.js";
import { build, chain } from "../../gi_core/web/engine/victim.js";

const given = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url), "utf8"));

/** @param {string} text */
const floats = text => new Float32Array(Uint8Array.from(Buffer.from(text, "base64")).buffer);

/** |a - b| / |b|. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function relative(a, b) {
  let apart = 0, size = 0;
  for (let i = 0; i < b.length; i++) { apart += (a[i] - b[i]) ** 2; size += b[i] ** 2; }
  return Math.sqrt(apart / size);
}

/**
 * A victim, its matcher and a guess, as vectors.py draws them.
 * @param {any} one @param {Float32ArrayConstructor | Float64ArrayConstructor} kind
 */
function made(one, kind) {
  const { shape, classes, seed, batch } = one, on = machine(kind);
  const victim = one.plan ? chain(one.plan, { shape, classes, seed }) : build(one.model, { shape, classes });
  const draw = new Generator(seed), x = draw.uniforms(batch * victim.inputs), truth = draw.uniforms(x.length);
  const labels = Array.from({ length: 2 * batch }, () => draw.whole(classes));
  const sweeps = new Sweeps(victim, batch, on), observed = on.room(victim.count), guess = on.room(victim.count);
  sweeps.gradient(truth, oneHot(labels.slice(batch), classes), observed);
  const wanted = oneHot(labels.slice(0, batch), classes);
  sweeps.gradient(x, wanted, guess);
  const goal = { distance: OBJECTIVES.cosine(observed), name: "cosine", tv: given.smoothing };
  return { matcher: new Matcher(victim, batch, goal, on), x, wanted, guess, derivative: on.room(x.length) };
}

for (const one of [...given.layers, ...given.victims]) {
  const what = one.model ?? `${one.kind} ${one.seed}`;
  test(`${what}: loss, gradient and its derivative in the picture are PyTorch's`, () => {
    for (const [kind, most] of /** @type {const} */ ([[Float32Array, 1e-4], [Float64Array, 1e-6]])) {
      const { matcher, x, wanted, guess, derivative } = made(one, kind);
      const { loss } = matcher.evaluate(x, wanted, derivative);
      assert.ok(Math.abs(loss - one.loss) < most, `${kind.name} loss ${loss}, not ${one.loss}`);
      const length = Math.hypot(...guess);
      assert.ok(Math.abs(length / one.norm - 1) < most, `${kind.name} gradient of length ${length}, not ${one.norm}`);
      const error = relative(derivative, floats(one.derivative));
      assert.ok(error < most, `${kind.name} derivative is off by ${error}`);
    }
  });
}

test("the derivative is the slope between two neighbouring guesses, in float64", () => {
  for (const one of given.layers.filter((/** @type {any} */ l) => !["relu", "leaky-relu", "max"].includes(l.kind))) {
    const { matcher, x, wanted, derivative } = made(one, Float64Array);
    matcher.smooth = null;
    matcher.evaluate(x, wanted, derivative);
    const way = new Generator(9).normals(x.length), step = 1e-4, unread = new Float64Array(x.length);
    const at = (/** @type {number} */ by) =>
      matcher.evaluate(Float64Array.from(x, (value, i) => value + by * way[i]), wanted, unread).loss;
    const slope = (at(step) - at(-step)) / (2 * step), told = way.reduce((sum, v, i) => sum + v * derivative[i], 0);
    const error = Math.abs(slope - told) / Math.max(1, Math.abs(slope));
    assert.ok(error < 1e-5, `${one.kind} ${one.seed}: ${told}, not ${slope}`);
  }
});

test("a seed draws what PyTorch draws", () => {
  const draw = new Generator(5), { stream, uniform, whole, few, many, after } = given.draws;
  assert.equal(streamSeed(7, "attack"), stream);
  assert.deepEqual([...draw.uniforms(3)], uniform);
  assert.deepEqual(whole.map(() => draw.whole(10)), whole);
  assert.ok(relative(draw.normals(5), few) < 1e-6);
  assert.ok(relative(draw.normals(37), many) < 1e-5);
  assert.deepEqual([...draw.uniforms(1)], after);
});

const pixels = Uint8Array.from(Buffer.from(given.pictures, "base64")), SIZE = 3 * 32 * 32;

/**
 * @param {import("../../gi_core/web/engine/experiment.js").Experiment} experiment
 * @param {import("../../gi_core/web/engine/observation.js").Observation} seen
 */
const run = ({ attack, seed }, seen) =>
  [...attack.run(seen, seed)].flatMap(frame => frame ? [{ ...frame, pictures: frame.pictures.slice() }] : []);

/** A trained network from its files. @param {string} name @returns {[string, any]} */
const trained = name => [name, tensors(given.inverters[name].map((/** @type {any} */ { prefix, file }) => {
  const { buffer, byteOffset, length } = readFileSync(new URL(`../../assets/weights/${file}`, import.meta.url));
  return { prefix, bytes: buffer.slice(byteOffset, byteOffset + length) };
}))];

/** @param {{ pictures: Float32Array }[]} frames */
const last = frames => frames[frames.length - 1].pictures;

for (const one of given.runs) {
  const { scenario } = one;
  test(`${scenario.model} ${scenario.defense} ${scenario.attack}: the run is gi_core's`, () => {
    const networks = Object.fromEntries(invertersOf(scenario.attack).map(trained));
    assert.ok(runsHere(scenario, 32, Object.keys(networks)));
    const truth = Float32Array.from(pixels.subarray(0, scenario.batch_size * SIZE), value => value / 255);
    const experiment = prepare(scenario, truth, networks), { observation } = experiment, { update } = observation;
    assert.deepEqual(experiment.labels, one.labels);
    const apart = Math.max(1, Math.floor(update.length / 64)), sent = Float32Array.from(one.sent);
    assert.ok(relative(sent.map((_, i) => update[i * apart]), sent) < 1e-4);
    const frames = run(experiment, observation), found = match(last(frames), truth, SIZE);
    assert.equal(frames.length, one.losses.length);
    assert.ok(Math.abs(frames[0].loss - one.losses[0]) < 1e-4 * (1e-2 + one.losses[0]));
    each(found, SIZE).forEach((picture, i) => {
      const own = each(truth, SIZE)[i];
      assert.ok(Math.abs(psnr(picture, own) - one.psnr[i]) < 0.5, `${psnr(picture, own)} dB, not ${one.psnr[i]}`);
      assert.ok(Math.abs(ssim(picture, own, [3, 32, 32]) - one.ssim[i]) < 0.03);
    });
    const guess = match(last(run(experiment, control(experiment, scenario.seed))), truth, SIZE);
    const told = each(guess, SIZE).reduce((sum, p, i) => sum + psnr(p, each(truth, SIZE)[i]), 0) / scenario.batch_size;
    assert.ok(Math.abs(told - one.control_psnr) < 0.5, `control at ${told} dB, not ${one.control_psnr}`);
    if (one.answer) {
      const told = Uint8Array.from(Buffer.from(one.answer, "base64")), size = told.length;
      const apart = told.map((value, i) => Math.abs(value - Math.round(255 * found[i])));
      const most = Math.max(...apart);
      assert.ok(most <= 3 && apart.reduce((sum, a) => sum + a, 0) / size < 0.5, `off by ${most}`);
    }
    if (!experiment.attack.single) assert.equal(settled(frames) === null, frames.length < 6);
  });
}

test("what the engine cannot do is the server's", () => {
  for (const refused of [
    { model: "resnet18" }, { attack: "span" }, { attack: "ig:optimiser=lbfgs" }, { server: "imprint" },
    { server: "trap" }, { attack: "imprint" }, { server: "imprint", attack: "imprint" }, { clients: 2 },
    { local_steps: 2 }, { mode: "train" }, { defense: "soteria" }, { image_size: 64 }, { weights: "trained" },
    { attack: "venom" }, { attack: "git" }, { attack: "ig:init=(venom)" },
    { attack: "ig:steps=many" }, { attack: "ig:tv=-1" }, { attack: "ig:signed=perhaps" }, { attack: "dlg:labels=idlg" },
    { defense: "clip:length=1" }, { defense: "gaussian:sigma=x" }, { seed: "one" }, { model: "mlp:activation=gelu" },
    { model: "lenet:activation=tanh" }, { attack: "ig:steps=1.5" },
    { batch_size: 16 }, { batch_size: 2, knowledge: "none" }, { attack: "analytic" }, { knowledge: "labels+auxiliary" },
  ]) assert.ok(!runsHere({ attack: "ig", ...refused }, 32), JSON.stringify(refused));
});

test("git runs here unless a defense took the tensors' own sizes", () => {
  const here = (/** @type {string} */ defense) => runsHere({ attack: "git", defense }, 32, ["git"]);
  assert.ok(["none", "clip+gaussian:sigma=0.001", "clip:scope=joint"].every(here));
  assert.ok(!["clip:scope=tensor", "sign", "topk:keep=0.1"].some(here));
});

test("the normal distribution's quantiles", () => {
  for (const [p, z] of [[0.5, 0], [0.975, 1.959963984540054], [1 / 256, -2.660067468617460], [0.8413447460685429, 1]])
    assert.ok(Math.abs(quantile(p) - z) < 1e-12, `${quantile(p)}, not ${z}`);
});
