import assert from "node:assert/strict";
import { test } from "node:test";

import { apart } from "../../gi_core/web/screens/compare/plot.js";

test("texts of a plot stand a line apart, between title and steps, in their order", () => {
  for (const ys of [[100, 101, 102], [155, 156, 157, 158, 159, 160], [0, 1, 80], [40]]) {
    const texts = ys.map(y => ({ y }));
    apart(texts, 34, 156);
    const now = texts.map(text => text.y);
    assert.ok(now[0] >= 34 && now[now.length - 1] <= 156, String(now));
    assert.ok(now.every((y, i) => i === 0 || y - now[i - 1] >= 20), String(now));
  }
});
