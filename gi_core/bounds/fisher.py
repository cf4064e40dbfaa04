"""Fisher information leakage: why unbiased attacks fail, and why that says little."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gi_core.bounds.base import COPY, GREY, Bound, Rule, Setting, bounds
from gi_core.bounds.jacobian import squared_norm, update_map
from gi_core.components import option


def unbiased_mse(trace: float, sigma: float, unknowns: int) -> float:
    """Least mean squared error per pixel of an unbiased attack: n sigma^2 / Tr(J^T J).

    Cramer-Rao gives Tr(FIM^-1)/n with FIM = J^T J / sigma^2, and Tr(FIM^-1) >= n^2 / Tr(FIM) by the inequality of the
    arithmetic and harmonic mean. Guo, Karrer, Chaudhuri, van der Maaten, "Bounding Training Data Reconstruction in
    Private (Deep) Learning", ICML 2022.
    """
    return math.inf if trace == 0 else unknowns * sigma**2 / trace


@bounds.register("fisher")
@dataclass(frozen=True, kw_only=True)
class Fisher(Rule):
    """Fisher information leakage: the error that no unbiased attack gets below."""

    unit = "dB"
    binds = "Unbiased attacks only; a constant guess is biased and beats this bound wherever the bound is vacuous."
    assumes = "Gaussian noise on one differentiable, possibly clipped, gradient; pixels not limited to a range."

    probes: int = option(64, "random directions of Hutchinson's trace estimator", low=2, high=100_000)
    seed: int = option(0, "seed of the directions", low=0, high=2**31 - 1)

    def of(self, setting: Setting) -> Bound | None:
        noise = setting.noise
        if noise is None or noise.kind != "gaussian" or not setting.smooth or not setting.live:
            return None
        if setting.images is None or setting.labels is None:
            return None
        f = update_map(setting.victim, setting.labels, setting.stack)
        trace, _ = squared_norm(f, setting.images, self.probes, self.seed)
        mse = unbiased_mse(trace, noise.sigma, setting.images.numel())
        peak = -10 * math.log10(mse) if math.isfinite(mse) else -math.inf
        verdict = "a constant grey picture does better" if peak < GREY else "an unbiased attack stays below it"
        says = f"Without a prior, PSNR is at most {peak:.1f} dB ({verdict})."
        return self.bound(peak, says, vacuous=not GREY <= peak < COPY)
