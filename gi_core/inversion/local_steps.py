"""A client of several local steps, as an attacker models it: one gradient on the way, or all steps simulated."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call

from gi_core import cancellation
from gi_core.inversion.backends.base import Simulate
from gi_core.models.base import LossOf
from gi_core.observation import Observation


def surrogate_gradient(observation: Observation, alpha: Tensor) -> Simulate:
    """(pictures, targets) -> gradient of the loss at (1 - alpha) w_0 + alpha w_T, with a graph to both.

    The observed delta stands for w_T - w_0, so noise and masks of a defense are in it. Zhu et al. 2023, eq. 5.
    """
    loss = LossOf(observation.victim)
    names = [name for name, _ in observation.victim.named_parameters()]
    delta = [observation.update.tensors[name] for name in names]

    def simulate(images: Tensor, targets: Tensor) -> list[Tensor]:
        weights = [w + alpha * d for w, d in zip(observation.parameters, delta, strict=True)]
        swapped = {f"victim.{name}": w for name, w in zip(names, weights, strict=True)}
        value = functional_call(loss, swapped, (images, targets))
        return list(torch.autograd.grad(value, weights, create_graph=True, materialize_grads=True))

    return simulate


def local_steps(observation: Observation, passes: int) -> Simulate:
    """(pictures of all passes, labels of one) -> the mean gradient -(w_T - w_0) / (lr T) of T simulated SGD steps.

    Pictures (passes * N, C,H,W), pass by pass; each pass is cut into mini-batches in its own order, which is free to
    differ from the client's because the pictures of a pass are free. With ``passes`` = 1 every epoch sees the same.
    """
    training, n = observation.training, observation.batch_size
    loss = LossOf(observation.victim)
    names = [name for name, _ in observation.victim.named_parameters()]
    before = [p.detach() for p in observation.parameters]
    batches = list(torch.arange(n).split(training.batch))

    def simulate(images: Tensor, targets: Tensor) -> list[Tensor]:
        weights = [w.requires_grad_() for w in before]
        velocity: list[Tensor] | None = None
        for step in range(training.steps):
            cancellation.check()
            epoch, number = divmod(step, len(batches))
            rows = batches[number]
            pictures = images[rows + n * min(epoch, passes - 1)]
            swapped = {f"victim.{name}": w for name, w in zip(names, weights, strict=True)}
            value = functional_call(loss, swapped, (pictures, targets[rows]))
            gradient = torch.autograd.grad(value, weights, create_graph=True, materialize_grads=True)
            if velocity is None:
                velocity = list(gradient)
            else:
                velocity = [training.momentum * v + g for v, g in zip(velocity, gradient, strict=True)]
            weights = [w - training.lr * v for w, v in zip(weights, velocity, strict=True)]
        scale = -1 / (training.lr * training.steps)
        return [(w - w0.detach()) * scale for w, w0 in zip(weights, before, strict=True)]

    return simulate
