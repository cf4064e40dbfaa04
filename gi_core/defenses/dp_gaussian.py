"""The Gaussian mechanism by epsilon and delta."""

from __future__ import annotations

from dataclasses import dataclass

from gi_core.components import option
from gi_core.defenses.accounting import analytic_gaussian, classical_gaussian, gaussian_epsilon
from gi_core.defenses.base import Batch, defenses
from gi_core.defenses.calibrated import Calibrated
from gi_core.defenses.gaussian import add_gaussian
from gi_core.observation import Tensors


@defenses.register("dp-gaussian")
@dataclass(frozen=True, kw_only=True)
class DPGaussian(Calibrated):
    """Clip in L2 and add Gaussian noise for (epsilon, delta)-differential privacy, by a named convention.

    Balle & Wang, "Improving the Gaussian Mechanism for Differential Privacy", ICML 2018 (``analytic``, the default).
    """

    does = "Limits what one example can add, then adds Gaussian noise whose scale follows from epsilon and delta."
    costs = "Accuracy: at small epsilon and small batches the noise exceeds the signal, so it needs many examples."
    kind = "gaussian"
    order = 2.0

    delta: float = option(1e-5, "probability with which the epsilon bound may fail", low=1e-15, high=0.5)

    def exact(self) -> float:
        return analytic_gaussian(self.epsilon, self.delta)

    def textbook(self) -> float:
        return classical_gaussian(self.epsilon, self.delta)

    def epsilon_at(self, z: float) -> float:
        return gaussian_epsilon(z, self.delta)

    def draw(self, tensors: Tensors, scale: float, batch: Batch) -> Tensors:
        return add_gaussian(tensors, scale, batch.generator)
