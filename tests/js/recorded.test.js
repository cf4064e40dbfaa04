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
      const settings = model.settingsOf(choices, model.cellOf(set, stop), { defaults: {}, attacks: {} });
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
