"""A privacy budget split over the layers, and only the larger part of each layer sent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from gi_core.components import option
from gi_core.defenses.accounting import analytic_gaussian, gaussian_epsilon
from gi_core.defenses.base import Batch, Defense, Privacy, defenses
from gi_core.defenses.clip import clip
from gi_core.observation import Tensors


@defenses.register("layerwise-budget")
@dataclass(frozen=True, kw_only=True)
class LayerwiseBudget(Defense):
    """Clip each tensor on its own, give each its own noise, send the largest entries only.

    Venom asks for "layer-wise privacy budgets with compression"; the split is a reconstruction. Tensor l gets noise of
    standard deviation z_l C / B with 1/z^2 = sum of 1/z_l^2 (Gaussian mechanisms compose like that), z the smallest
    noise multiplier that gives (epsilon, delta). ``head``: share of the budget 1/z^2 for the head's two tensors, where
    features are read; the rest is split evenly. Compression keeps the largest entries after the noise
    (post-processing).
    """

    does = "Clips every tensor, spends most of the noise on the head, and sends only each tensor's largest entries."
    costs = "Accuracy: tensors clipped one by one need more noise in all, and the head learns slowest."

    epsilon: float = option(10.0, "epsilon of the whole update", low=1e-3, high=1e6)
    delta: float = option(1e-5, "probability with which the epsilon bound may fail", low=1e-15, high=0.5)
    clip: float = option(1.0, "clip norm C of each tensor", low=1e-9, high=1e9)
    head: float = option(0.01, "share of the budget for the head", low=1e-6, high=1.0 - 1e-6)
    keep: float = option(1.0, "share of each tensor's entries that is sent", low=1e-4, high=1.0)

    @property
    def per_example(self) -> bool:
        return True

    def multipliers(self, names: list[str]) -> dict[str, float]:
        """z_l by tensor name; sum of 1/z_l^2 is 1/z^2."""
        z = analytic_gaussian(self.epsilon, self.delta)
        heads = [n for n in names if n.startswith("head.")]
        others = [n for n in names if n not in heads]
        share = self.head if others else 1.0
        part = {n: share / len(heads) for n in heads} | {n: (1 - share) / len(others) for n in others}
        if not heads:
            part = {n: 1 / len(others) for n in others}
        return {n: z / math.sqrt(p) for n, p in part.items()}

    def on_example(self, tensors: Tensors, batch: Batch) -> Tensors:
        return clip(tensors, self.clip, separate=True, keep_examples=True)

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        multipliers = self.multipliers(list(tensors))
        sent = {}
        for name, tensor in tensors.items():
            noise = torch.randn(tensor.shape, generator=batch.generator, device=batch.generator.device).to(tensor)
            noisy = tensor + multipliers[name] * self.clip / batch.size * noise
            count = max(1, math.ceil(self.keep * noisy.numel()))
            if count < noisy.numel():
                least = noisy.abs().flatten().topk(count).values[-1]
                noisy = torch.where(noisy.abs() >= least, noisy, 0.0)
            sent[name] = noisy
        return sent

    def privacy(self, batch_size: int, tensors: int = 1) -> Privacy:
        z = analytic_gaussian(self.epsilon, self.delta)
        note = f"One release: for replacing one example epsilon is {gaussian_epsilon(z / 2, self.delta):.3g}."
        return Privacy(self.epsilon, self.delta, z, "add or remove one example", note)
