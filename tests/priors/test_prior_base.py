"""Several priors at once: each counts, each remembers for itself."""

import pytest
import torch

import gi_core as gi
from gi_core.attacks import attacks
from gi_core.data.samples import sample
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import Cosine
from gi_core.priors.base import parse_priors
from gi_core.priors.flow import FlowPrior
from gi_core.run import prepare


def observed(attack: str = "ig", model: str = "lenet") -> gi.observation.Observation:
    scenario = gi.Scenario(model=model, attack=attack)
    return prepare(scenario, sample("cat", 32, 3).unsqueeze(0), device="cpu").observation


@pytest.mark.parametrize("model", ["lenet", "resnet18:width=4"])  # BatchNorm's potential comes with the matching pass
@pytest.mark.parametrize("kind", ["tv", "norm", "batchnorm"])
def test_two_priors_of_one_name_both_count(kind: str, model: str) -> None:
    if kind == "batchnorm" and model == "lenet":
        pytest.skip("lenet has no BatchNorm")
    observation = observed(model=model)
    guess = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))

    def at(text: str) -> tuple[float, float]:
        now = Matcher(observation, Cosine(), parse_priors(text)).evaluate(guess, observation.labels)
        return float(now.loss), float(now.terms[kind])

    one, both = at(f"{kind}:weight=0.3"), at(f"{kind}:weight=0.1+{kind}:weight=0.2")
    assert both == pytest.approx(one, rel=1e-5)


def test_a_prior_named_beside_the_attacks_own_counts_in_the_reported_loss() -> None:
    observation = observed()
    losses = [
        float(next(attacks.parse(text).run(observation, 0)).loss)
        for text in ("ig:tv=0.11", "ig:tv=0.01,prior=(tv:weight=0.1)")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


@pytest.mark.parametrize(
    ("text", "looks"),
    [
        ("gradinversion:steps=2,seeds=3,bn=0,prior=(flow:net=gaussian,every=100)", 3),
        ("ig:steps=2,restarts=3,prior=(flow:net=gaussian,every=100)", 3),
        ("ig:steps=2,prior=(flow:net=gaussian,every=100+flow:net=gaussian,every=100)", 2),
    ],
)
def test_every_guess_and_every_prior_has_a_memory_of_its_own(
    text: str, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, look = [], FlowPrior.look
    monkeypatch.setattr(FlowPrior, "look", lambda *a: seen.append(1) or look(*a))
    for _ in attacks.parse(text).run(observed(), 0):
        pass
    assert len(seen) == looks
