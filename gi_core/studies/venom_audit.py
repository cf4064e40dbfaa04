"""Can Venom's Table 1 come from the noise that its Algorithm 1 states? The argument, step by step, as numbers.

What the paper states: the head's weight and bias gradients of one picture are clipped to norm C = 1 each, and noise
of standard deviation C z is added, z = sqrt(2 ln(1.25/delta))/epsilon, delta = 1e-5 (Algorithm 1, line 4); its
related-work text writes 2C/m in place of C. What follows, for any attack: the bits, the ReRo cap, and the attacker who
holds the candidates. ``docs/venom.md`` says it in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gi_core.bounds.bits import gaussian_bits
from gi_core.bounds.rero import gaussian as rero
from gi_core.components import option
from gi_core.data.arrays import Pictures
from gi_core.defenses.accounting import classical_gaussian
from gi_core.metrics.image import psnr, ssim
from gi_core.metrics.scores import ssim_fits_success
from gi_core.models import build
from gi_core.models.base import Victim
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.measure import classes_of, held_out
from gi_core.studies.published import venom_table
from gi_core.training.venom import clip_and_noise, head_gradient

DELTA = 1e-5
TENSORS = 2
"""Weight and bias of the head, clipped one by one."""


@dataclass(frozen=True)
class Held:
    """What an attacker who holds the N candidates makes of a noisy gradient, means over candidates and draws.

    Attributes:
        identified: share of draws in which the likeliest candidate is the true one (blind: 1/N).
        bits: lower bound of the mutual information, log2 N minus the mean log2 of 1/posterior of the truth.
        psnr, ssim, success: of the posterior mean picture (success: SSIM > 0.5).
        label: share of draws in which argmin dL/db is the true label.
    """

    identified: float
    bits: float
    psnr: float
    ssim: float
    success: float
    label: float


def candidates_held(victim: Victim, pictures: Pictures, z: float, *, draws: int = 20, seed: int = 0) -> Held:
    """The Bayes-optimal attack on the head's gradient when the truth is one of ``pictures``, all equally likely.

    Weight and bias clipped to 1 each, noise N(0, z^2); posterior of candidate i proportional to
    exp(-|observed - gradient_i|^2 / (2 z^2)). No attack with the same candidates does better in any of these means.
    """
    images = pictures.floats(slice(None))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        weight, bias = head_gradient(victim.features(images), pictures.labels, victim)
    zero = torch.zeros(len(images))
    clean = torch.cat([clip_and_noise(t, zero, generator).flatten(1) for t in (weight, bias)], 1)
    hits, information, labels = 0.0, 0.0, 0.0
    quality: list[Tensor] = []
    structure: list[Tensor] = []
    classes = bias.shape[1]
    for _ in range(draws):
        observed = clean + z * torch.randn(clean.shape, generator=generator)
        posterior = (-torch.cdist(observed.double(), clean.double()).square() / (2 * z**2)).log_softmax(1)
        hits += float((posterior.argmax(1) == torch.arange(len(images))).double().mean()) / draws
        information += float(posterior.diagonal().mean() / math.log(2) + math.log2(len(images))) / draws
        labels += float((observed[:, -classes:].argmin(1) == pictures.labels).double().mean()) / draws
        mean = (posterior.exp().float() @ images.flatten(1)).view_as(images)
        quality.append(psnr(mean, images))
        structure.append(ssim(mean, images))
    scores = torch.cat(structure)
    return Held(
        identified=hits,
        bits=information,
        psnr=float(torch.cat(quality).clamp(max=60).mean()),
        ssim=float(scores.mean()),
        success=float((scores > 0.5).double().mean()),
        label=labels,
    )


def gaussian_source_psnr(variances: Tensor, bits: float) -> float:
    """Best mean PSNR in dB at which a Gaussian source can be described in so many bits (reverse water-filling).

    Pictures are not Gaussian, so this is indicative only.

    Args:
        variances: (n,) eigenvalues of the pictures' covariance, pixels in [0,1].
    """
    low, high = 0.0, float(variances.max())
    for _ in range(200):
        level = (low + high) / 2
        rate = float(0.5 * (variances / level).clamp_min(1).log2().sum())
        low, high = (level, high) if rate > bits else (low, level)
    return -10 * math.log10(float(variances.clamp(max=high).sum()) / len(variances))


def impossible_cells() -> list[tuple[str, str, int]]:
    """Cells of Table 1 whose mean SSIM exceeds share + 0.5 (1 - share), which no set of pictures can reach."""
    return [key for key, cell in venom_table().items() if not ssim_fits_success(cell.ssim, cell.asr)]


@studies.register("venom-audit")
@dataclass(frozen=True, kw_only=True)
class VenomAudit(Study):
    """For each reading of the noise: bits, ReRo cap, and what the attacker who holds the candidates achieves."""

    question: ClassVar[str] = "Can the published figures come from the noise that the paper states?"
    keys: ClassVar[tuple[str, ...]] = ("reading", "epsilon")
    columns: ClassVar[tuple[str, ...]] = (
        "z", "bits_weight", "bits_weight_and_bias", "rero_cap", "blind", "identified", "bits_found", "psnr", "ssim",
        "asr", "label", "published_psnr", "published_asr",
    )  # fmt: skip

    data: str = option("cifar10", "data set in GI_DATA")
    model: str = option("lenet", "victim")
    count: int = option(50, "candidates", low=2, high=5000)
    draws: int = option(20, "noise draws", low=1, high=10_000)

    def readings(self) -> dict[str, float]:
        """Factor on the noise of Algorithm 1, by reading."""
        return {"algorithm 1": 1.0, "2C/m, m=1": 2.0, "2C/m, m=8": 2 / 8, "2C/m, m=64": 2 / 64, "2C/m, m=1000": 2e-3}

    def cells(self) -> Iterator[Cell]:
        for reading in self.readings():
            for epsilon in (1, 5, 10):
                yield {"reading": reading, "epsilon": epsilon}

    def measure(self, cell: Cell) -> Row:
        z = classical_gaussian(cell["epsilon"], DELTA) * self.readings()[cell["reading"]]
        pictures = held_out(self.data, self.count)
        channels, height, width = pictures.images.shape[1:]
        victim = build(self.model, image_shape=(channels, height, width), num_classes=classes_of(self.data))
        found = candidates_held(victim, pictures, z, draws=self.draws)
        published = venom_table().get((self.data, "venom", cell["epsilon"]))
        return {
            "z": z, "bits_weight": gaussian_bits(z), "bits_weight_and_bias": gaussian_bits(z, TENSORS),
            "rero_cap": rero(1 / self.count, z, tensors=TENSORS), "blind": 1 / self.count,
            "identified": found.identified, "bits_found": found.bits, "psnr": found.psnr, "ssim": found.ssim,
            "asr": found.success, "label": found.label, "published_psnr": published and published.psnr,
            "published_asr": published and published.asr,
        }  # fmt: skip
