"""NVIDIA FLARE's PercentilePrivacy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gi_core.components import option
from gi_core.defenses.base import defenses
from gi_core.defenses.difference import Arrays, DifferenceFilter


@defenses.register("nvflare-percentile")
@dataclass(frozen=True, kw_only=True)
class NvflarePercentile(DifferenceFilter):
    """Zero the smallest entries of the difference and cut the largest: NVIDIA FLARE's PercentilePrivacy.

    NVFlare 2.9.0, after Shokri and Shmatikov, CCS 2015: d = difference / steps; zero where -q < d < q with q that
    percentile of all |d|; cut to [-gamma, gamma]; times steps.
    """

    does = "Zeroes the smallest share of the entries and cuts the rest to a largest size."
    costs = "Next to nothing at the published defaults, and next to nothing is hidden."

    percentile: int = option(10, "share of the entries, in per cent, that is set to zero", low=0, high=100)
    gamma: float = option(0.01, "largest absolute value of an entry of the difference, per step", low=1e-12, high=1e6)
    steps: int = option(1, "local steps by which the difference is divided first", low=1, high=1_000_000)

    def filtered(self, arrays: Arrays, random: np.random.RandomState) -> Arrays:
        scaled = {name: a / self.steps for name, a in arrays.items()}
        cutoff = np.percentile(np.concatenate([np.abs(a.ravel()) for a in scaled.values()]), self.percentile)
        sent = {}
        for name, a in scaled.items():
            if np.ndim(a) == 0:
                sent[name] = a * self.steps
                continue
            kept = np.where((a > -cutoff) & (a < cutoff), np.zeros((), a.dtype), a)
            sent[name] = np.clip(kept, a_min=-self.gamma, a_max=self.gamma) * self.steps
        return sent
