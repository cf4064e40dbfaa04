"""Singular values of the layers' gradients: how many pictures there were, and how much noise was laid over them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from gi_core.audit.record import RecordedUpdate

LARGEST = 4096
"""Rows and columns of which singular values are taken; larger layers are sketched."""
LEAST = 2e-5
"""Share of the largest singular value below which everything counts as rounding: a network's own, in single
precision, on its way through ill-conditioned activations."""
ROUNDING = 3.0
"""Singular values up to this many times what rounding makes are rounding."""
SPREAD = 0.4
"""A layer is full of noise if its smallest singular value is at least this share of what noise of the median's size
would leave; see :func:`noise_of`."""


@dataclass(frozen=True)
class Spectrum:
    """One layer's gradient.

    Attributes:
        layer; linear: whether it is a linear layer, else a convolution; shape: (rows, columns).
        values: singular values, the largest first, of -delta / (lr steps).
        rounding: standard deviation per entry of what rounding the numbers sent leaves in the gradient.
        rank: singular values that neither rounding nor noise explains.
        noise: standard deviation per entry of noise that fills the layer; 0 where none does.
        full: the rank is as large as the layer allows, so that it tells nothing.
    """

    layer: str
    linear: bool
    shape: tuple[int, int]
    values: Tensor
    rounding: float
    rank: int
    noise: float
    full: bool


def spectra(record: RecordedUpdate) -> list[Spectrum]:
    """Of every linear layer and convolution with more than one row and column."""
    found, gradient = [], record.gradient
    for name, module in record.victim.named_modules():
        if not isinstance(module, (nn.Linear, nn.Conv2d)) or f"{name}.weight" not in gradient:
            continue
        matrix = gradient[f"{name}.weight"].flatten(1)
        if min(matrix.shape) > 1 and matrix.any():
            rounding = rounding_of(record, f"{name}.weight")
            found.append(spectrum(name, matrix, rounding, isinstance(module, nn.Linear), module is record.victim.head))
    return found


def spectrum(layer: str, matrix: Tensor, rounding: float, linear: bool, head: bool = False) -> Spectrum:
    """Of a gradient (rows, columns) in float64."""
    values = singular_values(matrix)
    rows, columns = matrix.shape
    noise = noise_of(values, (rows, columns), rounding)
    floor = max(rounding, noise) * (rows**0.5 + columns**0.5)
    cut = max(LEAST * float(values[0]), ROUNDING * floor if not noise else 1.1 * floor)
    rank = int((values > cut).sum())
    most = min(rows, columns) - (1 if head else 0)  # a head's rows sum to zero under cross-entropy
    return Spectrum(layer, linear, (rows, columns), values, rounding, rank, noise, rank >= most)


def singular_values(matrix: Tensor) -> Tensor:
    """All of them, or those of a random sketch of 512 where the matrix is too large."""
    if max(matrix.shape) <= LARGEST or min(matrix.shape) <= 512:
        return torch.linalg.svdvals(matrix if matrix.shape[0] <= matrix.shape[1] else matrix.t())
    generator = torch.Generator().manual_seed(0)
    sketch = torch.randn(512, matrix.shape[0], generator=generator, dtype=matrix.dtype) / 512**0.5
    return torch.linalg.svdvals(sketch @ matrix)


def noise_of(values: Tensor, shape: tuple[int, int], rounding: float) -> float:
    """Standard deviation per entry of noise that fills a layer, from the median singular value; 0 for no noise.

    Noise of independent entries has singular values by Marchenko and Pastur's law: between sigma |sqrt(n) - sqrt(m)|
    and sigma (sqrt(n) + sqrt(m)). Gavish and Donoho, "The Optimal Hard Threshold for Singular Values is 4/sqrt(3)",
    2014, estimate sigma by the median over the law's median.
    """
    rows, columns = sorted(shape)
    if len(values) < 2 or rows < 2:
        return 0.0
    sigma = float(values.median()) / (columns**0.5 * median_of_law(rows / columns))
    if sigma <= 10 * rounding or sigma <= 1e-12:
        return 0.0
    least = sigma * max(columns**0.5 - rows**0.5, 0.0)
    return sigma if float(values[-1]) >= SPREAD * least else 0.0


@lru_cache(maxsize=256)
def median_of_law(ratio: float) -> float:
    """Median of the singular values of noise (m,n) over sqrt(n), m/n = ``ratio`` in (0,1], by quadrature."""
    low, high = (1 - math.sqrt(ratio)) ** 2, (1 + math.sqrt(ratio)) ** 2
    angle = np.linspace(0, math.pi, 4001)
    x = low + (high - low) * (1 - np.cos(angle)) / 2
    density = np.sqrt(np.maximum((high - x) * (x - low), 0)) / np.maximum(x, 1e-12) * np.sin(angle)
    share = np.cumsum(density)
    return float(np.sqrt(x[int(np.searchsorted(share, 0.5 * share[-1]))]))


def rounding_of(record: RecordedUpdate, name: str) -> float:
    """Standard deviation per entry that rounding leaves in the gradient of a parameter: ulp / sqrt(12).

    Whole weights round at their own size, whatever the step was; so does a difference that a client took between
    weights in single precision. Sixteen-bit numbers round at the size of what was sent.
    """
    factor = 1.0 if record.kind == "gradient" else 1 / (record.lr * record.steps)
    sent = record.whole.get(name, record.change[name])
    weight = dict(record.victim.named_parameters())[name].detach()
    single = torch.tensor(2.0**-23) * weight.abs().double().clamp_min(1e-30).log2().floor().exp2()
    ulp = single.square().mean().sqrt() if record.kind == "delta" else torch.zeros(())
    if record.half:
        bits = 10 if "float16" in record.half else 7
        half = 2.0**-bits * sent.abs().clamp_min(6e-5 if bits == 10 else 1e-38).log2().floor().exp2()
        ulp = torch.maximum(ulp.double(), half.square().mean().sqrt())
    return float(ulp) / 12**0.5 * factor
