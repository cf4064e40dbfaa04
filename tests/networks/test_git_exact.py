"""Exact-GIT against autograd gradients of small MLPs."""

import math
import statistics

import pytest
import torch

from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.models.own import wrap
from gi_core.networks.git_exact import recursion


def observed(model, shape=(3, 16, 16), seed=0, dtype=torch.float32):
    victim = build(model, image_shape=shape, num_classes=10).to(dtype)
    picture = torch.rand(1, *shape, generator=torch.Generator().manual_seed(seed)).to(dtype)
    loss = victim.loss(picture, torch.tensor([seed % 10]))
    names, parameters = zip(*victim.named_parameters(), strict=True)
    return victim, picture, dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


def decibels(steps, picture):
    error = (steps[-1].inputs - picture.double().flatten()).square().mean()
    return -10 * math.log10(float(error) + 1e-40)


@pytest.mark.parametrize("bias", ["true", "false"])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "leaky-relu", "relu"])
def test_picture_comes_back_to_rounding(activation, bias):
    model = f"mlp:width=64,depth=3,shrink=true,activation={activation},bias={bias}"
    victim, picture, gradient = observed(model, seed=3)
    steps = recursion(victim, gradient)
    assert decibels(steps, picture) >= 90
    assert [s.name for s in steps] == ["head", "body.5", "body.3", "body.1"]
    assert int(steps[0].delta.argmin()) == 3
    assert max(s.misfit for s in steps) < 1e-5


def test_published_size_of_the_check_reaches_120_db_in_single_precision():
    victim, picture, gradient = observed("mlp:width=512,depth=4,shrink=true,activation=sigmoid,bias=false", (3, 32, 32))
    assert decibels(recursion(victim, gradient), picture) >= 120


def test_relative_noise_costs_tens_of_decibels():
    victim, picture, gradient = observed("mlp:width=128,depth=3,shrink=true,activation=sigmoid,bias=false")
    clean = decibels(recursion(victim, gradient), picture)
    generator = torch.Generator().manual_seed(0)
    noisy = {
        n: g + 0.01 * g.norm() / g.numel() ** 0.5 * torch.randn(g.shape, generator=generator)
        for n, g in gradient.items()
    }
    steps = recursion(victim, noisy)
    assert 20 < decibels(steps, picture) < clean - 20
    assert steps[-1].misfit > 1e-3


def test_reading_the_biases_skips_the_recursion():
    victim, picture, gradient = observed("mlp:width=64,depth=3,activation=tanh", dtype=torch.float64)
    for use in (True, False):
        assert decibels(recursion(victim, gradient, use_biases=use), picture) >= 200


def test_dead_layer_and_convolution_are_refused_with_the_layers_name():
    victim, _, gradient = observed("mlp:width=8,depth=2,activation=relu")
    gradient["head.weight"] = torch.zeros_like(gradient["head.weight"])
    with pytest.raises(BadInput, match=r"breaks at layer body\.3"):
        recursion(victim, gradient)
    victim, _, gradient = observed("lenet")
    with pytest.raises(BadInput, match="Conv2d"):
        recursion(victim, gradient)


@pytest.mark.parametrize(("sigma", "least"), [(1e-7, 95), (1e-5, 75), (1e-4, 55)])
def test_noise_does_not_revive_dead_units(sigma, least):
    """On the default victim, ReLU; median over pictures."""
    found = []
    for seed in range(5):
        victim, picture, gradient = observed("mlp", (3, 32, 32), seed=seed)
        generator = torch.Generator().manual_seed(seed)
        noisy = {n: g + sigma * torch.randn(g.shape, generator=generator) for n, g in gradient.items()}
        found.append(decibels(recursion(victim, noisy), (picture - victim.mean) / victim.std))
    assert statistics.median(found) >= least


def test_a_users_own_network_is_peeled_too():
    torch.manual_seed(0)
    hidden = torch.nn.Sequential(torch.nn.Linear(768, 40), torch.nn.ReLU(), torch.nn.Dropout(0.5))
    own = torch.nn.Sequential(
        torch.nn.Flatten(), hidden, torch.nn.Linear(40, 20), torch.nn.Tanh(), torch.nn.Linear(20, 5)
    )
    victim = wrap(own.eval(), (3, 16, 16))
    picture = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    names, parameters = zip(*victim.named_parameters(), strict=True)
    gradients = torch.autograd.grad(victim.loss(picture, torch.tensor([2])), parameters)
    steps = recursion(victim, dict(zip(names, gradients, strict=True)))
    assert [s.name for s in steps] == ["head", "body.2", "body.1.0"]
    assert decibels(steps, picture) >= 90
