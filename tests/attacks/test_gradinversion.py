"""GradInversion descends, repeats, and its seeds draw together."""

import pytest
import torch

from gi_core import models
from gi_core.attacks import attacks
from gi_core.client import release
from gi_core.errors import BadInput
from gi_core.observation import Observation
from gi_core.priors.base import PriorContext
from gi_core.priors.norm import SquaredNorm

SHAPE = (3, 16, 16)


def observe(model="convnet:width=4"):
    noise = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    images = torch.nn.functional.interpolate(noise, size=SHAPE[1:], mode="bilinear")
    victim = models.build(model, image_shape=SHAPE, num_classes=5)
    labels = torch.tensor([1])
    return Observation(victim, release(victim, images, labels).defended, 1, labels)


def test_descends_and_repeats():
    attack = attacks.parse("gradinversion:steps=40,seeds=2,bn=0.001")
    first, second = (list(attack.run(observe(), seed=1)) for _ in range(2))
    assert len(first) == attack.iterations == 41
    assert torch.equal(first[-1].images, second[-1].images)
    assert first[-1].loss < 0.8 * first[0].loss
    assert {"l2", "batchnorm", "tv", "norm"} <= first[0].terms.keys()
    assert "group" not in first[9].terms
    assert "group" in first[10].terms
    assert all(f.images.min() >= 0 and f.images.max() <= 1 for f in first)


def test_group_weight_draws_seeds_together():
    def spread(weight):
        attack = attacks.parse(f"gradinversion:steps=40,seeds=3,bn=0,tv=0,langevin=0,decay=false,group={weight}")
        *_, last = attack.run(observe(), seed=1)
        return last.terms["group"].item() / weight

    assert spread(1.0) < 0.5 * spread(1e-9)


def test_without_batchnorm_it_says_so():
    with pytest.raises(BadInput, match="no BatchNorm"):
        next(attacks.parse("gradinversion").run(observe("lenet"), 0))
    next(attacks.parse("gradinversion:bn=0").run(observe("lenet"), 0))


def test_norm_prior_gradient():
    observation = observe()
    moment = PriorContext(observation, 0.0, torch.Generator(), torch.zeros(1, *SHAPE))
    x = torch.rand(2, *SHAPE, requires_grad=True)
    value, gradient = SquaredNorm(weight=0.3).pull(x.detach(), moment)
    expected = 0.3 * ((x - observation.victim.mean) / observation.victim.std).square().sum((1, 2, 3)).mean()
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, x)[0])
