"""Opacus' DP-SGD."""

from __future__ import annotations

from dataclasses import dataclass

from gi_core.components import option
from gi_core.defenses.accounting import gaussian_epsilon
from gi_core.defenses.base import Batch, Defense, Noise, Privacy, defenses, norm_of
from gi_core.defenses.clip import over
from gi_core.defenses.gaussian import add_gaussian
from gi_core.observation import Tensors

GUARD = 1e-6
"""Added to a norm before dividing by it, as Opacus does."""


@defenses.register("opacus-dp-sgd")
@dataclass(frozen=True, kw_only=True)
class OpacusDpSgd(Defense):
    """One step of DP-SGD as Opacus takes it (1.6.0, flat clipping, no Poisson sampling).

    Abadi et al., CCS 2016: sum of g_i min(1, C / (|g_i| + 1e-6)) plus N(0, (z C)^2), over the expected batch. Opacus
    has no defaults for C and z; ours are 1 and 1.
    """

    does = "Clips every picture's gradient and adds Gaussian noise to their sum."
    costs = "Accuracy: the noise is divided by the batch, so small batches drown."

    max_grad_norm: float = option(1.0, "C, greatest norm of one picture's gradient", low=1e-9, high=1e9)
    noise_multiplier: float = option(1.0, "z, noise over the clip", low=0.0, high=1e6)
    delta: float = option(1e-5, "probability with which the epsilon stated may fail", low=1e-15, high=0.5)

    def on_example(self, tensors: Tensors, batch: Batch) -> Tensors:
        norms = norm_of(tensors, keep_examples=True)
        factor = (self.max_grad_norm / (norms + GUARD)).clamp_max(1.0)
        return {name: t * over(factor, t) for name, t in tensors.items()}

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        if self.noise_multiplier == 0:
            return tensors
        return add_gaussian(tensors, self.noise_multiplier * self.max_grad_norm / batch.size, batch.generator)

    def noise(self, batch_size: int) -> Noise | None:
        if self.noise_multiplier == 0:
            return None
        return Noise(self.noise_multiplier * self.max_grad_norm / batch_size, self.max_grad_norm)

    def limit(self) -> tuple[float, bool]:
        return self.max_grad_norm, False

    def privacy(self, batch_size: int, tensors: int = 1) -> Privacy | None:
        if self.noise_multiplier == 0:
            return None
        epsilon = gaussian_epsilon(self.noise_multiplier, self.delta)
        note = "One step on the whole data set; Poisson sampling of a share of it lowers epsilon, further steps add up."
        return Privacy(epsilon, self.delta, self.noise_multiplier, "add or remove one example", note)
