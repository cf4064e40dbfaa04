"""The part of an update that learned inverters of features look at: the gradient of the victim's linear head."""

from __future__ import annotations

from torch import Tensor

from gi_core.errors import BadInput
from gi_core.observation import Observation


def head_gradient(observation: Observation, attack: str) -> tuple[Tensor, Tensor]:
    """(1,K,d) weight and (1,K) bias gradient of the head, on the CPU in float32.

    Raises:
        BadInput: the head has no bias, or the update does not carry the head.
    """
    names = [name for name, _ in observation.victim.named_parameters()]
    missing = {"head.weight", "head.bias"} - set(names)
    if missing:
        raise BadInput(f"{attack} needs a linear head with a bias: this victim has no {', '.join(sorted(missing))}")
    gradient = dict(zip(names, observation.targets, strict=True))
    weight, bias = gradient["head.weight"].detach().float().cpu(), gradient["head.bias"].detach().float().cpu()
    return weight.unsqueeze(0), bias.unsqueeze(0)


def one_picture(observation: Observation, attack: str) -> None:
    """Raises BadInput for batches."""
    if observation.batch_size != 1:
        raise BadInput(f"{attack} with batch_size={observation.batch_size}: it rebuilds one picture, allowed is 1")
