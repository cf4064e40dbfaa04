"""One seed for each use of randomness."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_global_generator = threading.RLock()


def stream_seed(seed: int, purpose: str) -> int:
    """A seed of its own for each use of randomness in a run, so that none shifts another."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:4], "big") >> 1


def restart_seed(seed: int, number: int) -> int:
    """The seed of an attack's start ``number``; that of start 0 is ``seed`` itself."""
    return seed + 7919 * number


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's global generator, seeded, for code that draws from it; put back afterwards.

    One thread at a time: without the lock, runs side by side would draw from each other's sequence. Network
    initialisation and dropout know no other generator.
    """
    with _global_generator, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
