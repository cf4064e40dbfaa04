import assert from "node:assert/strict";
import { test } from "node:test";

import { magnified, rgb } from "../../gi_core/web/lib/canvas.js";

/** @param {number[]} data */
const pixels = data => ({ data: Uint8ClampedArray.from(data), width: data.length / 4, height: 1 });

test("a difference is |a - b| x factor, clamped and opaque", () => {
  const a = pixels([10, 200, 0, 255, 5, 5, 5, 255]), b = pixels([13, 100, 0, 255, 5, 5, 5, 255]);
  assert.deepEqual([...magnified(a, b, 4)], [12, 255, 0, 255, 0, 0, 0, 255]);
  assert.deepEqual(magnified(a, b, 4), magnified(b, a, 4));
});

test("neither picture is changed", () => {
  const a = pixels([1, 2, 3, 255]), b = pixels([4, 5, 6, 255]);
  magnified(a, b, 2);
  assert.deepEqual([...a.data, ...b.data], [1, 2, 3, 255, 4, 5, 6, 255]);
});

test("pictures of unequal size have no difference", () => {
  assert.throws(() => magnified(pixels([0, 0, 0, 0]), pixels([0, 0, 0, 0, 0, 0, 0, 0]), 1), /1 x 1 and 2 x 1/);
});

test("a colour's three numbers", () => assert.deepEqual(rgb("#0A3F7D"), [10, 63, 125]));
