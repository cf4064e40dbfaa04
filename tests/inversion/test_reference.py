"""Every backend against the reference, value and gradient, in float64."""

from itertools import islice

import pytest
import torch

from gi_core.client import release
from gi_core.inversion import reference
from gi_core.inversion.backends.batched import SideBySide
from gi_core.inversion.backends.chain import chain_of
from gi_core.inversion.backends.choose import choose_backend, side_by_side
from gi_core.inversion.backends.factored import factored
from gi_core.inversion.backends.plain import plain
from gi_core.inversion.descent import Steps, descend
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import objectives
from gi_core.models import build
from gi_core.observation import Observation
from gi_core.priors.tv import TotalVariation

SIDE = 16
VICTIMS = {
    "lenet": "eval", "mlp:width=16,activation=tanh": "eval", "convnet:width=4": "train", "resnet18:width=4": "eval",
}  # fmt: skip
FACTORED = {
    "convnet:width=4": {"body.0": 256, "body.3": 256},
    "resnet18:width=4": {"body.9.conv1": 4, "body.9.shortcut.0": 4, "body.10.conv1": 4},
}
SMOOTHING = 0.3


def observe(model: str, batch: int) -> Observation:
    victim = build(model, image_shape=(3, SIDE, SIDE), num_classes=10, mode=VICTIMS[model]).double()
    pictures = torch.rand(batch, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.arange(batch)
    return Observation(victim, release(victim, pictures, labels).defended, batch, labels=labels)


def guesses(count: int, batch: int) -> torch.Tensor:
    shape = (count, batch, 3, SIDE, SIDE)
    return torch.rand(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def assert_equal(own, observation, guess, objective):
    value, gradient = reference.evaluate(observation, guess, observation.labels, objective, SMOOTHING)
    assert torch.allclose(own.loss, value, rtol=1e-9)
    assert (own.gradient - gradient).norm() < 1e-9 * gradient.norm()


@pytest.mark.parametrize("objective", objectives.names())
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("model", VICTIMS)
def test_one_guess_at_a_time(model, batch, objective):
    observation, distance = observe(model, batch), objectives.parse(objective)
    backends = [plain(observation, distance), choose_backend(observation, distance)]
    if model in FACTORED:
        positions = {name: batch * count for name, count in FACTORED[model].items()}
        backends.append(factored(observation, distance, positions))
    guess = guesses(1, batch)[0]
    for backend in backends:
        matcher = Matcher(observation, distance, (TotalVariation(weight=SMOOTHING),), backend=backend)
        assert_equal(matcher.evaluate(guess, observation.labels), observation, guess, objective)


@pytest.mark.parametrize("objective", objectives.names())
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("model", ["lenet", "mlp:width=16,activation=tanh"])
def test_guesses_side_by_side(model, batch, objective):
    observation, distance = observe(model, batch), objectives.parse(objective)
    several, priors = guesses(3, batch), (TotalVariation(weight=SMOOTHING),)
    chain = chain_of(observation.victim)
    together = SideBySide(observation, observation.labels, chain, distance, priors).evaluate(several)
    for r, guess in enumerate(several):
        own = type(together)(together.loss[r], {}, together.gradient[r])
        assert_equal(own, observation, guess, objective)


def test_a_descent_is_the_references():
    observation = observe("lenet", 1)
    guess, steps = guesses(1, 1)[0], 12
    matcher = Matcher(observation, objectives.parse("cosine"))
    evaluate = lambda x, progress: matcher.evaluate(x, observation.labels, progress)
    own = [float(f.loss) for f in islice(descend(evaluate, guess, observation, Steps(steps, decay=False)), steps)]
    expected = [float(loss) for loss in reference.invert(observation, observation.labels, guess, steps)]
    assert own == pytest.approx(expected, rel=1e-6)
    assert own[-1] < own[0]


def test_restarts_go_side_by_side_only_on_small_chains_without_an_adapted_distance():
    lenet, tv = observe("lenet", 1), (TotalVariation(weight=0.1),)
    cosine = objectives.parse("cosine")
    assert side_by_side(lenet, lenet.labels, cosine, tv, 4) is not None
    assert side_by_side(lenet, lenet.labels, cosine, tv, 1) is None
    residual = observe("resnet18:width=4", 1)
    assert side_by_side(residual, residual.labels, cosine, tv, 4) is None
