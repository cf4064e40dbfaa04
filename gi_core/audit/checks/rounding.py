"""How much of the gradient rounding hides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import Evidence
from gi_core.audit.spectra import rounding_of


@checks.register("rounding")
@dataclass(frozen=True, kw_only=True)
class Rounding(Check):
    """What rounding whole weights or halving precision leaves in the gradient, against the gradient."""

    visible: float = 0.01

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        if seen.empty:
            return
        record = seen.record
        floor = sum(rounding_of(record, name) ** 2 * t.numel() for name, t in record.change.items()) ** 0.5
        share = floor / sum(float(t.square().sum()) for t in record.gradient.values()) ** 0.5
        kind = f"numbers of 16 bits ({', '.join(record.half)})" if record.half else "numbers of 32 bits"
        yield self.finding(
            "note" if share > self.visible else "info",
            f"Rounding to {kind} is {share:.1g} of the gradient.", share, self.visible,
            means="Fine detail is lost to rounding." if share > self.visible else "It hides nothing.",
        )  # fmt: skip
