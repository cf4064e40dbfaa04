"""Gradient matching with the shared running statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from gi_core.attacks.base import attacks
from gi_core.attacks.statistics import StatisticsAttack
from gi_core.observation import Observation
from gi_core.priors.base import Prior
from gi_core.priors.batchnorm import BatchNormPrior, shared


@attacks.register("huang")
@dataclass(frozen=True, kw_only=True)
class Huang(StatisticsAttack):
    """Inverting Gradients plus BatchNorm's running statistics after the client's step as targets.

    Huang, Gupta, Song, Li, Arora, "Evaluating Gradient Inversion Attacks and Defenses in Federated Learning",
    NeurIPS 2021. With momentum 0.1 the private batch makes up only a tenth of these statistics.
    """

    assumes: ClassVar[str] = "The client shares BatchNorm's buffers after its step; labels known or inferred."
    fails: ClassVar[str] = "Running statistics of earlier batches are not those of the private one: the target is off."
    defend: ClassVar[str] = "Keep BatchNorm's buffers on the device, or use GroupNorm or LayerNorm."

    def statistics_prior(self, observation: Observation, labels: Tensor, seed: int) -> Prior:
        shared(observation)
        return BatchNormPrior(weight=self.bn, source="shared")
