"""Feature hashing: a long gradient as a short vector whose bins each add up some of its numbers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LONG = 1_000_000
"""From so many numbers on a gradient is sketched with half the bins, so that its inverter stays small."""


class Sketch(nn.Module):
    """(N,P) -> (N,bins): each number falls into a bin drawn at random once (Weinberger et al. 2009, without signs).

    Wu et al., "Learning To Invert", UAI 2023, use it for networks whose gradient is too long for a first layer.
    Independent noise of std s on the numbers becomes s sqrt(numbers in the bin) on a bin. P <= bins passes unchanged.
    """

    def __init__(self, length: int, bins: int, seed: int) -> None:
        super().__init__()
        self.length, self.bins = length, min(bins, length)
        place = torch.randperm(length, generator=torch.Generator().manual_seed(seed)) % self.bins
        self.place: Tensor | None = None if length <= bins else place

    @property
    def counts(self) -> Tensor:
        """(bins,) how many numbers fall into each bin."""
        return torch.ones(self.bins) if self.place is None else self.place.bincount(minlength=self.bins).float()

    def forward(self, numbers: Tensor) -> Tensor:
        if self.place is None:
            return numbers
        return numbers.new_zeros(len(numbers), self.bins).index_add_(1, self.place, numbers)


def flat(gradients: list[Tensor]) -> Tensor:
    """Tensors of one gradient as one row (1,P), float32 on the CPU."""
    return torch.cat([g.detach().float().cpu().flatten() for g in gradients]).unsqueeze(0)


def scales(rows: Tensor) -> Tensor:
    """Root mean square of each column of (N,P), never 0."""
    return rows.square().mean(0).sqrt().clamp_min(1e-12)
