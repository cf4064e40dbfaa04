"""Quantisation to a few bits per entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from gi_core.components import option
from gi_core.defenses.base import Batch, Defense, defenses
from gi_core.observation import Tensors


@defenses.register("quantize")
@dataclass(frozen=True, kw_only=True)
class Quantize(Defense):
    """Round each tensor to s = 2^(bits-1) - 1 levels of its norm, plus a sign bit: norm sign(g) round(s |g|/norm)/s.

    Alistarh et al., "QSGD", NeurIPS 2017, eq. 2; stochastic rounding makes it unbiased.
    """

    does = "Rounds every entry to one of a few levels, at random up or down so that the average is right."
    costs = "Quantisation noise, which few bits make as large as the gradient; it was made to save traffic."
    can_raise_norm = True

    bits: int = option(4, "bits per entry, the sign included", low=2, high=16)
    stochastic: bool = option(True, "round up or down at random without bias; else to the nearest level")
    scale: Literal["max", "l2"] = option("max", "a tensor's norm: largest magnitude, or L2 as in QSGD's theorem")

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        levels, g = 2 ** (self.bits - 1) - 1, batch.generator
        released = {}
        for name, t in tensors.items():
            norm = torch.linalg.vector_norm(t, ord=float("inf") if self.scale == "max" else 2.0)
            norm = norm.clamp_min(torch.finfo(t.dtype).tiny)
            level = t.abs() / norm * levels
            dither = torch.rand(t.shape, generator=g, dtype=t.dtype, device=g.device).to(t.device)
            rounded = (level + dither).floor() if self.stochastic else level.round()
            released[name] = t.sign() * rounded * (norm / levels)
        return released
