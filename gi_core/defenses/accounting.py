"""Noise multipliers and the epsilon they buy: one release, one unit whose contribution has norm at most 1."""

from __future__ import annotations

import math
from functools import lru_cache


def classical_gaussian(epsilon: float, delta: float) -> float:
    """z = sqrt(2 ln(1.25/delta)) / epsilon: Dwork & Roth 2014, Theorem A.1, proved for epsilon < 1 only."""
    return math.sqrt(2 * math.log(1.25 / delta)) / epsilon


@lru_cache(maxsize=4096)
def analytic_gaussian(epsilon: float, delta: float) -> float:
    """Smallest z with (epsilon, delta)-DP: Balle & Wang 2018, Theorem 8, by the dp-accounting library."""
    from dp_accounting import get_sigma_gaussian

    return float(get_sigma_gaussian(epsilon, delta))


@lru_cache(maxsize=4096)
def gaussian_epsilon(z: float, delta: float) -> float:
    """Exact epsilon of Gaussian noise of multiplier z at ``delta``, by the dp-accounting library; inf at z = 0."""
    from dp_accounting import get_epsilon_gaussian

    return float(get_epsilon_gaussian(z, delta)) if z > 0 else math.inf


def analytic_laplace(epsilon: float, delta: float) -> float:
    """Smallest z = b / L1 norm with (epsilon, delta)-DP: 1/z = epsilon - 2 ln(1 - delta).

    From delta(epsilon) = 1 - exp((epsilon - 1/z) / 2), the hockey-stick divergence of Lap(z) and its shift by 1.
    """
    return 1 / (epsilon - 2 * math.log1p(-delta))


def laplace_epsilon(z: float, delta: float) -> float:
    """Exact epsilon of Laplace noise of multiplier z at ``delta`` (inverse of :func:`analytic_laplace`)."""
    return max(0.0, 1 / z + 2 * math.log1p(-delta)) if z > 0 else math.inf
