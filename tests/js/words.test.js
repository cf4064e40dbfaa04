import assert from "node:assert/strict";
import { test } from "node:test";

import { chosen, say, t, use } from "../../gi_core/web/lib/words.js";

test("the first wish that the page speaks; English otherwise", () => {
  assert.equal(chosen([null, undefined, "fr-FR", "de-AT"], ["en", "de"]), "de");
  assert.equal(chosen(["xx"], ["en", "de"]), "en");
  assert.equal(chosen(["toString"], ["en", "de"]), "en");
});

test("values are filled in, shares in percent, missing ones left out", () => {
  use({ en: { title: "", hello: "{who}: {part%}, {none}." } }, "en");
  assert.equal(say("{who}: {part%}, {none}.", { who: "Ada", part: 0.256 }), "Ada: 26 %, .");
  assert.equal(t("hello", { who: "Ada", part: 1 }), "Ada: 100 %, .");
});

test("a word that the language lacks shows its key", () => {
  assert.equal(t("no.such.word"), "no.such.word");
});
