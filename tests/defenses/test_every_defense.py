"""Every defense on a small update: what all of them promise."""

import pytest
import torch

from gi_core.client import Released, release
from gi_core.defenses import defenses, parse_stack
from gi_core.models import build
from gi_core.models.base import Victim

RANDOM = {
    "gaussian", "laplace", "dp-gaussian", "dp-laplace", "correlated", "layerwise-budget", "dropout", "prune",
    "quantize", "flower-local-dp", "nvflare-svt", "opacus-dp-sgd",
}  # fmt: skip
"""Draw noise, masks or roundings; the others give one answer."""


def victim() -> Victim:
    return build("mlp:width=8", image_shape=(3, 16, 16), num_classes=10)


def sent(name: str, seed: int, client: Victim) -> Released:
    pictures = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    return release(client, pictures, torch.tensor([1, 4]), stack=parse_stack(name), seed=seed)


IDLE = {"nvflare-percentile", "nvflare-exclude", "flower-fixed-clipping", "flower-adaptive-clipping"}
"""Do nothing to a small update at their published defaults."""


@pytest.mark.parametrize("name", defenses.names())
def test_the_update_keeps_its_shape_and_the_network_its_weights(name: str) -> None:
    client = victim()
    before = {n: t.clone() for n, t in client.state_dict().items()}
    update = sent(name, 0, client).defended
    for n, p in client.named_parameters():
        assert update.tensors[n].shape == p.shape and bool(torch.isfinite(update.tensors[n]).all())
    assert update.examples == 2
    assert all(torch.equal(t, before[n]) for n, t in client.state_dict().items())


@pytest.mark.parametrize("name", defenses.names())
def test_it_changes_the_update_and_the_same_seed_gives_the_same_bits(name: str) -> None:
    client = victim()
    first, same, other = (sent(name, seed, client).defended.tensors for seed in (0, 0, 1))
    plain = sent("none", 0, client).defended.tensors
    assert all(torch.equal(first[n], same[n]) for n in first)
    assert name in IDLE or any(not torch.equal(first[n], plain[n]) for n in first)
    assert any(not torch.equal(first[n], other[n]) for n in first) is (name in RANDOM)


@pytest.mark.parametrize("name", defenses.names())
def test_its_public_facts_rebuild_it(name: str) -> None:
    (defense,) = parse_stack(name)
    facts = defense.facts()
    assert type(defense)(**facts.options) == defense and facts.name == name
