"""The singular values of the update's Jacobian: along how many directions a picture shows in its update."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.bounds.base import Bound, Rule, Setting, bounds
from gi_core.bounds.jacobian import full, update_map
from gi_core.bounds.linear_gaussian import linearise
from gi_core.defenses.base import Defense
from gi_core.models.base import Victim


def singular_values(victim: Victim, images: Tensor, labels: Tensor, stack: tuple[Defense, ...] = ()) -> Tensor:
    """(min(P, n),) singular values of J = d update / d pictures at the truth, descending, n = images.numel()."""
    return torch.linalg.svdvals(full(update_map(victim, labels, stack), images).double())


def local_rank(values: Tensor, tolerance: float = 1e-6) -> int:
    """How many singular values exceed ``tolerance`` times the largest; fewer than n: a locally ambiguous picture."""
    return int((values > tolerance * values.max()).sum())


@bounds.register("effective-rank")
@dataclass(frozen=True, kw_only=True)
class EffectiveRank(Rule):
    """How many directions of the picture stand out of the noise, weighted by a photograph's prior."""

    kind = "reference"
    unit = "directions"
    binds = "Attacks that refine a guess near the truth; global ambiguities and a stronger prior are outside of it."
    assumes = "Gaussian noise on one differentiable, possibly clipped, gradient; linearised at the truth."

    def of(self, setting: Setting) -> Bound | None:
        noise = setting.noise
        if noise is None or noise.kind != "gaussian" or not setting.smooth or not setting.live:
            return None
        if setting.images is None or setting.labels is None:
            return None
        needle = linearise(setting.victim, setting.images, setting.labels, setting.stack).at(noise.sigma)
        says = f"{needle.effective_rank} of {needle.directions} coarse directions of the picture exceed the noise."
        return self.bound(needle.effective_rank, says)
