"""How many local steps were taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import Evidence


@checks.register("steps")
@dataclass(frozen=True, kw_only=True)
class StepCount(Check):
    """Local steps, as BatchNorm's counters show them or as the recipe tells."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        record = seen.record
        if record.kind == "gradient" or seen.empty:
            return
        counted = max(record.counted.values(), default=0)
        by = f"{len(record.counted)} BatchNorm layers counted them" if counted else "by the recipe"
        told = record.recipe.steps
        if counted and told and counted != told:
            yield self.finding(
                "warning", f"The recipe tells of {told} local steps, BatchNorm counted {counted}.", float(counted),
                float(told), means="One of them is wrong; the counters cannot be, unless a filter changed them.",
            )  # fmt: skip
        if record.steps == 1:
            yield self.finding(
                "warning", f"One local step ({by}).", 1.0, 1.0,
                means="What was sent is one step of the optimiser: of SGD, the gradient itself.",
                change="Take several local steps over different batches; matching one gradient then no longer fits.",
            )  # fmt: skip
        else:
            yield self.finding(
                "info", f"{record.steps} local steps ({by}).", float(record.steps), 1.0,
                means="What was sent mixes gradients at several points; attacks must simulate the steps.",
            )  # fmt: skip
