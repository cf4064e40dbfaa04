"""Clipping: no gradient longer than a given norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.defenses.base import Batch, Defense, defenses, norm_of
from gi_core.observation import Tensors


def clip(
    tensors: Tensors, norm: float, *, order: float = 2.0, separate: bool = False, keep_examples: bool = False
) -> Tensors:
    """g * min(1, norm / |g|), over all tensors together or each ``separate``-ly.

    Args:
        norm: greatest norm allowed; order: 2 or 1 (L1).
        keep_examples: tensors are (B, ...) and each example is clipped on its own.
    """
    if separate:
        return {
            name: clip({name: t}, norm, order=order, keep_examples=keep_examples)[name] for name, t in tensors.items()
        }
    length = norm_of(tensors, order=order, keep_examples=keep_examples)
    factor = (norm / length.clamp_min(torch.finfo(length.dtype).tiny)).clamp_max(1.0)
    return {name: t * over(factor, t) for name, t in tensors.items()}


def over(factor: Tensor, tensor: Tensor) -> Tensor:
    """``factor``, 0-dim or (B,), shaped to multiply ``tensor``."""
    return factor.view(factor.shape + (1,) * (tensor.dim() - factor.dim()))


@defenses.register("clip")
@dataclass(frozen=True, kw_only=True)
class Clip(Defense):
    """Scale a gradient down to at most a given L2 norm: g min(1, C/|g|).

    Abadi et al., "Deep Learning with Differential Privacy", CCS 2016, Algorithm 1.
    """

    does = "Shortens every gradient that is longer than the norm; its direction stays."
    costs = "Slower learning from rare, large gradients; alone it hides nothing from an attack that matches directions."

    norm: float = option(1.0, "greatest L2 norm C", low=1e-9)
    per: Literal["example", "update"] = option("example", "clip each example's gradient, or their average")
    scope: Literal["joint", "tensor"] = option("joint", "one norm over all tensors, or each tensor on its own")

    @property
    def per_example(self) -> bool:
        return self.per == "example"

    def on_example(self, tensors: Tensors, batch: Batch) -> Tensors:
        if self.per != "example":
            return tensors
        return clip(tensors, self.norm, separate=self.scope == "tensor", keep_examples=True)

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        return clip(tensors, self.norm, separate=self.scope == "tensor") if self.per == "update" else tensors

    def limit(self) -> tuple[float, bool]:
        return self.norm, self.scope == "tensor"
