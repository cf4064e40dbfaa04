"""Distance as the attacked network sees it."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from gi_core.metrics.image import checked_pair
from gi_core.models.base import Victim


@torch.no_grad()
def fmse(images: Tensor, truth: Tensor, victim: Victim) -> Tensor:
    """Feature mean squared error per picture, (B,): mean over the d inputs of the victim's linear head.

    The features are those of the attacked network in evaluation mode. [Reconstruction: the sources name the
    metric (arXiv 2601.15049) but not the layer.]
    """
    a, b = checked_pair(images, truth)
    network = copy.deepcopy(victim).eval() if victim.training else victim
    return (network.features(a) - network.features(b)).square().mean(1)
