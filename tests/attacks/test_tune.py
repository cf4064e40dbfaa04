"""The tuned attack keeps the trial of closest match, by what the attacker sees."""

import pytest
import torch

from gi_core import models
from gi_core.attacks import attacks
from gi_core.attacks.tune import ranges, search
from gi_core.client import release
from gi_core.errors import BadInput
from gi_core.observation import Observation


def observe(picture):
    victim = models.build("lenet", image_shape=(3, 32, 32), num_classes=10)
    labels = torch.tensor([3])
    return Observation(victim, release(victim, picture, labels).defended, 1, labels)


def test_keeps_the_closest_match(picture):
    attack = attacks.parse("tune:trials=4,attack=(ig:steps=8)")
    frames = list(attack.run(observe(picture), seed=0))
    assert [f.iteration for f in frames] == list(range(attack.iterations)) == list(range(40))
    per_trial = [frames[10 * n : 10 * n + 9] for n in range(4)]
    closest = [min(float(f.terms["cosine"]) for f in trial) for trial in per_trial]
    last = frames[-1]
    winner = closest.index(min(closest))
    assert last.restart == winner
    assert last.report["distance"] == pytest.approx(min(closest))
    assert last.report["options"] == per_trial[winner][0].report["options"]
    alone = list(attacks.parse("ig:steps=8").run(observe(picture), seed=0))
    assert last.images.shape == alone[-1].images.shape
    again = list(attack.run(observe(picture), seed=0))
    assert torch.equal(again[-1].images, last.images)


def test_search_finds_a_quadratic_minimum():
    """Sent |log10(tv) + 3|, it proposes ever better weights within the ranges."""
    trials = search(attacks.parse("bn-exact"), 40, seed=0)
    attack, options = next(trials)
    values = []
    for _ in range(39):
        assert 1e-6 <= attack.tv <= 1e-1
        assert 1e-4 <= attack.lr <= 1e2
        assert options.keys() == {"lr", "tv", "bn", "median", "top10"}
        values.append(abs(torch.tensor(attack.tv).log10().item() + 3))
        attack, options = trials.send(values[-1])
    assert sum(values[-10:]) < 0.6 * sum(values[:10])


def test_what_varies():
    assert ranges(attacks.parse("ig")).keys() == {"lr", "tv"}
    assert ranges(attacks.parse("bn-proxy"))["bn"] == [0.0, 1e-4, 1e-2]
    with pytest.raises(BadInput, match="no learning rate or weights"):
        attacks.parse("tune:attack=analytic")
    with pytest.raises(BadInput, match="no learning rate or weights"):
        attacks.parse("tune:attack=(tune:trials=2)")
