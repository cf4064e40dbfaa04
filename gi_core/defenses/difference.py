"""Filters that federated frameworks apply to the difference of weights, not to a gradient.

A gradient g of one step of SGD at learning rate lr leaves the device as the difference -lr g: ``Batch.difference`` is
that factor (1 where the update is a difference already). Thresholds have the size of a difference, so it matters.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gi_core.defenses.base import Batch, Defense
from gi_core.observation import Tensors

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class DifferenceFilter(Defense):
    """A framework's filter on named arrays."""

    @abstractmethod
    def filtered(self, arrays: Arrays, random: np.random.RandomState) -> Arrays:
        """What leaves instead of the difference ``arrays``; draws are made in the framework's own order."""

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        seed = int(torch.randint(2**31 - 1, (), generator=batch.generator))
        arrays = {name: (batch.difference * t).detach().cpu().numpy().copy() for name, t in tensors.items()}
        sent = self.filtered(arrays, np.random.RandomState(seed))
        return {name: as_sent(t, arrays[name], sent[name], batch.difference) for name, t in tensors.items()}


def as_sent(tensor: Tensor, array: np.ndarray, sent: np.ndarray, difference: float) -> Tensor:
    """``sent`` in the unit of ``tensor``; what the filter left alone keeps its bits."""
    if np.array_equal(array, sent):
        return tensor
    return torch.from_numpy(np.asarray(sent, dtype=array.dtype)).to(tensor) / difference


def norm_of_arrays(arrays: Arrays) -> float:
    """L2 norm of all arrays together, as Flower computes it: of the norms, in double precision."""
    return float(np.sqrt(sum(np.linalg.norm(a.flat) ** 2 for a in arrays.values())))


def clipped(arrays: Arrays, limit: float) -> Arrays:
    """Times min(1, limit / norm); Flower's ``clip_inputs_inplace``, but that a zero update stays zero."""
    norm = norm_of_arrays(arrays)
    factor = min(1.0, limit / norm) if norm > 0 else 1.0
    return {name: a * a.dtype.type(factor) for name, a in arrays.items()}
