"""Labels read off the head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import BALANCED, Evidence


@checks.register("labels")
@dataclass(frozen=True, kw_only=True)
class Labels(Check):
    """Label counts from the head's gradient (iDLG for one picture, iLRG for several)."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        found = seen.labels
        if found is None or seen.replaced is not None:
            return
        counts = found.bincount(minlength=seen.record.victim.num_classes).tolist()
        listed = ", ".join(f"{many} of class {label}" for label, many in enumerate(counts) if many)
        doubts = [
            text for text, holds in (
                ("noise", bool(seen.noise)),
                ("signs in place of sizes", seen.signs),
                (f"{seen.record.steps} local steps", seen.record.steps > 1),
                ("biases that do not balance", seen.balance is not None and seen.balance > BALANCED),
            ) if holds
        ]  # fmt: skip
        if doubts:
            yield self.finding(
                "info", f"Labels by the head's gradient: {listed}; in doubt for {', '.join(doubts)}.",
                float(len(counts)),
                means="Counts that an attack would start from, and may be wrong.",
            )  # fmt: skip
        else:
            yield self.finding(
                "warning", f"Labels by the head's gradient: {listed}.", float(len(counts)),
                means="What the pictures show by class is known before any picture is rebuilt.",
                change="Noise on the head, or no bias in it and larger batches.",
            )  # fmt: skip
