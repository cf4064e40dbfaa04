"""Restarts side by side against the same restarts one after another, in float64."""

import pytest
import torch
from torch import nn

from gi_core.attacks import ig
from gi_core.attacks.base import attacks
from gi_core.client import release
from gi_core.inversion import reference
from gi_core.inversion.backends.batched import SideBySide
from gi_core.inversion.backends.chain import chain_of
from gi_core.inversion.backends.choose import side_by_side
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import L2, Cosine
from gi_core.models import build
from gi_core.models.base import Victim
from gi_core.observation import Observation
from gi_core.priors.tv import TotalVariation


def odd() -> Victim:
    """Kernels, strides and paddings that divide nothing, without some biases."""
    body = nn.Sequential(
        nn.Conv2d(3, 4, (3, 5), stride=(2, 3), padding=(1, 0)), nn.Tanh(),
        nn.Conv2d(4, 5, 2, stride=3, bias=False), nn.Conv2d(5, 3, 3, padding=(2, 1)), nn.ReLU(),
        nn.Flatten(), nn.Linear(3 * 7 * 3, 6, bias=False), nn.Sigmoid(),
    )  # fmt: skip
    victim = Victim(body, nn.Linear(6, 10), image_shape=(3, 29, 31), mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4))
    victim.label_smoothing = 0.1
    return victim


VICTIMS = {
    "lenet": lambda: build("lenet", image_shape=(3, 32, 32), num_classes=10),
    "mlp": lambda: build("mlp:width=16,activation=tanh", image_shape=(3, 32, 32), num_classes=10),
}


def observe(victim: Victim, batch: int) -> Observation:
    victim = victim.double()
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(batch, *victim.image_shape, generator=generator, dtype=torch.float64)
    labels = torch.arange(batch) % 10
    return Observation(victim, release(victim, pictures, labels).defended, batch, labels=labels)


def test_layers_that_divide_nothing_get_the_references_loss_and_gradient():
    observation = observe(odd(), 3)
    guesses = torch.rand((4, 3, *observation.image_shape), generator=torch.Generator().manual_seed(1)).double()
    together = SideBySide(
        observation, observation.labels, chain_of(observation.victim), Cosine(), (TotalVariation(weight=0.3),)
    ).evaluate(guesses)
    assert set(together.terms) == {"cosine", "tv"}
    for r, guess in enumerate(guesses):
        value, gradient = reference.evaluate(observation, guess, observation.labels, "cosine", 0.3)
        assert torch.allclose(together.loss[r], value, rtol=1e-9)
        assert (together.gradient[r] - gradient).norm() < 1e-9 * gradient.norm()


@pytest.mark.parametrize("options", ["", ",objective=l2,signed=false,tv=0,lr=0.01", ",decay=false,box=false"])
def test_restarts_side_by_side_walk_as_they_do_in_turn(options, monkeypatch):
    observation = observe(VICTIMS["lenet"](), 1)
    attack = attacks.parse("ig:steps=12,restarts=3" + options)
    together = [(f.restart, f.iteration, float(f.loss), f.images.clone()) for f in attack.run(observation, 5)]
    monkeypatch.setattr(ig, "side_by_side", lambda *_: None)
    in_turn = [(f.restart, f.iteration, float(f.loss), f.images.clone()) for f in attack.run(observation, 5)]
    assert [frame[1] for frame in together] == list(range(attack.iterations))
    for r in range(3):
        losses = [[loss for restart, _, loss, _ in way if restart == r] for way in (together, in_turn)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert torch.allclose(together[-1][3], in_turn[-1][3], atol=1e-6)
    if "box=false" in options:  # frames are clamped there, their loss is the unclamped iterate's
        return
    for _, iteration, _, images in together:  # a frame holds the best of all that was seen by then
        seen = [f for f in together if f[1] // 3 <= iteration // 3]
        leader = min(seen, key=lambda f: f[2])
        matcher = Matcher(observation, attack_objective(options), priors_of(options))
        assert float(matcher.evaluate(images, observation.labels).loss) == pytest.approx(leader[2], rel=1e-6)


def attack_objective(options):
    return L2() if "l2" in options else Cosine()


def priors_of(options):
    return () if "tv=0" in options else (TotalVariation(weight=0.01),)


@pytest.mark.parametrize("text", ["convnet:width=4", "resnet18:width=4", "mlp:activation=leaky-relu"])
def test_other_victims_are_left_to_the_plain_way(text):
    assert chain_of(build(text, image_shape=(3, 32, 32), num_classes=10)) is None


def test_windows_that_hold_no_pixel_are_left_to_the_plain_way():
    body = nn.Sequential(nn.Conv2d(3, 2, 2, padding=2), nn.ReLU(), nn.Flatten())
    assert chain_of(Victim(body, nn.Linear(2 * 11 * 11, 10), image_shape=(3, 8, 8))) is None


def test_only_small_guesses_go_side_by_side():
    def pays(victim, batch):
        observation = observe(victim, batch)
        return side_by_side(observation, observation.labels, Cosine(), (), 3) is not None

    assert pays(VICTIMS["lenet"](), 17)
    assert not pays(VICTIMS["lenet"](), 18)
    assert pays(VICTIMS["mlp"](), 1)
    assert not pays(build("mlp:width=160", image_shape=(3, 32, 32), num_classes=10), 1)
