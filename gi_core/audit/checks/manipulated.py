"""Do the weights received look like a network in training?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, Severity, SheetLine, checks
from gi_core.audit.evidence import Evidence
from gi_core.defenses.inspect import inspect


@checks.register("weights-received")
@dataclass(frozen=True, kw_only=True)
class WeightsReceived(Check):
    """``gi inspect`` on the weights received: ladders, traps, fishing, dead layers."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        found = inspect(seen.record.victim).findings
        severities: dict[str, Severity] = {"red": "high", "amber": "warning"}
        for one in found:
            where = f" ({one.layer})" if one.layer else ""
            says = f"{one.says[0].lower()}{one.says[1:].rstrip('.')}{where}"
            yield self.finding(
                severities.get(one.level, "info"),
                f"The weights received look unlike a network in training: {says}.", one.value,
                means="Not who did it or why: a look at where they came from is due.",
                change="Compare their fingerprint with other clients', and refuse to train on them until explained.",
            )  # fmt: skip
        if not found:
            yield self.finding("info", "The weights received look like a network at its start or in training.", 0.0)
