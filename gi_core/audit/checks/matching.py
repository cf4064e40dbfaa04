"""What had to be assumed to read the record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import Evidence


@checks.register("matching")
@dataclass(frozen=True, kw_only=True)
class Matching(Check):
    """Names, orders and facts that were filled in."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        for note in seen.record.notes:
            doubtful = "not proven" in note or "not known" in note or "guess" in note or "looks like" in note
            yield self.finding("note" if doubtful else "info", note)
