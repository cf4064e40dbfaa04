"""What to change, each with the number of the sheet that it would move: the sheet again, on the update so changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from gi_core.audit.evidence import Evidence
from gi_core.audit.record import RecordedUpdate
from gi_core.defenses.accounting import gaussian_epsilon

DELTA = 1e-5


@dataclass(frozen=True)
class Remedy:
    """Something to do differently: which number of the sheet it moves, from what to what."""

    says: str
    number: str
    before: float
    after: float


def changes(seen: Evidence) -> Iterator[Remedy]:
    """Changes that this record calls for."""
    record = seen.record
    if seen.empty or seen.replaced is not None:
        return
    if seen.record.sent and any(record.counted.values()):
        kept = Evidence(dataclasses.replace(record, sent={}))
        yield Remedy(
            "Keep BatchNorm's statistics on the device",
            "numbers of batch statistics sent",
            float(sum(t.numel() for t in record.sent.values())),
            float(sum(t.numel() for t in kept.record.sent.values())),
        )  # fmt: skip
    if not seen.noise:
        for z in (0.01, 0.1):
            noisy = Evidence(with_noise(record, z))
            yield Remedy(
                f"Clip the update and add Gaussian noise of {z:g} times the clip (epsilon of a round"
                f" {gaussian_epsilon(z, DELTA):,.0f} at delta {DELTA:g})",
                "share of the update's energy that is noise", 0.0, energy(noisy, z),
            )  # fmt: skip
    if seen.pictures is not None and record.kind != "gradient" and seen.pictures <= 8:
        yield Remedy(
            "Take four times as many pictures per round", "rank of the linear layers", float(seen.pictures),
            4.0 * seen.pictures,
        )  # fmt: skip


def with_noise(record: RecordedUpdate, z: float) -> RecordedUpdate:
    """The record as it had been sent clipped to its own norm, with noise of z times that on every entry."""
    generator = torch.Generator().manual_seed(0)
    sigma = z * record.norm
    change = {
        name: t + sigma * torch.randn(t.shape, generator=generator, dtype=t.dtype) for name, t in record.change.items()
    }
    return dataclasses.replace(record, change=change, whole={})


def energy(noisy: Evidence, z: float) -> float:
    """Share of the energy that is noise: n z^2 / (1 + n z^2) for n entries and a clip at the update's norm."""
    n = sum(t.numel() for t in noisy.record.change.values())
    return n * z**2 / (1 + n * z**2)
