"""Closed and open world: does a learned attack do as well on pictures that it was not trained on?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.evaluation.controls import Gain, gain
from gi_core.evaluation.identification import TWIN


@dataclass(frozen=True)
class Worlds:
    """Gain over control on pictures of the attack's training set (closed) and on others (open).

    A gain in the closed world alone is memory: the attack recalls pictures that it knows.
    """

    closed: Gain
    open: Gain

    @property
    def memorises(self) -> bool:
        """Above zero where the pictures are known, and not above zero where they are new."""
        return self.closed.above_zero and not self.open.above_zero


def known(truth: Tensor, training: Tensor) -> list[bool]:
    """Whether each picture (B,C,H,W) is a near-copy of one of the training pictures (N,C,H,W), by squared error."""
    return [bool((training.to(t) - t).square().mean((1, 2, 3)).amin() <= TWIN) for t in truth]


def worlds(values: Sequence[float], controls: Sequence[float], closed: Sequence[bool]) -> Worlds:
    """Gains of paired scores, closed and open apart. ``closed``: from :func:`known`, or known from the data's split.

    Raises:
        BadInput: unequal numbers, or a world without pictures.
    """
    inside = torch.tensor(list(closed), dtype=torch.bool)
    if len(values) != len(inside) or not inside.any() or inside.all():
        raise BadInput(f"{int(inside.sum())} of {len(values)} pictures are known: some of either kind are needed")

    def part(which: Tensor) -> Gain:
        chosen = which.nonzero().flatten().tolist()
        return gain([values[i] for i in chosen], [controls[i] for i in chosen])

    return Worlds(part(inside), part(~inside))
