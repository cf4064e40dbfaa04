"""What BatchNorm's buffers give away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import Evidence


@checks.register("batchnorm")
@dataclass(frozen=True, kw_only=True)
class BatchNormLeak(Check):
    """Running statistics sent along: (new - (1 - m) old) / m is the batch's own mean and variance, layer by layer."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        record = seen.record
        if not record.normalised:
            return
        moved = [name for name, tensor in record.sent.items() if not tensor.equal(record.received.get(name, tensor))]
        layers, numbers = len(moved) // 2, sum(record.sent[name].numel() for name in moved)
        if not moved:
            yield self.finding(
                "info", "BatchNorm's running statistics were not sent, or did not move.", 0.0,
                means="The batch's statistics stay on the device; attacks must guess them.",
            )  # fmt: skip
        elif record.steps == 1:
            yield self.finding(
                "high", f"BatchNorm's buffers give the batch's mean and variance: {numbers:,} numbers.",
                float(numbers), 0.0, means="Exact to rounding after one step, whatever the optimiser did.",
                change="Keep running statistics on the device (FedBN), or use GroupNorm.",
            )  # fmt: skip
        else:
            yield self.finding(
                "warning", f"BatchNorm's buffers give a weighted mean over {record.steps} steps in {layers} layers.",
                float(numbers), 0.0, means="One equation for several batches.",
                change="Keep running statistics on the device (FedBN), or use GroupNorm.",
            )  # fmt: skip
