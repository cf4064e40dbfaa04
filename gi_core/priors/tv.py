"""Total variation."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.priors.base import Moment, Prior, priors


def total_variation(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Anisotropic total variation mean|dx| + mean|dy| and its gradient.

    Rudin, Osher, Fatemi 1992, in the form of Geiping et al. 2020. ``pictures`` (B,C,H,W) -> 0-dim, (B,C,H,W).
    """
    across, down = pictures.diff(dim=-1), pictures.diff(dim=-2)
    value = across.abs().mean() + down.abs().mean()
    gradient = torch.zeros_like(pictures)
    across, down = across.sign_().div_(across.numel()), down.sign_().div_(down.numel())
    gradient[..., 1:] += across
    gradient[..., :-1] -= across
    gradient[..., 1:, :] += down
    gradient[..., :-1, :] -= down
    return value, gradient


@priors.register("tv")
@dataclass(frozen=True, kw_only=True)
class TotalVariation(Prior):
    """Neighbouring pixels are alike: mean|dx| + mean|dy| in the victim's normalised pixel units."""

    weight: float = option(0.1, "weight of the potential", low=0)

    def pull(self, images: Tensor, moment: Moment) -> tuple[Tensor, Tensor]:
        std = moment.observation.victim.std
        value, gradient = total_variation(images / std)
        return self.weight * value, gradient.mul_(self.weight / std)
