"""The Laplace mechanism by epsilon."""

from __future__ import annotations

from dataclasses import dataclass

from gi_core.components import option
from gi_core.defenses.accounting import analytic_laplace, laplace_epsilon
from gi_core.defenses.base import Batch, defenses
from gi_core.defenses.calibrated import Calibrated
from gi_core.defenses.laplace import add_laplace
from gi_core.observation import Tensors


@defenses.register("dp-laplace")
@dataclass(frozen=True, kw_only=True)
class DPLaplace(Calibrated):
    """Clip in L1 and add Laplace noise for epsilon-differential privacy, by a named convention.

    Dwork, McSherry, Nissim, Smith, "Calibrating Noise to Sensitivity", TCC 2006: scale b = L1 norm / epsilon.
    """

    does = "Limits the L1 norm that one example can add, then adds Laplace noise whose scale follows from epsilon."
    costs = "More accuracy than Gaussian noise: an L1 clip shrinks a long gradient to almost nothing."
    kind = "laplace"
    order = 1.0

    delta: float = option(0.0, "probability with which the epsilon bound may fail; 0: pure epsilon", low=0.0, high=0.5)

    def exact(self) -> float:
        return analytic_laplace(self.epsilon, self.delta)

    def textbook(self) -> float:
        return 1 / self.epsilon

    def epsilon_at(self, z: float) -> float:
        return laplace_epsilon(z, self.delta)

    def draw(self, tensors: Tensors, scale: float, batch: Batch) -> Tensors:
        return add_laplace(tensors, scale, batch.generator)
