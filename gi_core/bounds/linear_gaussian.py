"""The needle: how well an optimal linear attack with a photograph's prior would see this very picture.

The update is linearised at the truth, the prior is Gaussian (``pictures.py``): then the posterior is Gaussian with

    covariance  (U^T J^T J U / sigma^2 + Sigma^-1)^-1
    bits        1/2 log2 det(I + Sigma^1/2 U^T J^T J U Sigma^1/2 / sigma^2)

U: the lowest 8x8 frequencies of each colour (16x16 where these saturate); the variance outside counts as unknown.
Exact for a linear update and Gaussian pictures; elsewhere a reference, not a bound: a better prior can beat it, and
non-linearity can hinder attacks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.bounds.base import Bound, Rule, Setting, bounds
from gi_core.bounds.jacobian import gram, update_map
from gi_core.bounds.pictures import SIDE, picture_prior
from gi_core.defenses.base import Defense
from gi_core.errors import BadInput
from gi_core.models.base import Victim

FINE_SIDE = 16
"""Frequencies per axis where SIDE x SIDE saturate, at very little noise: 768 dimensions, 96.7 % of the variance."""


@dataclass(frozen=True)
class Needle:
    """What the reference attack reaches at one noise level.

    Attributes:
        psnr: dB, (B,), from the expected mean squared error of each whole picture.
        bits: about the whole batch.
        seen: (B,H,W) share of each pixel's prior variance that the update explains, 0 (nothing leaks) to 1.
        effective_rank: number of prior-weighted directions with a signal-to-noise ratio above 1.
        directions: how many there are.
        ceiling: dB reached when every direction is known and all finer detail is not.
    """

    psnr: Tensor
    bits: float
    seen: Tensor
    effective_rank: int
    directions: int
    ceiling: float


@dataclass(frozen=True)
class Linearisation:
    """The update linearised at a batch: everything about the needle that does not depend on the noise.

    Attributes:
        ratios: (k,) eigenvalues of the prior-weighted J^T J: squared signal per direction.
        variances: (k, B, C, H, W) variance that each direction adds to each pixel under the prior.
        total: (C,H,W) prior variance of each pixel.
    """

    ratios: Tensor
    variances: Tensor
    total: Tensor

    def at(self, sigma: float) -> Needle:
        """The needle at noise of standard deviation ``sigma`` per coordinate of the update.

        Raises:
            BadInput: sigma is not positive.
        """
        if not sigma > 0:
            raise BadInput(f"needle at sigma={sigma}: a positive noise level is needed")
        signal = self.ratios / sigma**2
        explained = torch.einsum("k,kbchw->bchw", (signal / (1 + signal)).float(), self.variances)
        remaining = (self.total - explained).clamp_min(0)
        return Needle(
            psnr=-10 * remaining.mean((1, 2, 3)).clamp_min(1e-10).log10(),
            bits=float(torch.log1p(signal).sum()) / (2 * math.log(2)),
            seen=(explained.sum(1) / self.total.sum(0)).clamp(0, 1),
            effective_rank=int((signal > 1).sum()),
            directions=len(signal),
            ceiling=-10 * math.log10(max(1e-10, float((self.total - self.variances.sum(0)).mean()))),
        )


def linearise(
    victim: Victim, images: Tensor, labels: Tensor, stack: tuple[Defense, ...] = (), side: int = SIDE
) -> Linearisation:
    """Linearise the clipped update of a batch (B,C,H,W) with labels (B,) at the true pictures.

    ``side``: frequencies per axis in the basis; the cost grows with its square.
    """
    prior = picture_prior(victim.image_shape, side)
    batch, size = len(images), len(prior.basis)
    directions = torch.zeros(batch, size, *images.shape)
    for i in range(batch):
        directions[i, :, i] = prior.basis
    f = update_map(victim, labels, stack)
    jtj = gram(f, images, directions.flatten(0, 1).to(images))
    root = torch.linalg.cholesky(prior.covariance.double())
    blocks = torch.block_diag(*[root] * batch)
    ratios, vectors = torch.linalg.eigh(blocks.T @ jtj.cpu() @ blocks)
    axes = (blocks @ vectors).T.float().view(-1, batch, size)
    pixels = (axes.flatten(0, 1) @ prior.basis.flatten(1)).view(-1, batch, *images.shape[1:])
    return Linearisation(ratios.clamp_min(0), pixels.square(), prior.variance)


@bounds.register("needle")
@dataclass(frozen=True, kw_only=True)
class NeedleRule(Rule):
    """Linear-Gaussian reference: what the noise would leave to an optimal attack with a photograph's prior."""

    kind = "reference"
    unit = "dB"
    binds = "Nobody strictly: exact for linear updates and Gaussian pictures, elsewhere a reference, not a bound."
    assumes = "Gaussian noise on one differentiable, possibly clipped, gradient; linearised at the truth."

    def of(self, setting: Setting) -> Bound | None:
        noise = setting.noise
        if noise is None or noise.kind != "gaussian" or not setting.smooth or not setting.live:
            return None
        if setting.images is None or setting.labels is None:
            return None
        for side in (SIDE, FINE_SIDE):
            needle = linearise(setting.victim, setting.images, setting.labels, setting.stack, side).at(noise.sigma)
            value = float(needle.psnr.mean())
            saturated = value > needle.ceiling - 1
            if not saturated:
                break
        reach = f"{value:.1f} dB or more" if saturated else f"{value:.1f} dB"
        says = f"A linear attack with a photograph's prior would reach {reach} here, {needle.bits:.3g} bits."
        return self.bound(value, says)
