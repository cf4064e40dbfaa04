"""Gradient matching with the batch's own statistics, inferred exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gi_core.attacks.base import attacks
from gi_core.attacks.statistics import StatisticsAttack
from gi_core.observation import Observation
from gi_core.priors.base import Prior
from gi_core.priors.batchnorm import BatchNormPrior, inferred, measure


@attacks.register("bn-exact")
@dataclass(frozen=True, kw_only=True)
class BNExact(StatisticsAttack):
    """Inverting Gradients plus the private batch's own BatchNorm statistics, read off the shared buffers.

    "Practical Feasibility of Gradient Inversion Attacks in Federated Learning": inverting the momentum update gives
    each layer's batch mean and variance to float rounding after one step; after several, their weighted average.
    """

    assumes: ClassVar[str] = "The client trains in train mode and shares BatchNorm's buffers; labels known or inferred."
    fails: ClassVar[str] = "Several local steps leave one equation for many batches; half-precision buffers blur."
    defend: ClassVar[str] = "Keep BatchNorm's buffers on the device, or use GroupNorm or LayerNorm."

    def statistics_prior(self, observation: Observation, labels: Tensor, seed: int) -> Prior:
        infer(observation)
        return BatchNormPrior(weight=self.bn, source="exact")


def infer(observation: Observation) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and biased variance of the private batch at each BatchNorm layer.

    Raises:
        BadInput: no BatchNorm, buffers not shared, or mode=eval.
    """
    blank = torch.zeros(observation.batch_size, *observation.image_shape).to(observation.victim.mean)
    with torch.no_grad():
        counts = {name: m.count for name, m in measure(observation.victim, blank).items()}
    return {name: (m.mean, m.variance) for name, m in inferred(observation, counts).items()}
