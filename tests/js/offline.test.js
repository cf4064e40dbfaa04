import assert from "node:assert/strict";
import { test } from "node:test";

import { link, repeat } from "../../gi_core/web/lib/offline.js";

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
