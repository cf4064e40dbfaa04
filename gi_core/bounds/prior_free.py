"""What the best unbiased attack sees of one picture under differential privacy, if the server may choose the model.

Riess, Ziller, Kolek, Rueckert, Kutyniok, "Reconstruction without a prior" (arXiv:2402.12861): the most that one
picture x can add to a release is a vector of the clip's norm C, best spent on the picture itself, g = C x / |x|. With
noise z C per coordinate, |x| g~ / C is x plus Gaussian noise of variance z^2 |x|^2 in each coordinate: unbiased, and
no unbiased attack has less. With n coordinates and s^2 = z^2 |x|^2 std^2 in squared pixels

    E[MSE] = s^2        n MSE / s^2 ~ chi^2_n        E[PSNR] = -10 log10(2 s^2 / n) - (10 / ln 10) psi(n / 2)

It is per picture and independent of the batch. "Without a prior" depends on where zero lies: a public mean is a
prior.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from scipy.special import digamma, gammainc
from torch import Tensor

from gi_core.bounds.base import Bound, Kind, Rule, Setting, bounds


def psnr_without_prior(variance: Tensor, entries: int) -> Tensor:
    """E[PSNR] in dB of a picture of ``entries`` pixels, each with Gaussian error of ``variance``, in squared pixels."""
    return -10 * (2 * variance / entries).log10() - 10 / math.log(10) * float(digamma(entries / 2))


def chance_below(mse: float, variance: float, entries: int) -> float:
    """P[MSE <= mse] of the best unbiased attack: Gamma's lower regularised function at n mse / (2 s^2), shape n/2."""
    return float(gammainc(entries / 2, entries * mse / (2 * variance)))


def error_variance(images: Tensor, z: float, mean: Tensor, std: Tensor) -> Tensor:
    """(B,): z^2 |x|^2 std^2 of pictures (B,C,H,W) in coordinates (pixel - mean) / std; std^2 is the channels' mean."""
    u = ((images - mean) / std).double().flatten(1)
    return z**2 * u.square().sum(1) * float(std.square().mean())


@bounds.register("prior-free")
@dataclass(frozen=True, kw_only=True)
class PriorFree(Rule):
    """The likeness that an unbiased attack reaches on average where the server chooses the model.

    Riess et al., arXiv:2402.12861. An attack with a prior is biased and may reach more.
    """

    kind: ClassVar[Kind] = "reference"
    unit: ClassVar[str] = "dB"
    binds: ClassVar[str] = "Unbiased attacks, whatever model the server sent."
    assumes: ClassVar[str] = "Each picture's share of the update is clipped, and Gaussian noise is added."
    quick: ClassVar[bool] = False

    def of(self, setting: Setting) -> Bound | None:
        release = setting.release
        if release is None or release.noise.kind != "gaussian" or release.tensors != 1 or setting.images is None:
            return None
        victim, entries = setting.victim, setting.images[0].numel()
        own = error_variance(setting.images, release.z_of_one, victim.mean, victim.std)
        raw = error_variance(
            setting.images, release.z_of_one, torch.zeros_like(victim.mean), torch.ones_like(victim.std)
        )
        value, plain = (float(psnr_without_prior(v, entries).max()) for v in (own, raw))
        return self.bound(
            value,
            f"An unbiased attack reaches {value:.1f} dB on average in the victim's normalised pixels ({plain:.1f} dB in"
            " pixels from 0 to 1), even if the server chose the model to that end.",
        )
