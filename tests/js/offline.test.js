import assert from "node:assert/strict";
import { test } from "node:test";

import { bytes, link, repeat } from "../../gi_core/web/lib/offline.js";

const defaults = { model: "lenet", batch_size: 1, image_size: 32, channels: 3, defense: "none", attack: "ig", seed: 0 };

test("an address's fields become settings: numbers stay numbers, a space is the plus it was", () => {
  const { settings } = link("?attack=venom ig:steps=5&seed=7&batch_size=many&tab=explore&data=x", defaults);
  assert.deepEqual(settings, { ...defaults, attack: "venom+ig:steps=5", seed: 7 });
});

test("the commands name what differs, quoted where a shell would read more into it", () => {
  const settings = { ...defaults, seed: 3, defense: "clip+gaussian", attack: "ig:init=(git:pairs=5)" };
  const setUp = { settings, pictures: [{ sample: "cat" }, { data: "data:image/png;base64,AAAA" }] };
  const { cli, python } = repeat(setUp, defaults);
  assert.equal(cli, "python -m gi_core run --defense clip+gaussian --attack 'ig:init=(git:pairs=5)' --seed 3"
    + " --image cat --image your-picture.png");
  assert.match(python, /gi\.Scenario\(defense='clip\+gaussian', attack='ig:init=\(git:pairs=5\)', seed=3\)/);
  assert.ok(!cli.includes("base64") && !python.includes("base64"));
});

test("letters of 15 bits are bytes again, whatever their number", () => {
  for (const size of [0, 1, 2, 14, 15, 16, 31]) {
    const given = Uint8Array.from({ length: size }, (_, i) => (37 * i + 200) % 256);
    const bits = [...given].map(value => value.toString(2).padStart(8, "0")).join(""), letters = [];
    for (let i = 0; i < bits.length; i += 15)
      letters.push(String.fromCharCode(0x3400 + parseInt(bits.slice(i, i + 15).padEnd(15, "0"), 2)));
    assert.deepEqual(bytes(size, letters.join("")), given);
  }
});
