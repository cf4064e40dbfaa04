import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as model from "../../gi_core/web/screens/cheat/model.js";

const read = (/** @type {string} */ name) =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8"));
const recorded = read("assets/cheat/cheat.json");
/** @type {import("../../gi_core/web/screens/cheat/model.js").Choice} */
const choice = { server: "stealthy", network: "lenet", batch: 64, clients: 1, noise: 0 };

test("a choice finds its recorded round, whatever the form of its noise; another finds none", () => {
  const found = model.recordedFor(recorded.runs, choice);
  assert.equal(found?.tiles.length, 64);
  assert.equal(model.recordedFor(recorded.runs, { ...choice, noise: /** @type {any} */ ("0.0") }), found);
  assert.equal(model.recordedFor(recorded.runs, { ...choice, batch: 63 }), null);
});

test("every sentence that a recorded round can bring up has words", () => {
  const words = read("gi_core/web/locales/en.json");
  for (const round of recorded.runs) {
    const keys = [model.headline(round.choice, round.reading, false)[0], ...model.tally(round.choice, round.reading),
      ...round.reading.tiles.map((/** @type {any} */ tile, /** @type {number} */ i) =>
        model.caption(tile, i + 1, round.choice)[0])];
    for (const key of keys) assert.ok(words[key], key);
  }
  for (const inspection of Object.values(recorded.inspections))
    for (const { check } of inspection.findings)
      assert.ok(words[`cheat.check_${check.replaceAll(" ", "_")}_text`], check);
});

test("what was read, what blends and what is lost are all photographs", () => {
  for (const { reading } of recorded.runs) {
    const { read, blended, lost } = model.counts(reading);
    assert.equal(read + blended + lost, reading.tiles.length);
  }
});

test("red findings come first, an added layer above all, and the others are counted", () => {
  const at = (/** @type {string} */ check, /** @type {"red" | "amber"} */ level) =>
    ({ check, level, layer: "", value: 1 });
  const findings = [at("zero rows", "amber"), at("effective rank", "red"), at("bias order", "red"),
    at("repeated rows", "red"), at("architecture", "red")];
  const { shown, more } = model.told({ level: "red", findings, fingerprint: "" });
  assert.deepEqual(shown.map(f => f.check), ["architecture", "repeated rows", "bias order"]);
  assert.equal(more, 2);
});

test("batches on offer suffice, and all photographs are one of them", () => {
  assert.deepEqual(model.offered([8, 16, 32, 64], 64), [8, 16, 32, 64]);
  assert.deepEqual(model.offered([8, 16, 32, 64], 20), [8, 16, 20]);
  assert.deepEqual(model.offered([8, 16, 32, 64], 3), [3]);
});

test("a place of the grid is a photograph, or none", () => {
  assert.equal(model.photoAt(0.99, 0.99, 64), 63);
  assert.equal(model.photoAt(0.13, 0, 64), 1);
  assert.equal(model.photoAt(0.99, 0.99, 8), null);
});

test("seconds grow with the photographs, and nobody guesses for a network that was not recorded", () => {
  const small = model.secondsOf(recorded.runs, { ...choice, batch: 8 }), large = model.secondsOf(recorded.runs, choice);
  assert.ok(small && large && large >= small);
  assert.equal(model.secondsOf([], choice), null);
});
