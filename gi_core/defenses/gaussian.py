"""Gaussian noise of a given scale."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gi_core.components import option
from gi_core.defenses.base import Batch, Defense, Noise, defenses
from gi_core.observation import Tensors


def add_gaussian(tensors: Tensors, sigma: float, generator: torch.Generator) -> Tensors:
    """Every coordinate plus an independent draw from N(0, sigma^2)."""
    return {
        name: t + sigma * torch.randn(t.shape, generator=generator, dtype=t.dtype, device=generator.device).to(t.device)
        for name, t in tensors.items()
    }


@defenses.register("gaussian")
@dataclass(frozen=True, kw_only=True)
class Gaussian(Defense):
    """Add N(0, sigma^2) to every coordinate of the update."""

    does = "Adds independent Gaussian noise of the same scale to every number of the update."
    costs = "Noisier training steps; without clipping no privacy guarantee follows from any scale."

    sigma: float = option(0.01, "standard deviation of the noise", low=0.0, high=1e6)

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        return add_gaussian(tensors, self.sigma, batch.generator)

    def noise(self, batch_size: int) -> Noise | None:
        return Noise(self.sigma) if self.sigma > 0 else None
