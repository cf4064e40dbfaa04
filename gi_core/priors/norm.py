"""Pixels near the mean."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from gi_core.components import option
from gi_core.priors.base import Prior, PriorContext, priors


@priors.register("norm")
@dataclass(frozen=True, kw_only=True)
class SquaredNorm(Prior):
    """Pixels are near the data's mean: |x|_2^2 per picture in normalised pixel units (Yin et al. 2021)."""

    weight: float = option(1e-6, "weight of the potential", low=0)

    def pull(self, images: Tensor, context: PriorContext) -> tuple[Tensor, Tensor]:
        victim = context.observation.victim
        u = (images - victim.mean) / victim.std
        return self.weight * u.square().sum() / len(u), (2 * self.weight / len(u)) * u / victim.std
