import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { use } from "../../gi_core/web/lib/words.js";
import * as model from "../../gi_core/web/screens/explore/model.js";
import * as tell from "../../gi_core/web/screens/explore/telling.js";

const read = (/** @type {string} */ name) =>
  JSON.parse(readFileSync(new URL(`../../gi_core/web/locales/${name}.json`, import.meta.url), "utf8"));
const tables = { en: read("en"), de: read("de") };
const choices = { network: "lenet", defense: "noise", strength: 1e-4, mixed: 1, picture: "cat", own: null, expert: {} };
const verdict = { level: 0, rank: 40, control_rank: 50, candidates: 100, reason: { code: "not-found" } };
const short = { ...verdict, reason: { code: "too-short" } };

for (const [language, word, nothing] of [["en", "Too short to tell", "guesswork"], ["de", "Zu kurz", "geraten"]])
  test(`an attack that was still on its way has words of its own: ${language}`, () => {
    use(tables, language);
    const said = [
      tables[/** @type {"en"} */ (language)]["explore.word_short"],
      tell.headline({ level: "short", mixed: 1, own: false, running: false }),
      tell.sentence(choices, short),
      tell.sentence({ ...choices, mixed: 4 }, short),
      ...tell.prompt(choices, "short", null, null, null),
    ];
    assert.equal(said[0], word);
    for (const text of said) assert.doesNotMatch(text, new RegExp(`explore\\.|${nothing}`));
    assert.match(tell.sentence(choices, verdict), new RegExp(nothing));
    assert.notEqual(said[1], tell.headline({ level: 0, mixed: 1, own: false, running: false }));
  });

test("a strength hides only where the attack had come to rest", () => {
  const cell = (/** @type {number} */ strength, /** @type {model.Verdict} */ verdict) => ({ strength, verdict });
  const set = (/** @type {any[]} */ ...cells) => /** @type {model.AtlasSet} */ ({ cells });
  assert.equal(model.hidden(set(cell(0, { ...verdict, level: 3 }), cell(1e-3, verdict), cell(0.01, verdict))), 1e-3);
  assert.equal(model.hidden(set(cell(0, { ...verdict, level: 3 }), cell(1e-3, short), cell(0.01, verdict))), 0.01);
});

test("nothing found: how far attacker and control are apart, and from where on they would differ", () => {
  use(tables, "en");
  assert.match(tell.reason(verdict, -0.04), /0\.0 dB apart: under 1 dB they look alike/);
  assert.match(tell.reason(verdict, 9.4), /9\.4 dB apart: they would look alike under 1 dB/);
  assert.doesNotMatch(tell.reason({ ...verdict, level: 2 }, 9.4) + tell.reason(short, 0), /apart/);
});
