"""Tensors that were clipped one by one: noticed by the head, given back the sizes that a guess at the picture has."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gi_core.models.base import Victim
from gi_core.models.batchnorm import statistics_kept
from gi_core.networks.features import left_over, rank_one, scale_evidence

ROUNDS = 2
"""The second guess is the first's answer; a third changes nothing."""


@torch.no_grad()
def clipped_apart(weight: Tensor, bias: Tensor, victim: Victim) -> bool:
    """Whether dW : db contradicts the softmax about the features' size, by a tenth and three deviations [R].

    Args:
        weight: (1,K,d) and bias: (1,K), the head's gradients of one picture.
    """
    fit = rank_one(weight, bias)
    along = torch.einsum("nkd,nd->nk", weight, fit.direction)
    ratio = (along * bias).sum(1) / bias.square().sum(1).clamp_min(1e-30)
    own = [tensor.detach().float().cpu() for tensor in (victim.head.weight, victim.head.bias)]
    top, precision = scale_evidence(fit, own[0], own[1], float(ratio.abs()))
    top, precision = scale_evidence(fit, own[0], own[1], float((top / precision.clamp_min(1e-30)).abs()))
    size = top / precision.clamp_min(1e-30)
    if not (size > 0 and ratio > 0):
        return False
    error = precision.clamp_min(1e-30).rsqrt() / size
    return bool((ratio / size).log().abs() > 0.1 + 3 * error)


def restored(
    tensors: list[Tensor], weight: Tensor, bias: Tensor, victim: Victim, answer: Callable[[Tensor], Tensor]
) -> Tensor:
    """(1,P) the update with each tensor as long as it is for a guess at the picture: grey, then the answer to that [R].

    Args:
        tensors: the update's, in the victim's order. weight, bias: the head's, as for :func:`clipped_apart`.
        answer: (1,P) -> (1,C,H,W) in [0,1], the network that is to read them.
    """
    sigma = float(left_over(weight, rank_one(weight, bias).direction))
    guess = torch.full((1, *victim.image_shape), 0.5)
    row = torch.zeros(0)
    for _ in range(ROUNDS):
        with torch.enable_grad(), statistics_kept(victim):
            loss = victim.loss(guess.to(victim.mean), bias.argmin(1).to(victim.mean.device))
            usual = torch.autograd.grad(loss, list(victim.parameters()), materialize_grads=True)
        pieces = [
            (t.detach().float().cpu() * float(own.norm()) / signal(t, sigma)).flatten()
            for t, own in zip(tensors, usual, strict=True)
        ]
        row = torch.cat(pieces).unsqueeze(0)
        with torch.no_grad():
            guess = answer(row)
    return row


def signal(tensor: Tensor, sigma: float) -> float:
    """The length of a noisy tensor without its noise; at least a third of what is seen."""
    seen = float(tensor.norm())
    return max(seen**2 - sigma**2 * tensor.numel(), (0.3 * seen) ** 2, 1e-24) ** 0.5
