"""Noise that weight and bias gradients share, so that their ratio no longer is the input."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from gi_core.components import option
from gi_core.defenses.base import Batch, Defense, defenses
from gi_core.observation import Tensors


@defenses.register("correlated")
@dataclass(frozen=True, kw_only=True)
class Correlated(Defense):
    """Add a_j r to row j of a layer's weight gradient and a_j to its bias gradient: the ratio of both turns to r.

    One line in Venom asks for noise correlated between weight and bias; this form is a reconstruction. Per unit
    a ~ N(0, sigma^2) and, per layer, one random direction r ~ N(0, 1) per input, known to nobody; rho of each row's
    noise variance is shared that way, the rest is independent.
    """

    does = "Adds noise to each layer that hides the ratio of weight and bias gradients, from which features are read."
    costs = "No privacy guarantee of its own, and at equal hiding power about as much harm to training as plain noise."

    sigma: float = option(0.01, "standard deviation of the noise on each bias entry", low=0.0, high=1e6)
    rho: float = option(1.0, "share of the weight noise's variance that follows the bias noise", low=0.0, high=1.0)
    can_raise_norm = True

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        noisy = dict(tensors)

        def draw(*shape: int) -> torch.Tensor:
            return torch.randn(shape, generator=batch.generator, device=batch.generator.device)

        for name, tensor in tensors.items():
            partner = name.removesuffix("weight") + "bias"
            if not name.endswith("weight") or partner not in tensors or tensor.dim() < 2:
                continue
            units, inputs = tensor.shape[0], tensor[0].numel()
            shared, direction = self.sigma * draw(units), draw(inputs)
            own = self.sigma * draw(units, inputs)
            weight = self.rho**0.5 * torch.outer(shared, direction) + (1 - self.rho) ** 0.5 * own
            noisy[name] = tensor + weight.view_as(tensor).to(tensor)
            noisy[partner] = tensors[partner] + shared.to(tensors[partner])
        return noisy
