"""Reconstruction robustness: how often any attack can succeed, given how often a blind guess does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scipy.stats import norm
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


def dp_sgd(kappa: float, z: float, rate: float, steps: int, *, tensors: int = 1) -> float:
    """Success against T steps of DP-SGD with Poisson sampling: one minus the false negatives at false positives kappa.

    Hayes, Mahloujifar, Balle, "Bounding Training Data Reconstruction in DP-SGD", NeurIPS 2023: sup {mu(E) : nu(E) <=
    kappa}, nu the noise alone and mu with the picture; by ``riskcal`` (Kulynych et al., arXiv 2507.06969) on a grid of
    privacy losses: within 1e-6 of the exact value where that is known, within 2 % of it at kappa = 1e-6.

    Args:
        z: noise multiplier sigma / C; rate: q in (0, 1]; steps: T; tensors: L, each clipped to C by itself.

    Raises:
        BadInput: kappa or rate is no such probability.
    """
    from riskcal.calibration.dpsgd import get_beta_for_dpsgd

    if not 0 < rate <= 1:
        raise BadInput(f"rate={rate}: a share above 0, at most 1, is needed")
    if rate == 1:
        return gaussian(kappa, z, tensors=tensors, releases=steps)
    return min(1.0, 1 - float(get_beta_for_dpsgd(z / math.sqrt(tensors), rate, steps, alpha=_checked(kappa))))


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
        "The update is clipped, and noise is added after the clip; so many releases, each with the picture at the "
        "given rate; to all that the attacker knows besides them, its label too, each candidate is equally likely: a "
        "blind guess is right once in N (kappa = 1/N)."
    )

    candidates: int = option(100, "number N of candidate pictures", low=2, high=1_000_000)
    rounds: int = option(1, "releases that may hold the picture", low=1, high=100_000)
    rate: float = option(1.0, "chance that a release holds the picture (Poisson sampling)", low=1e-6, high=1.0)

    def of(self, setting: Setting) -> Bound | None:
        release = setting.release
        if release is None:
            return None
        kappa = 1 / self.candidates
        if release.noise.kind == "gaussian":
            cap = dp_sgd(kappa, release.z_of_one, self.rate, self.rounds, tensors=release.tensors)
        elif (self.rounds, self.rate) == (1, 1.0):
            cap = laplace(kappa, release.z_of_one / release.tensors)
        else:
            return None
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
