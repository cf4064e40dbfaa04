"""Layer by layer: the numbers behind the pictures of an update."""

from __future__ import annotations

import pytest
import torch

from gi_core.web.screens.explore.layers import filters, histograms, layers_with
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits


def test_histograms_count_every_entry_on_one_scale():
    before, after = torch.tensor([-1.0, 0.0, 0.5]), torch.tensor([-2.0, 2.0, 0.0])
    told = histograms(before, after)
    assert told["edge"] == 2.0
    assert sum(told["before"]) == sum(told["after"]) == 3
    assert told["after"][0] == told["after"][-1] == 1


@pytest.mark.parametrize(
    ("shape", "size"), [((12, 3, 5, 5), (12, 5)), ((8, 768), (8, 16)), ((4, 64, 3, 3), (4, 3)), ((6, 49), (6, 7))]
)
def test_first_layers_become_small_pictures(shape, size):
    told = filters(torch.randn(shape, generator=torch.Generator().manual_seed(0)))
    assert (told["count"], told["width"]) == size


def test_the_head_betrays_the_label():
    settings = {"model": "mlp", "image_size": 16, "seed": 5}
    told = layers_with(RunService(Limits()))({"settings": settings, "pictures": [{"sample": "cat"}]})
    values, labels = told["head"]["values"], told["head"]["labels"]
    assert [i for i, v in enumerate(values) if v < 0] == labels
    assert max(layer["noise_share"] for layer in told["layers"]) < 1e-6


def test_bad_settings_are_one_sentence():
    told = layers_with(RunService(Limits()))({"settings": {"model": "nothing"}, "pictures": []})
    assert "Unknown model" in told["error"]
