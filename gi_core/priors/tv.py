"""Total variation."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.priors.base import Prior, PriorContext, priors

BATCH = (-4, -3, -2, -1)


def total_variation(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Anisotropic total variation mean|dx| + mean|dy| and its gradient.

    Rudin, Osher, Fatemi 1992, in the form of Geiping et al. 2020. ``pictures`` (...,B,C,H,W) -> (...), (...,B,C,H,W).
    """
    across, down = pictures.diff(dim=-1), pictures.diff(dim=-2)
    value = across.abs().mean(BATCH) + down.abs().mean(BATCH)
    gradient = torch.zeros_like(pictures)
    for step, after, before in (
        (across, gradient[..., 1:], gradient[..., :-1]),
        (down, gradient[..., 1:, :], gradient[..., :-1, :]),
    ):
        share = 1 / prod(step.shape[-4:])
        after.add_(step.sign_(), alpha=share)
        before.sub_(step, alpha=share)
    return value, gradient


def smoothness(weight: float) -> tuple[TotalVariation, ...]:
    """Total variation of this weight, or no prior at weight 0."""
    return (TotalVariation(weight=weight),) if weight else ()


@priors.register("tv")
@dataclass(frozen=True, kw_only=True)
class TotalVariation(Prior):
    """Neighbouring pixels are alike: mean|dx| + mean|dy| in the victim's normalised pixel units."""

    weight: float = option(0.1, "weight of the potential", low=0)

    def pull(self, images: Tensor, context: PriorContext) -> tuple[Tensor, Tensor]:
        """As :meth:`Prior.pull`; leading dimensions of ``images`` are batches of their own."""
        std = context.observation.victim.std
        value, gradient = total_variation(images / std)
        return self.weight * value, gradient.mul_(self.weight / std)
