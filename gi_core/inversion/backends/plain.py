"""The plain client: autograd's gradient of the loss at w_0, all tensors written out."""

from __future__ import annotations

import torch
from torch import Tensor

from gi_core.inversion.adaptation import distance_to
from gi_core.inversion.backends.base import Backend, Simulate
from gi_core.inversion.objectives import Objective
from gi_core.observation import Observation


def plain(observation: Observation, objective: Objective) -> Backend:
    return Backend(gradient_of(observation), distance_to(observation, objective), observation.victim)


def gradient_of(observation: Observation) -> Simulate:
    """(pictures, targets) -> gradient of the mean loss with respect to each parameter."""
    victim, parameters = observation.victim, observation.parameters

    def simulate(images: Tensor, targets: Tensor) -> list[Tensor]:
        loss = victim.loss(images, targets)
        return list(torch.autograd.grad(loss, parameters, create_graph=True, materialize_grads=True))

    return simulate
