"""Was anything sent at all?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import Evidence


@checks.register("empty")
@dataclass(frozen=True, kw_only=True)
class Empty(Check):
    """Tensors that did not move: all of them, or some."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        still = [name for name, tensor in seen.record.change.items() if not tensor.any()]
        if seen.empty:
            yield self.finding(
                "note", "What was sent equals what was received: the update is zero.", 0.0,
                means="No attack has anything to go by.",
                change="Check that the recorder stands after training.",
            )  # fmt: skip
        elif still:
            named = ", ".join(still[:4]) + (f" and {len(still) - 4} more" if len(still) > 4 else "")
            yield self.finding(
                "info", f"{len(still)} of {len(seen.record.change)} tensors did not move: {named}.", float(len(still)),
                means="Frozen layers, or a filter that sends only part of the update.",
            )  # fmt: skip
