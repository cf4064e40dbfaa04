"""The part of an update that learned inverters of features look at: the gradient of the victim's linear head."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gi_core.errors import BadInput
from gi_core.networks.features import rank_one
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


@torch.no_grad()
def lost_scale(weight: Tensor, bias: Tensor, head: nn.Linear) -> Tensor:
    """(N,) what to multiply updates by so that they are gradients again, whatever factor a clip put on the whole [R].

    The features dW : db are the same under any factor; they give the logits, hence delta = softmax - onehot, whose size
    over that of db is the factor. Features that noise has buried count by the share of them that is signal, down to
    those of no picture at all.

    Args:
        weight: (N,K,d) and bias: (N,K), the head's gradients; head: the victim's, with a bias.
    """
    fit = rank_one(weight, bias)
    along = torch.einsum("nkd,nd->nk", weight, fit.direction)
    size = (along * bias).sum(1, keepdim=True) / bias.square().sum(1, keepdim=True).clamp_min(1e-30)
    signal = (1 - fit.noise.square() * weight.shape[2]).clamp(0, 1).unsqueeze(1)
    own = [tensor.detach().float().cpu() for tensor in (head.weight, head.bias)]
    logits = nn.functional.linear(signal * size * fit.direction, *own)
    delta = logits.softmax(1) - nn.functional.one_hot(bias.argmin(1), bias.shape[1])
    return delta.norm(dim=1) / bias.norm(dim=1).clamp_min(1e-30)
