"""What the attacker sees."""

import torch

import gi_core as gi
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import Cosine
from gi_core.observation import Observation, Update
from gi_core.run import prepare


class Counted(dict):
    """A dictionary that counts how often its values are asked for."""

    asked = 0

    def __getitem__(self, key: str) -> torch.Tensor:
        self.asked += 1
        return super().__getitem__(key)


def test_the_targets_are_built_once() -> None:
    victim = prepare(gi.Scenario(model="resnet18"), torch.rand(1, 3, 32, 32), device="cpu").observation.victim
    tensors = Counted({name: torch.ones_like(p) for name, p in victim.named_parameters()})
    Matcher(Observation(victim, Update(tensors, "delta"), 1), Cosine())
    assert tensors.asked == len(tensors)


def test_a_delta_becomes_the_gradient_it_amounts_to() -> None:
    scenario = gi.Scenario(model="mlp", update="delta", local_lr=0.25)
    run = prepare(scenario, torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)), device="cpu")
    gradient = run.scenario.replace(update="gradient")
    plain = prepare(gradient, run.truth, run.labels, device="cpu").observation.targets
    for ours, expected in zip(run.observation.targets, plain, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-5)
