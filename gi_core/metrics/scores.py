"""All metrics of a reconstructed batch, and what each of them means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from scipy.stats import binomtest
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.metrics import image
from gi_core.metrics.assignment import match
from gi_core.metrics.features import fmse
from gi_core.metrics.lpips import lpips as perceptual
from gi_core.models.base import Victim

SUCCESS_SSIM = 0.5
RECOVERED = 30.0
"""dB from which a picture counts as read out."""


@dataclass(frozen=True)
class Metric:
    """What a number means.

    Attributes:
        name: key in a score; unit: "" for a pure number.
        higher_is_better: for the attacker.
        meaning: one sentence.
        bands: (from this value on, words), ascending; measured on CIFAR-10's test pictures.
    """

    name: str
    unit: str
    higher_is_better: bool
    meaning: str
    bands: tuple[tuple[float, str], ...] = ()

    def words(self, value: float) -> str:
        """The band that ``value`` falls into, "" where no bands are stated."""
        return next((text for start, text in reversed(self.bands) if value >= start), "")


METRICS = (
    Metric(
        "psnr", "dB", True,
        f"How small the pixel error is, on a logarithmic scale; an exact copy is capped at {image.PSNR_CAP:g} dB.",
        (
            (float("-inf"), "no closer than one and the same average picture for everybody (12.7 dB)"),
            (13.0, "at best the overall brightness and colour"),
            (16.0, "like a thumbnail of 2x2 to 4x4 pixels"),
            (20.0, "like a thumbnail of 8x8 pixels"),
            (25.0, "the picture, with visible errors"),
            (35.0, "hardly told from the original"),
        ),
    ),
    Metric(
        "ssim", "", True,
        "How alike the local structure is: 1 for a copy, about 0 for unrelated pictures.",
        (
            (float("-inf"), "no common structure (an average picture reaches 0.14)"),
            (0.15, "layout at most"),
            (SUCCESS_SSIM, "counted as a success"),
            (0.9, "nearly a copy"),
        ),
    ),
    Metric("mse", "", False, "Mean squared pixel error, pixels from 0 to 1: 0 for a copy."),
    Metric(
        "lpips", "", False,
        "Distance that a trained network perceives (SqueezeNet backbone): 0 for a copy; empty without the backbone.",
    ),
    Metric("fmse", "", False, "Mean squared distance of the attacked network's own features: 0 for a copy."),
    Metric(
        "recovered", "", True,
        f"Whether any of all pictures that were found is it, at more than {RECOVERED:g} dB; empty where an attack finds"
        " no more pictures than it is asked for.",
    ),
    Metric("success", "", True, f"Whether SSIM exceeds {SUCCESS_SSIM:g}; its mean is the attack success rate."),
)  # fmt: skip


def score(
    images: Tensor, truth: Tensor, victim: Victim | None = None, lpips: bool = True, *, pool: Tensor | None = None
) -> list[dict[str, Any]]:
    """One dict per true picture, after optimal assignment of the reconstructions to the truth.

    Args:
        images, truth: (B,C,H,W), clamped to [0,1].
        victim: the attacked network, for ``fmse``; None leaves it None.
        lpips: False leaves ``lpips`` None (it is the slowest metric).
        pool: (M,C,H,W) all pictures found, for ``recovered``; None leaves it None.

    Returns:
        dicts with psnr (dB), ssim, mse, lpips (None when not available), fmse (None without a victim), success.

    Raises:
        BadInput: the shapes differ, or a pixel is NaN.
    """
    images = match(images, truth)
    size = truth.shape[0]
    columns: dict[str, list[Any]] = {
        "psnr": image.psnr(images, truth).tolist(),
        "ssim": image.ssim(images, truth).tolist(),
        "mse": image.mse(images, truth).tolist(),
    }
    perceived = perceptual(images, truth) if lpips else None
    columns["lpips"] = [None] * size if perceived is None else perceived.tolist()
    columns["fmse"] = [None] * size if victim is None else fmse(images, truth, victim).tolist()
    columns["recovered"] = [None] * size if pool is None else recovered(truth, pool).tolist()
    columns["success"] = [value > SUCCESS_SSIM for value in columns["ssim"]]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def recovered(truth: Tensor, pool: Tensor) -> Tensor:
    """(B,) bool: whether a picture of the pool (M,C,H,W) is nearer than 30 dB to each of ``truth`` (B,C,H,W)."""
    if not len(pool):
        return torch.zeros(len(truth), dtype=torch.bool)
    a, b = truth.flatten(1).float(), pool.to(truth.device).flatten(1).float().clamp(0, 1)
    errors = a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.t()
    nearest = errors.argmin(1)
    return (a - b[nearest]).square().mean(1) < 10 ** (-RECOVERED / 10)


@dataclass(frozen=True)
class Rate:
    """A share of n trials with its 95 % Wilson interval."""

    rate: float
    low: float
    high: float
    n: int


def success_rate(successes: Sequence[bool]) -> Rate:
    """Share of successes, with the Wilson score interval (Wilson, JASA 1927).

    Raises:
        BadInput: no trial.
    """
    n = len(successes)
    if n == 0:
        raise BadInput("a success rate of 0 pictures: at least 1 is needed")
    hits = sum(map(bool, successes))
    interval = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    return Rate(hits / n, float(interval.low), float(interval.high), n)


def ssim_fits_success(mean_ssim: float, rate: float, tolerance: float = 1e-9) -> bool:
    """Whether a table's row is possible: mean SSIM <= ASR + 0.5 (1 - ASR), ASR the share with SSIM > 0.5.

    A picture counted a success has an SSIM of at most 1, any other of at most 0.5.
    """
    return mean_ssim <= rate + SUCCESS_SSIM * (1 - rate) + tolerance
