"""The estimate is right to a small factor, and asking changes nothing."""

import time

import pytest
import torch

from gi_core import models
from gi_core.models.cost import iteration_seconds


@pytest.mark.parametrize("name", ["convnet:width=32", "resnet18-preact:width=16", "vit-tiny"])
def test_within_a_factor_of_five(name):
    victim = models.build(name, image_shape=(3, 32, 32), num_classes=10, mode="train")
    state = {n: t.clone() for n, t in victim.state_dict().items()}
    estimate = min(iteration_seconds(victim, 2) for _ in range(3))
    assert all(torch.equal(t, state[n]) for n, t in victim.state_dict().items())
    spent = []
    for _ in range(3):
        x, y = torch.rand(2, 3, 32, 32, requires_grad=True), torch.tensor([0, 1])
        started = time.process_time()
        gradient = torch.autograd.grad(victim.loss(x, y), list(victim.parameters()), create_graph=True)
        torch.autograd.grad(torch.stack([g.square().sum() for g in gradient]).sum(), x)
        spent.append(time.process_time() - started)
    assert min(spent) / 5 < estimate < 5 * min(spent)


def test_it_grows_with_the_batch():
    victim = models.build("convnet", image_shape=(3, 32, 32), num_classes=10)
    assert iteration_seconds(victim, 8) > 2 * iteration_seconds(victim, 1)
