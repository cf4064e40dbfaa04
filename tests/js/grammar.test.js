import assert from "node:assert/strict";
import { test } from "node:test";

import { priorOf, stepsPerPass, withPrior, withPriorOf } from "../../gi_core/web/screens/explore/grammar.js";

const usual = { fm: "flow", ig: "none", dlg: "none" };

test("a prior is an option of the attack's text, in parentheses where it has options of its own", () => {
  assert.equal(priorOf("fm:steps=20", usual), "flow");
  assert.equal(priorOf("analytic", usual), undefined);
  const text = withPrior("fm:steps=20", "flow:net=gaussian", usual);
  assert.equal(text, "fm:steps=20,prior=(flow:net=gaussian)");
  assert.equal(priorOf(text, usual), "flow:net=gaussian");
  assert.equal(withPrior(text, "flow", usual), "fm:steps=20");
  assert.equal(withPrior("span+ig:steps=3", "flow", usual), "span+ig:steps=3,prior=flow");
});

test("another attack keeps a prior chosen by hand, and no other", () => {
  assert.equal(withPriorOf("dlg:restarts=2", "ig:prior=flow", usual), "dlg:restarts=2,prior=flow");
  assert.equal(withPriorOf("dlg:restarts=2", "fm:steps=20", usual), "dlg:restarts=2");
  assert.equal(withPriorOf("analytic", "ig:prior=flow", usual), "analytic");
});

test("a pass is as many steps as the device needs to see every picture once", () => {
  const settings = [{ batch_size: "5", local_batch: "2" }, { batch_size: 4, local_batch: 0 }, { batch_size: 1 }];
  assert.deepEqual(settings.map(stepsPerPass), [3, 1, 1]);
});
