import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { use } from "../../gi_core/web/lib/words.js";
import * as lanes from "../../gi_core/web/screens/compare/lanes.js";

const read = (/** @type {string} */ name) =>
  JSON.parse(readFileSync(new URL(`../../gi_core/web/locales/${name}.json`, import.meta.url), "utf8"));
use({ en: read("en"), de: read("de") }, "en");

const base = { model: "lenet", batch_size: 1, local_steps: 1, clients: 1, defense: "none", attack: "ig", seed: 0 };
const with_ = (/** @type {Record<string, any>} */ changes) => ({ ...base, ...changes });

test("a lane is named by what sets it apart", () => {
  const noises = ["none", "clip+gaussian:sigma=0.001", "clip+gaussian"].map(defense => with_({ defense }));
  assert.deepEqual(lanes.labels(noises), ["No noise", "Noise 0.001", "Noise 0.01"]);
  assert.deepEqual(lanes.labels([base, with_({ batch_size: 4, local_steps: 5 })]),
    ["One picture, One step on the device", "4 pictures mixed in, 5 steps on the device"]);
});

test("lanes alike in all are named by their attack; a defense without words by its text", () => {
  assert.deepEqual(lanes.labels([base]), ["Match gradients, slowly (ig)"]);
  assert.equal(lanes.valueName("defense", "odd:x=1"), "odd:x=1");
});

test("the next value of what differs is offered, never one that is there", () => {
  const axes = { defense: ["none", "a", "b"], batch_size: [1, 2] };
  assert.deepEqual(lanes.proposal([base, with_({ batch_size: 2 })], axes), ["defense", "a"]);
  assert.deepEqual(lanes.proposal([base, with_({ defense: "a" })], axes), ["defense", "b"]);
  const all = axes.defense.map(defense => with_({ defense }));
  assert.equal(lanes.proposal(all, { defense: axes.defense }), null);
});

test("one key for one run, whatever the order of its settings", () => {
  const turned = Object.fromEntries(Object.entries(base).reverse());
  assert.equal(lanes.keyOf(base, [{ sample: "cat" }]), lanes.keyOf(turned, [{ sample: "cat" }]));
  assert.notEqual(lanes.keyOf(base, [{ sample: "cat" }]), lanes.keyOf(base, [{ sample: "coffee" }]));
});

test("the playhead finds the nearest frame, first and last at the ends", () => {
  const run = { total: 1000, frames: [0, 10, 100, 1000].map(iteration => ({ iteration })) };
  assert.equal(lanes.frameAt(run, 0).iteration, 0);
  assert.equal(lanes.frameAt(run, 1).iteration, 1000);
  assert.ok([10, 100].includes(lanes.frameAt(run, 0.4).iteration));
});

/** @param {number} id @param {number[]} gains @returns {import("../../gi_core/web/screens/compare/lanes.js").Lane} */
const lane = (id, gains) => ({ id, settings: base, pictures: [], run: null, state: "done",
  repeats: gains.map((gain, seed) => ({ gain, seed, psnr: 0, ssim: 0, level: 0, steps: 1, seconds: 1 })) });

test("lanes rank by mean gain; close neighbours are marked; lanes without a verdict left out", () => {
  const rows = lanes.ranking([lane(1, [1, 3]), lane(2, [20, 21]), lane(3, [2, 2.5]), lane(4, [])]);
  assert.deepEqual(rows.map(row => row.lane.id), [2, 3, 1]);
  assert.deepEqual(rows.map(row => row.close), [false, true, true]);
});

test("a spread needs two values", () => {
  assert.equal(lanes.spread([3]), null);
  assert.ok(Math.abs((lanes.spread([1, 3]) ?? 0) - Math.SQRT2) < 1e-12);
});

test("pictures keep square pixels: sides are multiples of 32", () => {
  for (const columns of [3, 5, 6, 7]) assert.equal(lanes.sideFor(1360, columns) % 32, 0);
  assert.equal(lanes.sideFor(1360, 5), 256);
  assert.equal(lanes.sideFor(4000, 5), 288);
  assert.ok(lanes.sideFor(1360, 7) < 192);
});
