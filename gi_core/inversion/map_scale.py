"""How large each picture's map is, and its label, from the head's gradient.

With features h_i of picture i, softmax p_i and one-hot label y_i, the head's gradient is sum_i (p_i - y_i) h_i^T / B.
Maps known up to a factor s_i give features, features give the rows (p_i - y_i) by least squares, and the one negative
entry is the label. The right s_i is the one whose softmax is the one read off. A clipped update has one more factor,
common to all; the ratios between the rows' positive entries still fix s_i.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import least_squares
from torch import Tensor

GRID = np.linspace(-7, 7, 85)
"""Natural logarithms of the scales that are tried first, around a typical picture's."""
FITS = 1e-4
"""Share of the head's gradient that may be left unexplained, for the scales to be believed."""


@dataclass(frozen=True)
class Scales:
    """labels (B,); sizes (B,): what to multiply the maps with; factor: of the update (1 but for clipping); ``misfit``:
    share of the head's gradient that is left unexplained."""

    labels: Tensor
    sizes: Tensor
    factor: float
    misfit: float


@dataclass(frozen=True)
class Head:
    """Weights (K,d), bias (K,) and their gradients times the number of pictures, float64; smoothing of the labels."""

    weight: Tensor
    bias: Tensor
    weight_gradient: Tensor
    bias_gradient: Tensor | None
    smoothing: float = 0.0

    def errors(self, features: Tensor, labels: Tensor) -> Tensor:
        """(B,K): softmax minus label."""
        logits = features @ self.weight.t() + self.bias
        hot = torch.nn.functional.one_hot(labels, logits.shape[1]).to(logits)
        return logits.softmax(1) - (1 - self.smoothing) * hot - self.smoothing / logits.shape[1]

    def read(self, features: Tensor) -> Tensor:
        """(B,K): the errors that the gradient holds for these features, by least squares."""
        return (self.weight_gradient @ torch.linalg.pinv(features)).t()

    def misfit(self, features: Tensor, labels: Tensor, factor: float) -> Tensor:
        """What the gradient has beyond these features' own, as a share of its size, flat."""
        errors = factor * self.errors(features, labels)
        left = (errors.t() @ features - self.weight_gradient).flatten()
        if self.bias_gradient is not None:
            left = torch.cat([left, errors.sum(0) - self.bias_gradient])
        return left / self.weight_gradient.norm()


def scales(head: Head, features: Callable[[Tensor], Tensor], typical: float, pictures: int) -> Scales | None:
    """The scales and labels that explain the head's gradient; None where none do.

    Args:
        features: sizes (B,) -> (B,d) features of the maps times these sizes.
        typical: size of the map of a picture.
    """
    start = torch.full((pictures,), typical, dtype=torch.float64)
    h = features(start)
    if torch.linalg.matrix_rank(h, rtol=1e-10) < pictures:
        return None
    labels = head.read(h).argmin(1)
    candidates = [typical * float(np.exp(g)) for g in GRID]
    with_size = [(s, features(torch.full_like(start, s))) for s in candidates]
    read = torch.stack([head.read(h) for _, h in with_size])
    own = torch.stack([head.errors(h, labels) for _, h in with_size])
    best: Scales | None = None
    for clipped in (False, True):
        cost = 1 - torch.cosine_similarity(read, own, dim=2) if clipped else (read - own).norm(dim=2) / own.norm(dim=2)
        first = torch.tensor([candidates[int(i)] for i in cost.nan_to_num(torch.inf).argmin(0)], dtype=torch.float64)
        found = refined(head, features, labels, first, clipped)
        best = found if best is None or found.misfit < best.misfit else best
        if best.misfit < FITS:
            return best
    return None


def refined(head: Head, features: Callable[[Tensor], Tensor], labels: Tensor, sizes: Tensor, clipped: bool) -> Scales:
    """From a first guess on, by Levenberg and Marquardt on the logarithms; the update's factor too if ``clipped``."""
    count = len(sizes)
    factor = 1.0
    if clipped:
        h = features(sizes)
        own = head.errors(h, labels).t() @ h
        factor = max(float((own * head.weight_gradient).sum() / own.square().sum()), 1e-12)
    start = np.log(np.append(sizes.numpy(), factor)) if clipped else np.log(sizes.numpy())

    def left(logs: np.ndarray) -> np.ndarray:
        values = torch.from_numpy(np.exp(np.clip(logs, -50, 50)))
        misfit = head.misfit(features(values[:count]), labels, float(values[count]) if clipped else 1.0)
        return misfit.nan_to_num(1e6).numpy()

    found = least_squares(left, start, method="lm", max_nfev=60 * len(start), xtol=1e-12, ftol=1e-14)
    values = torch.from_numpy(np.exp(np.clip(found.x, -50, 50)))
    misfit = float(np.linalg.norm(found.fun))
    return Scales(labels, values[:count], float(values[count]) if clipped else 1.0, misfit)
