"""Top-k sparsification."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.defenses.base import Batch, Defense, defenses
from gi_core.observation import Tensors


def largest(values: Tensor, keep: float) -> Tensor:
    """Boolean mask of the max(1, round(keep * n)) entries of largest magnitude; ties go to one of them."""
    count = max(1, round(keep * values.numel()))
    mask = torch.zeros(values.numel(), dtype=torch.bool, device=values.device)
    mask[values.flatten().abs().topk(count).indices] = True
    return mask.view(values.shape)


@defenses.register("topk")
@dataclass(frozen=True, kw_only=True)
class TopK(Defense):
    """Keep the share of entries with the largest magnitude, set the rest to zero.

    Lin et al., "Deep Gradient Compression", ICLR 2018, without its residual memory.
    """

    does = "Sends only the largest entries of the update and zeros for the rest."
    costs = "Slower convergence at small shares; learned attacks and attacks that ignore the zeros still see a lot."

    keep: float = option(0.1, "share of entries kept", low=0.0, high=1.0)
    scope: Literal["global", "tensor"] = option("global", "rank all entries together, or within each tensor")

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        if self.scope == "tensor":
            return {name: t * largest(t, self.keep) for name, t in tensors.items()}
        mask = largest(torch.cat([t.flatten() for t in tensors.values()]), self.keep)
        pieces = mask.split([t.numel() for t in tensors.values()])
        return {name: t * m.view(t.shape) for (name, t), m in zip(tensors.items(), pieces, strict=True)}
