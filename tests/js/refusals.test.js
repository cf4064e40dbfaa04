import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { kindOf, refusal } from "../../gi_core/web/lib/refusals.js";
import { use } from "../../gi_core/web/lib/words.js";

const read = (/** @type {string} */ name) =>
  JSON.parse(readFileSync(new URL(`../../gi_core/web/locales/${name}.json`, import.meta.url), "utf8"));
const tables = { en: read("en"), de: read("de") };

test("a refusal keeps the server's numbers and gets the page's words", () => {
  const said = {
    "Unknown attack 'igg': allowed are ig, dlg.": ["unknown", "'igg' ist unbekannt. Erlaubt sind ig, dlg."],
    "Image_size=9999: at most 64 is allowed on this server.":
      ["most_here", "Seite, Pixel=9999: Auf diesem Server ist höchstens 64 erlaubt."],
    "Seed is empty: a value is needed.": ["empty", "Startzahl ist leer: Ein Wert ist nötig."],
    "4 runs are waiting already: please try again in a minute.": ["full", "Es warten schon 4 Läufe."],
  };
  for (const [sentence, [kind, german]] of Object.entries(said)) {
    assert.equal(kindOf(sentence)?.[0], kind);
    use(tables, "de");
    assert.ok(refusal(sentence).startsWith(german), refusal(sentence));
    use(tables, "en");
    assert.equal(refusal(sentence), sentence);
  }
  assert.equal(kindOf("Something else entirely."), null);
});
