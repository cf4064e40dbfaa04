import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import * as format from "../../gi_core/web/lib/format.js";
import { use } from "../../gi_core/web/lib/words.js";

const tables = { en: { title: "x" }, de: { title: "y" } };
beforeEach(() => use(tables, "en"));

test("numbers follow the language", () => {
  assert.equal(format.number(1234.56, 1), "1,234.6");
  use(tables, "de");
  assert.equal(format.number(1234.56, 1), "1.234,6");
  assert.equal(format.short(0.0123), "0,0123");
});

test("what was not measured is a dash, never NaN", () => {
  for (const value of [null, undefined, NaN, Infinity]) {
    assert.equal(format.number(value), "–");
    assert.equal(format.whole(value), "–");
    assert.equal(format.twoFigures(value), "–");
  }
});

test("a difference shows its sign, and none when it rounds to zero", () => {
  assert.deepEqual([2.34, -2.34, 0.04, -0.04].map(v => format.signed(v)), ["+2.3", "−2.3", "±0.0", "±0.0"]);
});

test("two figures and never an exponent", () => {
  assert.deepEqual([0.0000084123, 0.0512, 3.21, 456].map(format.twoFigures), ["0.0000084", "0.051", "3.2", "460"]);
});

test("ordinals by the language's rules", () => {
  const table = { ordinal_one: "{n}st", ordinal_two: "{n}nd", ordinal_few: "{n}rd", ordinal_other: "{n}th" };
  const told = [1, 2, 3, 4, 11, 21].map(n => format.ordinal(n, table));
  assert.deepEqual(told, ["1st", "2nd", "3rd", "4th", "11th", "21st"]);
  use(tables, "de");
  assert.equal(format.ordinal(3, { ordinal_other: "{n}." }), "3.");
});

test("a defense in words; one without words shows its text", () => {
  const table = { does_clip: "clip to {norm}", does_prune: "keep {share%}", no_defense: "none" };
  const parts = [{ name: "clip", norm: 0.5, text: "clip:norm=0.5" }, { name: "prune", share: 0.1, text: "" },
    { name: "odd", text: "odd:x=1" }];
  assert.equal(format.defense(parts, table), "clip to 0.5, keep 10 %, odd:x=1");
  assert.equal(format.defense([], table), "none");
});

test("csv quotes what a spreadsheet would misread", () => {
  assert.equal(format.csv([["=1+1", "-x", -2, 'a"b', "c,d"]]), `'=1+1,'-x,-2,"a""b","c,d"\r\n`);
});

test("escape leaves no markup", () => {
  assert.equal(format.escape('<b a="1">&</b>'), "&lt;b a=&quot;1&quot;&gt;&amp;&lt;/b&gt;");
});
