"""Runs in several threads at once don't disturb each other's randomness."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch

from gi_core.data.sources import open_picture
from gi_core.run import prepare
from gi_core.scenario import Scenario


def test_equal_scenarios_prepared_side_by_side_are_equal():
    scenarios = [Scenario(model=model, image_size=16, defense="dropout") for model in ("lenet", "mlp", "convnet")]
    picture = open_picture("cat", 16, 3)[None]
    expected = [prepare(s, picture).observation.update.tensors for s in scenarios]
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda i: (i % 3, prepare(scenarios[i % 3], picture).observation.update.tensors), range(48))
        )
    for which, tensors in found:
        assert all(torch.equal(tensors[name], expected[which][name]) for name in tensors)
