"""Flower's LocalDpMod."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gi_core.components import option
from gi_core.defenses.accounting import classical_gaussian, gaussian_epsilon
from gi_core.defenses.base import Privacy, defenses
from gi_core.defenses.difference import Arrays, DifferenceFilter, clipped


@defenses.register("flower-local-dp")
@dataclass(frozen=True, kw_only=True)
class FlowerLocalDp(DifferenceFilter):
    """Clip the difference and add Gaussian noise: Flower's LocalDpMod (1.41.0).

    d min(1, C / |d|), then N(0, (S sqrt(2 ln(1.25 / delta)) / epsilon)^2) on every entry. It takes any sensitivity S;
    what the noise guarantees follows from its size over the clip, S or no S. Flower has no defaults; ours are
    C = S = 1, epsilon 10, delta 1e-5.
    """

    does = "Clips the whole update and adds Gaussian noise to every entry."
    costs = "Noise on every client's whole update: accuracy falls unless many clients are averaged."
    can_raise_norm = True

    clipping_norm: float = option(1.0, "greatest L2 norm C of the difference", low=1e-9, high=1e9)
    sensitivity: float = option(1.0, "S in the noise's formula; honest only from C on", low=0.0, high=1e9)
    epsilon: float = option(10.0, "epsilon that is claimed", low=1e-3, high=1e6)
    delta: float = option(1e-5, "probability with which the claim may fail", low=1e-15, high=0.5)

    @property
    def sigma(self) -> float:
        """Standard deviation of the noise on an entry of the difference."""
        return self.sensitivity * classical_gaussian(self.epsilon, self.delta)

    def filtered(self, arrays: Arrays, random: np.random.RandomState) -> Arrays:
        short = clipped(arrays, self.clipping_norm)
        return {name: a + random.normal(0, self.sigma, a.shape).astype(a.dtype) for name, a in short.items()}

    def privacy(self, batch_size: int, tensors: int = 1) -> Privacy:
        z = self.sigma / self.clipping_norm
        epsilon = gaussian_epsilon(z, self.delta)
        note = f"One release: claimed epsilon {self.epsilon:g}, this noise gives {epsilon:.4g}; further rounds add up."
        return Privacy(epsilon, self.delta, z, "add or remove the whole client", note)
