import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as model from "../../gi_core/web/screens/explore/model.js";

const { sets } = JSON.parse(readFileSync(new URL("../../assets/atlas/index.json", import.meta.url), "utf8"));
for (const set of sets) set.strengths = set.cells.map((/** @type {any} */ cell) => cell.strength);

test("every recorded set answers its own choices, at each of its strengths", () => {
  for (const set of sets) {
    const choices = { ...set, picture: set.pictures[0], strength: 0, own: null, expert: {} };
    assert.ok(model.MIXED.includes(set.mixed));
    assert.equal(model.setOf(sets, choices), set);
    const stops = model.stopsOf(set, set.defense);
    const places = stops.map(stop => model.place(set.defense, stops, stop));
    assert.ok(places.every((at, i) => i === 0 || at > places[i - 1]), set.id);
    for (const stop of stops) {
      assert.equal(model.closest(set.defense, stops, stop), stop);
      const settings = model.settingsOf(choices, model.cellOf(set, stop), { defaults: {}, attacks: {}, bare: {} });
      assert.deepEqual([settings.model, settings.batch_size], [set.network, set.mixed]);
    }
  }
});

test("a picture alone that nobody recorded has no set", () => {
  const others = sets.filter((/** @type {any} */ set) => set.network !== "mlp");
  const choices = { network: "mlp", defense: "noise", strength: 0, mixed: 1, picture: "cat", own: null, expert: {} };
  assert.equal(model.setOf(others, choices), null);
  assert.deepEqual(model.stopsOf(null, "noise"), model.DEFENSES.noise.stops);
});

test("an address's strengths are those of the recording, and hiding has the price of a measured strength", () => {
  const set = sets.find((/** @type {any} */ one) => one.id === "lenet-noise-1-cat");
  for (const strength of set.strengths)
    assert.deepEqual(model.wireOf(model.defenseText("noise", strength), sets), { defense: "noise", strength });
  assert.equal(model.wireOf("clip+gaussian:sigma=0.0123", sets), null);
  const price = model.priceOf(set, model.hidden(set));
  assert.ok(price && price.strength <= Number(model.hidden(set)) && price.share > 0);
});

test("a recorded defense is the wire's own, also where its text leaves out the usual strength", () => {
  const usual = { noise: 0.01, clip: 1, topk: 0.1, quantize: 4 };
  for (const { defense, cells } of sets)
    for (const { strength, scenario } of cells) {
      const wanted = strength ? { defense, strength } : { defense: "noise", strength: 0 };
      assert.deepEqual(model.wireOf(scenario.defense, sets, usual), wanted);
    }
  assert.equal(model.wireOf("topk", sets), null);
});

test("a slow setting's nearest recording is of its network", () => {
  const wire = { network: "lenet", defense: "noise", strength: 0.1, mixed: 8 },
    choices = { ...wire, picture: "rocket", own: null, expert: {} };
  for (const network of ["lenet", "mlp", "resnet18", "vit-tiny"])
    assert.equal(model.nearestSet(sets, choices, `${network}:width=32`)?.network, network);
  assert.ok(model.nearestSet(sets, choices, "densenet121"));
});

test("at the strongest noise nothing is found, and attacker and control look alike", () => {
  for (const { id, defense, cells } of sets.filter((/** @type {any} */ set) => set.defense === "noise")) {
    const { verdict, frames, control } = cells.at(-1),
      apart = model.gain({ frames, controlScore: control });
    assert.equal(verdict.level, 0, id);
    assert.ok(apart !== null && Math.abs(apart) < model.ALIKE, `${id}, ${defense}: ${apart} dB`);
  }
});
