"""Every attack on the smallest scenario that it accepts: what all of them promise."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

import gi_core as gi
from gi_core.attacks import Frame, attacks
from gi_core.attacks.base import IterativeAttack
from gi_core.errors import BadInput
from gi_core.observation import Observation
from gi_core.run import prepare
from gi_core.seeds import restart_seed

NORMED = {"model": "convnet:width=4", "image_size": 16, "mode": "train", "batch_size": 2, "knowledge": "labels+buffers"}
AUXILIARY = NORMED | {"knowledge": "labels+auxiliary"}
DELTA = {"local_steps": 2, "batch_size": 2, "image_size": 16}
SMALLEST: dict[str, tuple[str, dict[str, Any]]] = {
    "analytic": ("analytic", {"model": "mlp", "image_size": 16}),
    "april": ("april", {"model": "vit-tiny", "image_size": 16}),
    "bn-exact": ("bn-exact:steps=2,bn=0", NORMED),
    "bn-proxy": ("bn-proxy:steps=2,bn=0,candidates=1,kept=1", AUXILIARY),
    "dia": ("dia:steps=2", {"defense": "dropout:p=0.3", "knowledge": "labels+defense", "image_size": 16}),
    "dlg": ("dlg:steps=1,lr=0.1", {"image_size": 16}),
    "fedavg-ig": ("fedavg-ig:steps=2", DELTA),
    "fgla": ("fgla", {}),
    "fm": ("fm:steps=2,prior=(flow:net=gaussian)", DELTA),
    "git": ("git", {}),
    "git-exact": ("git-exact", {"model": "mlp:width=8", "image_size": 16}),
    "gradinversion": ("gradinversion:steps=2,seeds=1,langevin=0", NORMED),
    "grnn": ("grnn:steps=1", {}),
    "huang": ("huang:steps=2", NORMED),
    "idlg": ("idlg:steps=1,lr=0.1", {"image_size": 16}),
    "ig": ("ig:steps=2", {"image_size": 16}),
    "imprint": ("imprint", {"model": "mlp", "image_size": 16, "server": "imprint"}),
    "lti": ("lti", {}),
    "mjolnir": ("mjolnir:steps=2,then=(ig:steps=1)", {}),
    "pnp-flow": ("pnp-flow:steps=2,inner=1,draws=1,net=gaussian", {"image_size": 16}),
    "rgap": ("rgap", {"image_size": 16}),
    "sme": ("sme:steps=2", DELTA),
    "span": ("span:steps=2", {"model": "resnet18:width=8", "image_size": 16, "mode": "train"}),
    "tune": ("tune:attack=(ig:steps=1),trials=2", {"image_size": 16}),
    "venom": ("venom", {}),
    "venom-diff": ("venom-diff", {}),
}
SHORT = ("dlg", "idlg", "span")
"""May end before the announced number of frames: converged, or hopeless."""


def observed(fields: dict[str, Any], attack: str) -> Observation:
    scenario = gi.Scenario(**fields, attack=attack)
    size = (scenario.batch_size, *scenario.image_shape)
    pictures = torch.rand(size, generator=torch.Generator().manual_seed(0))
    return prepare(scenario, pictures, device="cpu").observation


def frames(text: str, observation: Observation, seed: int = 3) -> list[Frame]:
    return [replace(f, images=f.images.clone()) for f in attacks.parse(text).run(observation, seed)]


def state(observation: Observation) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in observation.victim.state_dict().items()}


def hooks(observation: Observation) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in observation.victim.modules())


def test_the_table_is_whole() -> None:
    assert sorted(SMALLEST) == attacks.names()


@pytest.mark.parametrize("name", SMALLEST)
def test_frames_are_pictures_as_many_as_announced_and_the_same_again(name: str) -> None:
    text, fields = SMALLEST[name]
    observation, attack = observed(fields, text), attacks.parse(text)
    first, second = frames(text, observation), frames(text, observation)
    shape = (observation.batch_size, *observation.image_shape)
    assert all(f.images.shape == shape and f.images.min() >= 0 and f.images.max() <= 1 for f in first)
    assert all(f.labels is None or f.labels.shape == (observation.batch_size,) for f in first)
    numbers = [f.iteration for f in first]
    assert numbers == list(range(attack.iterations)) or (name in SHORT and numbers[-1] < attack.iterations)
    assert all(
        torch.equal(a.images, b.images) and torch.equal(a.loss, b.loss) for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize("name", [n for n, (text, _) in SMALLEST.items() if not attacks.parse(text).single_pass])
def test_closing_stops_and_leaves_the_victim_as_it_was(name: str) -> None:
    text, fields = SMALLEST[name]
    observation = observed(fields, text)
    before, modes = state(observation), [m.training for m in observation.victim.modules()]
    running = attacks.parse(text).run(observation, 3)
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert next(running, None) is None
    assert all(torch.equal(tensor, before[name]) for name, tensor in state(observation).items())
    assert [m.training for m in observation.victim.modules()] == modes
    assert hooks(observation) == 0


@pytest.mark.parametrize("name", SMALLEST)
def test_it_runs_or_says_in_one_sentence_why_not(name: str) -> None:
    """Two pictures, a convolution first, no labels, no buffers, no public pictures, no trained weights."""
    text, _ = SMALLEST[name]
    observation = observed({"model": "convnet:width=5", "image_size": 16, "batch_size": 2, "knowledge": "none"}, "ig")
    reason = refusal(text, observation)
    assert reason is None or (len(reason) > 20 and "\n" not in reason)


def refusal(text: str, observation: Observation) -> str | None:
    try:
        next(iter(attacks.parse(text).run(observation, 0)))
    except BadInput as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "name", [n for n, (text, _) in SMALLEST.items() if isinstance(attacks.parse(text), IterativeAttack)]
)
def test_restarts_are_independent(name: str) -> None:
    """Restart 1 is what a run from its seed would be alone."""
    text, fields = SMALLEST[name]
    observation = observed(fields, text)
    both = frames(text + ",restarts=2", observation)
    for number in (0, 1):
        alone = [float(f.loss) for f in frames(text, observation, restart_seed(3, number))]
        assert [float(f.loss) for f in both if f.restart == number] == pytest.approx(alone, rel=0.01)
