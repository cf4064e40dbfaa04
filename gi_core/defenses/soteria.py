"""Soteria: hide the features that leak most."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core import cancellation
from gi_core.components import option
from gi_core.defenses.base import Batch, Defense, defenses
from gi_core.models.base import Victim
from gi_core.observation import Tensors


def sensitivity(
    victim: Victim, images: Tensor, probes: int | None, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """(features r, their gradient norms |dr_i/dx|), both (B,d), each example on its own.

    Exact by d backward passes with ``probes=None``; else |dr_i/dx|^2 = E (dr_i/dx v)^2 over that many v ~ N(0, I),
    each product by differentiating the backward pass with respect to the vector it is given.
    """
    images = images.detach().requires_grad_()
    features = copy.deepcopy(victim).features(images)
    if probes is None:
        norms = []
        for column in features.unbind(1):
            cancellation.check()
            norms.append(torch.autograd.grad(column.sum(), images, retain_graph=True)[0].flatten(1).norm(dim=1))
        return features.detach(), torch.stack(norms, dim=1)
    weight = torch.zeros_like(features, requires_grad=True)
    (pulled,) = torch.autograd.grad(features, images, weight, create_graph=True)
    total = torch.zeros_like(features)
    for _ in range(probes):
        cancellation.check()
        v = torch.randn(images.shape, generator=generator, dtype=images.dtype, device=generator.device)
        (pushed,) = torch.autograd.grad(pulled, weight, v.to(images.device), retain_graph=True)
        total += pushed.square()
    return features.detach(), (total / probes).sqrt()


@defenses.register("soteria")
@dataclass(frozen=True, kw_only=True)
class Soteria(Defense):
    """Zero the head's gradient columns of the features r_i with the largest |r_i| / |dr_i/dx|.

    Sun et al., "Soteria", CVPR 2021, eq. 10; scores of a batch are summed, as in the released code, which calls the
    share ``pruning_rate`` and shows 60. Here it protects the input of the linear head, the last fully connected layer.
    """

    does = "Removes from the head's gradient the features that a picture could be rebuilt from most directly."
    costs = "Those weights do not learn in this round; an attacker who leaves the head out of the match loses nothing."
    reads_pictures = True

    percentile: float = option(60.0, "percentage of features whose columns are zeroed", low=0.0, high=100.0)
    probes: int | None = option(64, "random directions per sensitivity estimate; none: exact", low=1, high=10_000)

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        batch.victim.need_linear_head(self.name)
        features, slope = sensitivity(batch.victim, batch.images, self.probes, batch.generator)
        leak = torch.where(slope > 0, features.abs() / slope, 0.0).sum(0)
        count = round(self.percentile / 100 * leak.numel())
        kept = torch.ones_like(leak)
        kept[leak.topk(count).indices] = 0
        return {**tensors, "head.weight": tensors["head.weight"] * kept}
