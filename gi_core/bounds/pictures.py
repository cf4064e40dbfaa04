"""What pictures look like before any update is seen: a Gaussian law in the frequency domain.

Coefficients of the orthonormal DCT-II are taken as uncorrelated between frequencies and correlated between colours
(a 3x3 covariance for each frequency), measured on the 50,000 training pictures of CIFAR-10 by
``benchmarks/picture_statistics.py``. Natural pictures of other sizes follow the same spectrum per picture: a sampled
coefficient's variance grows with the number of pixels. One channel stands for the mean of the three.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import torch
from safetensors.torch import load_file
from scipy.fft import dct
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.paths import ASSETS

STATISTICS = ASSETS / "priors" / "cifar10-dct.safetensors"
SIDE = 8
"""Lowest SIDE x SIDE frequencies in the basis: with three colours 192 dimensions, 87.5 % of CIFAR-10's variance."""


@dataclass(frozen=True)
class PicturePrior:
    """Gaussian law of pictures (C,H,W), restricted to a low-frequency basis.

    Attributes:
        basis: (d, C, H, W) orthonormal pictures, d = C * side^2.
        covariance: (d, d) of their coefficients.
        variance: (C, H, W) of each pixel, all frequencies.
        mean: (C, H, W).
    """

    basis: Tensor
    covariance: Tensor
    variance: Tensor
    mean: Tensor
    _spectrum: Tensor

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """(count, C, H, W) pictures from the law, all frequencies; they may leave [0,1]."""
        channels, height, width = self.mean.shape
        u, v = self._spectrum.shape[:2]
        factor = torch.linalg.cholesky(self._spectrum)
        white = torch.randn(count, u, v, channels, 1, generator=generator)
        coefficients = (factor @ white).squeeze(-1)
        return self.mean + torch.einsum("buvc,uh,vw->bchw", coefficients, _dct(height)[:u], _dct(width)[:v])


@functools.lru_cache(maxsize=8)
def picture_prior(image_shape: tuple[int, int, int], side: int = SIDE) -> PicturePrior:
    """The law for pictures of shape (C,H,W), C 1 or 3.

    Raises:
        BadInput: another number of channels, or pictures smaller than ``side``.
    """
    channels, height, width = image_shape
    if channels not in (1, 3) or min(height, width) < side:
        raise BadInput(f"picture prior for {channels}x{height}x{width}: 1 or 3 channels, at least {side} pixels a side")
    statistics = load_file(STATISTICS)
    scale = height * width / (32 * 32)
    u, v = min(height, 32), min(width, 32)
    spectrum = scale * statistics["covariance"][:u, :v]
    mean = scale**0.5 * statistics["mean"][:, :u, :v]
    if channels == 1:
        spectrum, mean = spectrum.mean((2, 3), keepdim=True), mean.mean(0, keepdim=True)
    rows, columns = _dct(height), _dct(width)
    waves = torch.einsum("uh,vw->uvhw", rows[:side], columns[:side]).reshape(-1, height, width)
    basis = torch.einsum("ck,fhw->cfkhw", torch.eye(channels), waves).reshape(-1, channels, height, width)
    low = spectrum[:side, :side].reshape(-1, channels, channels)
    covariance = torch.einsum("fcd,fg->cfdg", low, torch.eye(len(low))).reshape(len(basis), len(basis))
    powers = spectrum.diagonal(dim1=2, dim2=3)
    variance = torch.einsum("uvc,uh,vw->chw", powers, rows[:u].square(), columns[:v].square())
    mean_picture = torch.einsum("cuv,uh,vw->chw", mean, rows[:u], columns[:v])
    return PicturePrior(basis, covariance, variance, mean_picture, spectrum)


def _dct(size: int) -> Tensor:
    """(frequency, pixel) orthonormal DCT-II."""
    return torch.from_numpy(dct(np.eye(size), axis=0, norm="ortho")).float()
