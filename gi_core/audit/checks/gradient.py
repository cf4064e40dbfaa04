"""Is what was sent a gradient?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import BALANCED, Evidence


@checks.register("gradient")
@dataclass(frozen=True, kw_only=True)
class IsGradient(Check):
    """Whether -delta / lr is a gradient: under cross-entropy the head's bias gradient sums to zero over classes."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        record, balance = seen.record, seen.balance
        if seen.empty or balance is None:
            return
        if seen.replaced is not None:
            yield self.finding(
                "note", "What was sent is no update: its difference from what was received is about the weights.",
                balance, BALANCED, means="Nothing in it follows the pictures closely enough to be matched.",
            )  # fmt: skip
        elif seen.signs:
            return  # said by `adam`
        elif balance > BALANCED:
            yield self.finding(
                "info", f"The head's biases do not balance ({balance:.2g}): no plain gradient was sent.", balance,
                BALANCED, means="Noise, a filter on single entries, weight decay, or an adaptive optimiser.",
            )  # fmt: skip
        elif record.steps > 1:
            yield self.finding(
                "info", f"The head's biases balance ({balance:.1g}): a sum of {record.steps} undisturbed gradients.",
                balance, BALANCED, means="No noise and no filter on single entries stands between pictures and update.",
            )  # fmt: skip
        else:
            what = "What was sent" if record.kind == "gradient" else "-delta / learning rate"
            yield self.finding(
                "warning", f"{what} is a gradient: the head's biases balance ({balance:.1g}).", balance, BALANCED,
                means="Every attack on gradients applies as published.",
                change="Noise on a clipped update, or several local steps.",
            )  # fmt: skip
