"""Coarse-GIT and LTI: structure, invariances, sketches."""

import itertools

import torch

from gi_core.models import build
from gi_core.networks.git import CoarseGIT, stages
from gi_core.networks.lti import LTI
from gi_core.networks.sketch import Sketch, flat


def gradients(victim, count=3):
    generator = torch.Generator().manual_seed(0)
    rows = []
    for n in range(count):
        loss = victim.loss(torch.rand(1, *victim.image_shape, generator=generator), torch.tensor([n]))
        rows.append(flat(list(torch.autograd.grad(loss, list(victim.parameters())))))
    return torch.cat(rows)


def test_stages_cover_the_body_in_order_for_lenet_and_resnet():
    for model, count in (("lenet", 3), ("resnet18:width=8", 6)):
        victim = build(model, image_shape=(3, 32, 32), num_classes=10)
        found = stages(victim)
        assert len(found) == count
        assert found[0].start == 0
        assert all(a.stop == b.start for a, b in itertools.pairwise(found))
        assert found[-1].stop == sum(p.numel() for p in victim.body.parameters())


def test_blocks_hold_the_exact_features_and_ignore_the_updates_scale():
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    rows = gradients(victim)
    network = CoarseGIT(victim)
    features, _, _ = network.blocks(network.look(rows))
    generator = torch.Generator().manual_seed(0)
    truth = torch.cat([victim.features(torch.rand(1, 3, 32, 32, generator=generator)) for _ in range(3)])
    assert torch.allclose(features, truth, atol=1e-4)
    with torch.no_grad():
        assert torch.allclose(network(rows), network(rows * 0.01), atol=1e-4)


def test_both_networks_take_the_same_gradient_and_match_in_size():
    victim = build("lenet", image_shape=(3, 32, 32), num_classes=10)
    sizes = {}
    for kind in (CoarseGIT, LTI):
        network = kind(victim)
        assert network(gradients(victim, 2)).shape == (2, 3, 32, 32)
        sizes[kind] = sum(p.numel() for p in network.parameters())
    assert 0.9 < sizes[CoarseGIT] / sizes[LTI] < 1.1


def test_a_sketch_adds_up_bins_and_passes_short_vectors():
    rows = torch.randn(4, 100, generator=torch.Generator().manual_seed(0))
    assert torch.equal(Sketch(100, 200, seed=0)(rows), rows)
    sketch = Sketch(100, 16, seed=0)
    out = sketch(rows)
    assert out.shape == (4, 16)
    assert torch.allclose(out[:, 3], rows[:, sketch.place == 3].sum(1))
    assert torch.allclose(out.sum(1), rows.sum(1), atol=1e-5)


def test_independent_noise_on_the_numbers_grows_with_the_root_of_a_bins_count():
    sketch = Sketch(5000, 16, seed=0)
    assert sketch.counts.sum() == 5000
    out = sketch(torch.randn(2000, 5000, generator=torch.Generator().manual_seed(0)))
    assert torch.allclose(out.std(0), sketch.counts.sqrt(), rtol=0.08)
    assert torch.equal(Sketch(100, 200, seed=0).counts, torch.ones(100))


def test_a_long_gradient_is_looked_at_in_pieces_that_are_never_held_together():
    victim = build("resnet18:width=4", image_shape=(3, 32, 32), num_classes=10)
    for kind in (CoarseGIT, LTI):
        network = kind(victim)
        rows = gradients(victim, 2)
        looks = network.look(rows)
        assert looks.shape == (2, len(network.counts))
        assert looks.shape[1] < rows.shape[1]
        with torch.no_grad():
            assert torch.equal(network(rows), network.decode(looks))
