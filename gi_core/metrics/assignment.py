"""Which reconstruction belongs to which true picture: an update does not tell the order within a batch."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from gi_core.metrics.image import checked_pair


def assign(images: Tensor, truth: Tensor) -> Tensor:
    """The permutation (B,) with the smallest total squared error: ``images[permutation]`` stands beside ``truth``.

    Solved exactly (Hungarian method) on the B x B matrix of pixel errors, both batches (B,C,H,W) clamped to [0,1].
    """
    a, b = checked_pair(images, truth)
    distances = torch.cdist(b.flatten(1).double(), a.flatten(1).double(), compute_mode="donot_use_mm_for_euclid_dist")
    _, columns = linear_sum_assignment(distances.square().cpu().numpy())
    return torch.from_numpy(columns).to(images.device)


def match(images: Tensor, truth: Tensor) -> Tensor:
    """The reconstructions (B,C,H,W) in the order of the truth."""
    return images[assign(images, truth)]
