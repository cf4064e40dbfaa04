"""Reconstruction robustness: how often any attack can succeed, given how often a blind guess does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from scipy.stats import beta, norm
from torch import Tensor

from gi_core.bounds.base import Bound, Rule, Setting, bounds
from gi_core.components import option
from gi_core.errors import BadInput

SAFETY = 5.0
"""Factor on a measured kappa: the best of the tried guesses only bounds the best blind guess from below."""


def _checked(kappa: float) -> float:
    if not 0 <= kappa <= 1:
        raise BadInput(f"kappa={kappa}: a probability from 0 to 1 is needed")
    return kappa


def pure(kappa: float, epsilon: float) -> float:
    """Success under pure epsilon-DP: at most kappa e^epsilon."""
    return min(1.0, _checked(kappa) * math.exp(min(epsilon, 700.0)))


def renyi(kappa: float, epsilon: float, alpha: float) -> float:
    """Success under (alpha, epsilon)-Renyi DP: (kappa e^epsilon)^((alpha-1)/alpha).

    Balle, Cherubin, Hayes, "Reconstructing Training Data with Informed Adversaries", S&P 2022.
    """
    return min(1.0, (_checked(kappa) * math.exp(min(epsilon, 700.0))) ** ((alpha - 1) / alpha))


def gaussian(kappa: float, z: float, *, tensors: int = 1, releases: int = 1) -> float:
    """Success against T Gaussian releases of L tensors clipped one by one: Phi(Phi^-1(kappa) + sqrt(T L) / z).

    Kaissis, Hayes, Ziller, Rueckert, "Bounding Data Reconstruction Attacks with the Hypothesis Testing
    Interpretation of Differential Privacy", 2023. z = sigma / C against the reference N(0, sigma^2 I).
    """
    return float(norm.cdf(norm.ppf(_checked(kappa)) + math.sqrt(tensors * releases) / z))


def laplace(kappa: float, z: float) -> float:
    """Success against one Laplace release of scale b under an L1 clip C, z = b / C.

    The greatest probability, after a shift of mu = 1/z scales, of an event that has probability kappa before it.
    """
    mu = 1 / z
    if _checked(kappa) < math.exp(-mu) / 2:
        return math.exp(mu) * kappa
    if kappa <= 0.5:
        return 1 - math.exp(-mu) / (4 * kappa)
    return 1 - math.exp(-mu) * (1 - kappa)


def subsampled_gaussian(
    kappa: float, z: float, rate: float, steps: int, *, samples: int = 100_000, seed: int = 0, confidence: float = 0.99
) -> float:
    """Success against T steps of DP-SGD with Poisson sampling, by Monte Carlo.

    Hayes, Mahloujifar, Balle, "Bounding Training Data Reconstruction in DP-SGD", NeurIPS 2023:
    sup {mu(E) : nu(E) <= kappa} with nu = N(0, z^2 I_T), mu = E_{w ~ Bernoulli(q)^T} N(w, z^2 I_T). The best E holds
    the outcomes of greatest likelihood ratio. Threshold and probability are taken at the safe end of their exact
    binomial intervals: the value is an upper bound with probability ``confidence``.

    Args:
        z: noise multiplier sigma / C; rate: q; steps: T; samples: draws from each of nu and mu.

    Raises:
        BadInput: kappa is too small for that many samples.
    """
    generator = torch.Generator().manual_seed(seed)

    def log_ratio(present: bool) -> Tensor:
        total = torch.zeros(samples, dtype=torch.float64)
        for _ in range(steps):
            y = z * torch.randn(samples, generator=generator, dtype=torch.float64)
            if present:
                y += (torch.rand(samples, generator=generator) < rate).double()
            one = (2 * y - 1) / (2 * z**2) + (math.log(rate) if rate > 0 else -math.inf)
            total += torch.logaddexp(one, torch.full_like(one, math.log1p(-rate) if rate < 1 else -math.inf))
        return total

    risk = (1 - confidence) / 2
    null = log_ratio(False).sort(descending=True).values
    if _checked(kappa) * samples < 20:
        raise BadInput(f"kappa={kappa} with {samples} samples: at least {math.ceil(20 / max(kappa, 1e-12))} are needed")
    k = math.ceil(kappa * samples)  # so many of nu's draws lie in E; more, until nu(E) >= kappa is certain enough
    while k < samples and beta.ppf(risk, k, samples - k + 1) < kappa:
        k += max(1, int(math.sqrt(k) / 20))
    if k >= samples:
        return 1.0
    hits = int((log_ratio(True) >= null[k - 1]).sum())
    return 1.0 if hits == samples else float(beta.ppf(1 - risk, hits + 1, samples - hits))


def measured_kappa(
    guesses: Iterable[Tensor], pictures: Tensor, success: Callable[[Tensor, Tensor], Tensor], safety: float = SAFETY
) -> float:
    """Blind-guess success: the best share over ``guesses`` of ``pictures`` on which the guess succeeds, times safety.

    Args:
        guesses: pictures (C,H,W) that need no update: means, class means, centroids, blurred pictures.
        pictures: (N,C,H,W) drawn from the population.
        success: (images, truth) -> (N,) booleans.
    """
    best = max(float(success(g.expand_as(pictures), pictures).double().mean()) for g in guesses)
    return min(1.0, safety * best)


@bounds.register("rero")
@dataclass(frozen=True, kw_only=True)
class ReconstructionRobustness(Rule):
    """Cap on naming the true picture among N equally likely candidates, from the noise alone."""

    unit = "%"
    binds = "Every attack on one picture, even one that holds the candidates and all other pictures of the batch."
    assumes = (
        "The update is clipped, and noise is added after the clip; one release; to all that the attacker knows besides "
        "the update, its label too, each candidate is equally likely: a blind guess is right once in N (kappa = 1/N)."
    )

    candidates: int = option(100, "number N of candidate pictures", low=2, high=1_000_000)

    def of(self, setting: Setting) -> Bound | None:
        release = setting.release
        if release is None:
            return None
        kappa = 1 / self.candidates
        if release.noise.kind == "gaussian":
            cap = gaussian(kappa, release.z_of_one, tensors=release.tensors)
        else:
            cap = laplace(kappa, release.z_of_one / release.tensors)
        says = (
            f"No attack names the right one of {self.candidates} candidate pictures more often than in "
            f"{100 * cap:.3g} % of the cases (blind guess: {100 * kappa:.3g} %)."
        )
        return self.bound(100 * cap, says, vacuous=cap > 0.995)


KAPPA_SSIM = 0.0065
"""Share of 2,000 test pictures of CIFAR-10 on which the best of 148 blind guesses reaches SSIM > 0.5, measured by
``benchmarks/kappa.py`` (a centroid of training pictures)."""


@bounds.register("rero-ssim")
@dataclass(frozen=True, kw_only=True)
class SuccessRobustness(Rule):
    """Cap on the attack success rate (SSIM above 0.5), from the noise and from how often a blind guess succeeds."""

    unit = "%"
    binds = "Every attack on one picture, whatever its training, on average over pictures like those of CIFAR-10."
    assumes = (
        "The update is clipped, and noise is added after the clip; one release; 32x32 colour pictures on which no blind"
        " guess succeeds more often than the measured share times the safety factor."
    )

    safety: float = option(SAFETY, "factor on the measured kappa", low=1.0, high=100.0)

    def of(self, setting: Setting) -> Bound | None:
        release = setting.release
        if release is None or setting.victim.image_shape != (3, 32, 32):
            return None
        kappa = min(1.0, self.safety * KAPPA_SSIM)
        if release.noise.kind == "gaussian":
            cap = gaussian(kappa, release.z_of_one, tensors=release.tensors)
        else:
            cap = laplace(kappa, release.z_of_one / release.tensors)
        says = (
            f"No attack exceeds SSIM 0.5 on more than {100 * cap:.3g} % of such pictures "
            f"(blind guess, with a safety factor of {self.safety:g}: {100 * kappa:.3g} %)."
        )
        return self.bound(100 * cap, says, vacuous=cap > 0.995)
