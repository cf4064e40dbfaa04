"""What a matching iteration will cost on this machine, before it is run."""

from __future__ import annotations

import time

import torch

from gi_core.models.base import Victim
from gi_core.models.batchnorm import statistics_kept
from gi_core.seeds import seeded

FORWARDS = 8.0  # a matching iteration (forward, backward, double backward) in forward passes; 5 to 16 measured


def iteration_seconds(victim: Victim, batch_size: int = 1) -> float:
    """Estimated CPU seconds of one gradient-matching iteration, right to a factor of two or so.

    Times the second of two forward passes; the victim is left as it was.
    """
    images = torch.rand(batch_size, *victim.image_shape, generator=torch.Generator().manual_seed(0)).to(victim.mean)
    parameters = list(victim.parameters())
    with seeded(0), statistics_kept(victim):
        for _ in range(2):
            started = time.process_time()
            victim(images)
            spent = time.process_time() - started
    return FORWARDS * spent + 2e-9 * sum(p.numel() for p in parameters)
