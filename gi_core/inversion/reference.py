"""Gradient inversion on one page. Every backend here computes this, only faster, and is tested against it in float64.

A client sends y = dL(x*; w)/dw, the gradient of its loss on private pictures x*. The server knows the weights w, so it
can compute the gradient of any guess x, and look for the guess whose gradient lies nearest to y:

    min over x of  d(dL(x; w)/dw, y) + smoothing * TV(x)

The direction to go is a gradient through a gradient, which automatic differentiation gives as readily as any other.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from gi_core.models.base import Victim
from gi_core.models.batchnorm import statistics_kept
from gi_core.observation import Observation


def update(victim: Victim, images: Tensor, labels: Tensor) -> Tensor:
    """A(x): the gradient of the mean loss with respect to all parameters, as one vector with a graph to ``images``."""
    with statistics_kept(victim):
        loss = victim.loss(images, labels)
    gradients = torch.autograd.grad(loss, list(victim.parameters()), create_graph=True, materialize_grads=True)
    return torch.cat([g.flatten() for g in gradients])


def distance(name: str, guess: Tensor, observed: Tensor) -> Tensor:
    """d: how far apart two updates are, 0-dim."""
    return {
        "l2": lambda: (guess - observed).square().sum(),  # Zhu et al. 2019
        "l1": lambda: (guess - observed).abs().sum(),  # Deng et al. 2021
        "cosine": lambda: 1 - guess @ observed / (guess.norm() * observed.norm()),  # Geiping et al. 2020
        "sign-alignment": lambda: 1 - guess @ observed.sign() / guess.abs().sum(),
    }[name]()


def total_variation(pictures: Tensor) -> Tensor:
    """Neighbouring pixels are alike: mean |dx| + mean |dy|."""
    return pictures.diff(dim=-1).abs().mean() + pictures.diff(dim=-2).abs().mean()


def evaluate(
    observation: Observation, images: Tensor, labels: Tensor, objective: str = "cosine", smoothing: float = 0.0
) -> tuple[Tensor, Tensor]:
    """What is to be made small at the guess ``images`` (B,C,H,W) in [0,1], 0-dim, and its gradient (B,C,H,W)."""
    x, victim = images.detach().requires_grad_(), observation.victim
    observed = torch.cat([t.flatten() for t in observation.targets])
    value = distance(objective, update(victim, x, labels), observed) + smoothing * total_variation(x / victim.std)
    return value.detach(), torch.autograd.grad(value, x)[0]


def invert(observation: Observation, labels: Tensor, x: Tensor, steps: int, lr: float = 0.1) -> Iterator[Tensor]:
    """The loss of each guess on the way down from ``x``: Adam along the gradient's sign, in normalised pixels."""
    mean, std = observation.victim.mean, observation.victim.std
    u = (x - mean) / std
    optimiser = torch.optim.Adam([u], lr)
    for _ in range(steps):
        loss, gradient = evaluate(observation, u * std + mean, labels)
        yield loss
        u.grad = gradient.sign()
        optimiser.step()
        u.copy_(((u * std + mean).clamp(0, 1) - mean) / std)
