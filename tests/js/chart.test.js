import assert from "node:assert/strict";
import { test } from "node:test";

import { linear, logarithmic, path, span, stepScale, ticks } from "../../gi_core/web/lib/chart.js";

test("the step scale is its own inverse and ends at one", () => {
  const scale = stepScale(2000);
  for (const step of [0, 1, 17, 400, 2000]) assert.ok(Math.abs(scale.step(scale.at(step)) - step) < 1e-6);
  assert.equal(scale.at(0), 0);
  assert.ok(Math.abs(scale.at(2000) - 1) < 1e-12);
  assert.ok(scale.at(20) > 20 / 2000, "early steps get more room");
});

test("a run of one pass has a scale too", () => assert.equal(stepScale(0).at(0), 0));

test("scales map ends to ends", () => {
  assert.equal(linear([5, 25], [100, 0])(15), 50);
  assert.equal(linear([5, 5], [0, 1])(5), 0);
  assert.ok(Math.abs(logarithmic([0.0001, 1], [0, 4])(0.01) - 2) < 1e-12);
});

test("a span holds every value on whole steps", () => {
  assert.deepEqual(span([6.1, 42.6, NaN]), [5, 45]);
  assert.deepEqual(span([10, 10]), [10, 15]);
  assert.deepEqual(span([]), [0, 5]);
});

test("ticks are round and inside", () => {
  assert.deepEqual(ticks([0, 45], 4), [0, 20, 40]);
  assert.deepEqual(ticks([0, 1], 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks([-5, 5], 2), [-5, 0, 5]);
});

test("a path leaves out what is no number", () => {
  assert.equal(path([[0, 1], [1, NaN], [2, 3]]), "M0.0,1.0 L2.0,3.0");
  assert.equal(path([]), "");
});
