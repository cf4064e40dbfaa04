import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { use } from "../../gi_core/web/lib/words.js";
import { badge, WANTED } from "../../gi_core/web/screens/explore/threat.js";

const words = JSON.parse(readFileSync(new URL("../../gi_core/web/locales/en.json", import.meta.url), "utf8"));
use({ en: words }, "en");
/** @type {import("../../gi_core/web/screens/explore/threat.js").Threat} */
const watching = { sok: "B", server: "curious", knows: [], batch: "few", aggregation: "diluted" };
/** @type {import("../../gi_core/web/screens/explore/threat.js").Threat} */
const cheating = { sok: "F", server: "malicious", knows: [], batch: "many", aggregation: "through" };

test("a badge tells letter, server, batch and what a sum hides", () => {
  assert.equal(badge(watching), "<b>B</b> only watches; a few pictures");
  assert.equal(badge(cheating), "<b>F</b> changes the model; many pictures, through a sum over clients");
  assert.equal(badge(undefined), "");
});

test("each filter keeps what it asks for, and has words", () => {
  const kept = (/** @type {string} */ name) => [watching, cheating].filter(WANTED[name]);
  assert.deepEqual(kept("any"), [watching, cheating]);
  assert.deepEqual(kept("curious"), [watching]);
  for (const name of ["malicious", "many", "through"]) assert.deepEqual(kept(name), [cheating]);
  for (const name of Object.keys(WANTED)) assert.ok(words[`explore.threat_${name}`]);
});
