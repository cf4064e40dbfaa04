import assert from "node:assert/strict";
import { test } from "node:test";

import { refusal } from "../../gi_core/web/lib/shrink.js";

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52];

/** @param {number} width @param {number} height */
const png = (width, height) => {
  const bytes = new Uint8Array(33);
  bytes.set(PNG);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  return bytes;
};

test("a picture passes", () => assert.equal(refusal(png(640, 480)), null));
test("what is no picture is refused", () =>
  assert.equal(refusal(new TextEncoder().encode("<svg></svg>"))?.[0], "not_picture"));
test("a bomb is refused before it is decoded", () => assert.deepEqual(refusal(png(13000, 13000)),
  ["too_many_pixels", { size: "13000 × 13000" }]));
test("a JPEG that ends too early is refused", () => {
  const whole = Uint8Array.from([0xff, 0xd8, ...Array(200).fill(1), 0xff, 0xd9]);
  assert.equal(refusal(whole), null);
  assert.equal(refusal(whole.subarray(0, 150))?.[0], "truncated");
});
