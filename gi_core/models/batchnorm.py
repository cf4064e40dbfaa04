"""BatchNorm layers of a victim: finding them, and leaving their running statistics alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def batchnorm_layers(victim: nn.Module) -> dict[str, _BatchNorm]:
    """BatchNorm layers with running statistics, by name, in order of definition."""
    return {n: m for n, m in victim.named_modules() if isinstance(m, _BatchNorm) and m.running_mean is not None}


@contextmanager
def statistics_kept(victim: nn.Module) -> Iterator[None]:
    """Within, a forward pass in training mode does not move the running statistics.

    An attacker's guesses must not: they are the statistics before the client's step.
    """
    moving = [m for m in victim.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    for layer in moving:
        layer.track_running_stats = False
    try:
        yield
    finally:
        for layer in moving:
            layer.track_running_stats = True
