"""Random pruning."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gi_core.components import option
from gi_core.defenses.base import Batch, Defense, defenses
from gi_core.observation import Tensors


@defenses.register("prune")
@dataclass(frozen=True, kw_only=True)
class Prune(Defense):
    """Set each entry to zero with probability p, independently; the rest is not rescaled."""

    does = "Sets a random share of the update's entries to zero."
    costs = "Steps shrink by that share; an attacker reads the mask from the zeros and matches what is left."

    p: float = option(0.9, "probability that an entry is zeroed", low=0.0, high=1.0)

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        g = batch.generator
        return {
            name: t * (torch.rand(t.shape, generator=g, device=g.device) >= self.p).to(t.device)
            for name, t in tensors.items()
        }
