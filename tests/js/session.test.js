/** A run in its thread: what it tells from the first step to the verdict. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Generator } from "../../gi_core/web/engine/random.js";
import { keptIterations, Session, tiles } from "../../gi_core/web/engine/session.js";

const given = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url), "utf8"));
const truth = Float32Array.from(Buffer.from(given.pictures, "base64").subarray(0, 3072), value => value / 255);
const others = new Generator(1).uniforms(99 * 3072);

/** @param {Record<string, any>} settings @param {Float32Array | null} line */
function ran(settings, line = others) {
  const session = new Session({ settings, truth, others: line }), shares = [];
  session.still();
  for (const steps = session.attack(); !steps.next().done;);
  const judging = session.judge();
  for (;;) {
    const { done, value } = judging.next();
    if (done) return { session, shares, verdict: /** @type {any} */ (value) };
    shares.push(Number(value));
  }
}

test("an exact attack is faithful, and its control is not", () => {
  const { session, verdict, shares } = ran({ model: "mlp:width=16", attack: "analytic", seed: 5 });
  assert.ok(session.scores().psnr > 60);
  assert.deepEqual([verdict.level, verdict.rank, verdict.candidates], [3, 1, 100]);
  assert.ok(verdict.control.psnr < 20 && verdict.control.pixels.length === 4 * 32 * 32);
  assert.equal(shares.at(-1), 1);
});

test("frames are kept from the first to the last, the present moment beside them", () => {
  const { session } = ran({ model: "mlp:width=8", attack: "ig:steps=90" });
  const steps = session.kept.map(frame => frame.iteration);
  assert.deepEqual(steps, [...keptIterations(91)].sort((a, b) => a - b));
  assert.deepEqual([steps[0], steps.at(-1)], [0, 90]);
  assert.deepEqual(session.now(), []);
});

test("a gradient alone under noise tells nothing; without a line-up nothing is judged", () => {
  const noisy = ran({ model: "mlp:width=8", attack: "analytic", defense: "clip+gaussian:sigma=1", seed: 5 });
  assert.equal(noisy.verdict.level, 0);
  assert.equal(ran({ model: "mlp:width=8", attack: "analytic", seed: 5 }, null).verdict, null);
  assert.ok(noisy.session.still().wire.share > 0.9);
});

test("pictures of a batch lie side by side", () => {
  const two = new Float32Array(2 * 3 * 4).fill(0);
  two.fill(1, 12);
  const bytes = tiles(two, 2);
  assert.deepEqual([...bytes.subarray(0, 16)], [0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255]);
});

test("the record is what trace.json holds of the same run", () => {
  const { fields, trace: told } = given.recorded, size = 2 * 3072;
  const both = Float32Array.from(Buffer.from(given.pictures, "base64").subarray(0, size), value => value / 255);
  const session = new Session({ settings: told.scenario, truth: both, others, fields });
  session.still();
  for (const steps = session.attack(); !steps.next().done;);
  const judging = session.judge();
  let step = judging.next();
  while (!step.done) step = judging.next();
  const made = /** @type {Record<string, any>} */ (session.trace(/** @type {any} */ (step.value)));
  const missing = ["privacy", "bounds", "inspection"];
  assert.deepEqual(Object.keys(made).sort(), Object.keys(told).filter(key => !missing.includes(key)).sort());
  for (const name of ["scenario", "scenario_hash", "labels", "guessed_labels", "iterations", "seed"])
    assert.deepEqual(made[name], told[name], name);
  for (const name of ["verdict", "gain"])
    assert.deepEqual(Object.keys(made[name]).sort(), Object.keys(told[name]).sort());
  assert.deepEqual(Object.keys(made.history[0]), Object.keys(told.history[0]));
  const shaped = (/** @type {any[]} */ rows) => rows.map(row => [row.name, row.shape]);
  assert.deepEqual(shaped(made.update), shaped(told.update));
  made.update.forEach((/** @type {any} */ row, /** @type {number} */ i) => {
    for (const name of ["norm_before", "norm_after", "noise_share"])
      assert.ok(Math.abs(row[name] - told.update[i][name]) < 1e-4 * (1 + told.update[i][name]), `${row.name} ${name}`);
  });
  made.scores.forEach((/** @type {any} */ row, /** @type {number} */ i) =>
    assert.ok(Math.abs(row.psnr - told.scores[i].psnr) < 0.5));
});
