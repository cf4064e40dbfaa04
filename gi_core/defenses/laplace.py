"""Laplace noise of a given scale."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.defenses.base import Batch, Defense, Noise, defenses
from gi_core.observation import Tensors


def add_laplace(tensors: Tensors, b: float, generator: torch.Generator) -> Tensors:
    """Every coordinate plus an independent draw from Lap(b): the difference of two exponentials of mean b."""

    def exponential(t: Tensor) -> Tensor:
        return torch.empty(t.shape, dtype=t.dtype, device=generator.device).exponential_(generator=generator)

    return {name: t + b * (exponential(t) - exponential(t)).to(t.device) for name, t in tensors.items()}


@defenses.register("laplace")
@dataclass(frozen=True, kw_only=True)
class Laplace(Defense):
    """Add Laplace noise of scale b (standard deviation b sqrt 2) to every coordinate of the update."""

    does = "Adds independent Laplace noise, with heavier tails than Gaussian, to every number of the update."
    costs = "Noisier training steps; without an L1 clip no privacy guarantee follows from any scale."

    b: float = option(0.01, "scale of the noise; its standard deviation is b sqrt 2", low=0.0, high=1e6)

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        return add_laplace(tensors, self.b, batch.generator)

    def noise(self, batch_size: int) -> Noise | None:
        return Noise(self.b, kind="laplace") if self.b > 0 else None
