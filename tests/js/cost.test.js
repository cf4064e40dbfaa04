/** The time that a button names: of the first iterations, then of what finished runs took. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { estimate, learn, planned, timed, unknown } from "../../gi_core/web/engine/cost.js";
import { Session } from "../../gi_core/web/engine/session.js";

const close = (/** @type {number | null} */ a, /** @type {number} */ b) => assert.ok(Math.abs(Number(a) - b) < 1e-9);

test("an attack of many steps is unknown until its first iterations were timed", () => {
  const settings = { model: "lenet", attack: "ig:steps=99", batch_size: 2 };
  assert.ok(unknown(settings));
  assert.equal(estimate(settings), null);
  timed(settings, 0.01);
  assert.ok(!unknown(settings));
  close(estimate(settings), 0.4 + 2 * 100 * 0.01);
  assert.ok(!unknown({ ...settings, attack: "ig:steps=9", defense: "none", seed: 7 }));
  assert.ok(unknown({ ...settings, batch_size: 4 }) && unknown({ ...settings, model: "mlp" }));
});

test("a strength is the same kind of run, another defense is not", () => {
  const settings = { model: "mlp", attack: "ig:steps=9", defense: "clip+gaussian:sigma=0.1" };
  timed(settings, 0.02);
  assert.ok(!unknown({ ...settings, defense: "clip+gaussian:sigma=1" }));
  assert.ok(unknown({ ...settings, defense: "topk:keep=0.1" }));
});

test("an attack that ends early is taken for shorter, and a finished run counts as much as what was known", () => {
  const settings = { model: "lenet", attack: "dlg:restarts=6" };
  assert.equal(planned(settings), 6 * 301);
  timed(settings, 0.1);
  const first = Number(estimate(settings));
  assert.ok(first < 0.4 + 2 * 0.1 * planned(settings) * 0.1);
  learn(settings, 0.3 * 361.2, 361.2);
  close(estimate(settings), 0.4 + 2 * 0.2 * ((0.06 + 0.2) / 2) * planned(settings));
});

test("one answer needs no probe", () => {
  assert.ok(!unknown({ attack: "analytic" }) && Number(estimate({ attack: "analytic" })) > 0);
});

test("a probe times a later iteration of those that it has time for", () => {
  const given = JSON.parse(readFileSync(new URL("vectors.json", import.meta.url), "utf8"));
  const truth = Float32Array.from(Buffer.from(given.pictures, "base64").subarray(0, 3072), value => value / 255);
  const session = new Session({ settings: { model: "mlp:width=8", attack: "ig:steps=40" }, truth, others: null });
  const began = performance.now(), each = session.probe(0), passed = (performance.now() - began) / 1000;
  assert.equal(session.done, 4);
  assert.ok(each > 0 && each < passed);
});
