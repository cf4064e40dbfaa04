"""The defenses that Venom's authors propose against it."""

import math

import pytest
import torch

from gi_core.client import release
from gi_core.defenses import parse_stack
from gi_core.defenses.accounting import analytic_gaussian
from gi_core.models import build


@pytest.fixture(scope="module")
def lenet():
    return build("lenet", image_shape=(3, 16, 16), num_classes=10)


def updates(victim, text, count=1, seed=0):
    images = torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(9))
    labels = torch.arange(count) % 10
    return release(victim, images, labels, stack=parse_stack(text), seed=seed), victim.features(images).detach()


def test_correlated_noise_turns_the_ratio_of_weight_and_bias_into_its_own_direction(lenet):
    released, features = updates(lenet, "correlated:sigma=1e4")
    weight, bias = released.defended.tensors["head.weight"], released.defended.tensors["head.bias"]
    ratios = weight / bias.unsqueeze(1)
    assert torch.allclose(ratios, ratios[:1].expand_as(ratios), atol=1e-2)
    assert torch.cosine_similarity(ratios[:1], features).abs() < 0.3


def test_uncorrelated_part_and_sigma_zero(lenet):
    released, _ = updates(lenet, "correlated:sigma=0.5,rho=0")
    noise = released.defended.tensors["head.weight"] - released.clean.tensors["head.weight"]
    assert noise.std() == pytest.approx(0.5, rel=0.1)
    assert torch.linalg.matrix_rank(noise) == 10
    shared, _ = updates(lenet, "correlated:sigma=0.5,rho=1")
    noise = shared.defended.tensors["head.weight"] - shared.clean.tensors["head.weight"]
    assert torch.linalg.matrix_rank(noise, rtol=1e-4) == 1
    nothing, _ = updates(lenet, "correlated:sigma=0")
    assert all(torch.equal(nothing.defended.tensors[n], t) for n, t in nothing.clean.tensors.items())


def test_layerwise_budget_adds_up_and_is_spent_where_it_says(lenet):
    (defense,) = parse_stack("layerwise-budget:epsilon=10,head=0.1")
    names = [name for name, _ in lenet.named_parameters()]
    multipliers = defense.multipliers(names)
    z = analytic_gaussian(10, 1e-5)
    assert sum(1 / v**2 for v in multipliers.values()) == pytest.approx(1 / z**2)
    heads = sum(1 / multipliers[n] ** 2 for n in ("head.weight", "head.bias"))
    assert heads == pytest.approx(0.1 / z**2)
    assert defense.privacy(1).epsilon == 10
    draws = []
    for seed in range(40):
        released, _ = updates(lenet, "layerwise-budget:epsilon=10,head=0.1", seed=seed)
        clean = released.clean.tensors["head.weight"]
        clipped = clean / max(1.0, float(clean.norm()))
        draws.append(released.defended.tensors["head.weight"] - clipped)
    assert torch.stack(draws).std() == pytest.approx(multipliers["head.weight"], rel=0.02)


def test_layerwise_compression_keeps_the_largest_share(lenet):
    released, _ = updates(lenet, "layerwise-budget:keep=0.05")
    for name, tensor in released.defended.tensors.items():
        assert int((tensor != 0).sum()) == math.ceil(0.05 * tensor.numel()), name


def test_prototype_head_has_no_gradient_but_a_class_of_one_sends_its_features(lenet):
    released, features = updates(lenet, "prototype", count=3)
    assert torch.equal(released.clean.tensors["head.bias"], torch.zeros(10))
    assert torch.equal(released.clean.tensors["head.weight"], torch.zeros_like(released.clean.tensors["head.weight"]))
    sent = released.defended.tensors["head.weight"]
    assert torch.allclose(sent[:3], features)
    assert torch.equal(sent[3:], torch.zeros_like(sent[3:]))
    nothing, _ = updates(lenet, "prototype:send=nothing", count=3)
    assert not nothing.defended.tensors["head.weight"].any()
    assert nothing.defended.tensors["body.0.weight"].any()


def test_prototype_logits_are_scaled_squared_distances(lenet):
    client = build("lenet", image_shape=(3, 16, 16), num_classes=10)
    (defense,) = parse_stack("prototype:temperature=4")
    defense.on_model(client)
    picture = torch.rand(2, 3, 16, 16)
    distances = (client.features(picture).unsqueeze(1) - lenet.head.weight).square().sum(2)
    assert torch.allclose(client(picture), -distances / 4, rtol=1e-4, atol=1e-3)
