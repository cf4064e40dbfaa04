"""What every check of the pre-flight sheet is: a look at the record that runs no attack and knows no truth."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gi_core.audit.evidence import Evidence
from gi_core.components import Component, Registry

Severity = Literal["info", "note", "warning", "high"]
SEVERITIES: tuple[Severity, ...] = ("info", "note", "warning", "high")


@dataclass(frozen=True)
class SheetLine:
    """One line of the sheet.

    Attributes:
        check: which one found it; severity; finding: what was seen, one sentence.
        number, threshold: what was measured, and what it is held to; None where there is none.
        means: what follows; change: what to do about it.
    """

    check: str
    severity: Severity
    finding: str
    number: float | None = None
    threshold: float | None = None
    means: str = ""
    change: str = ""


@dataclass(frozen=True, kw_only=True)
class Check(Component):
    """A line of the sheet."""

    @abstractmethod
    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        """The findings; none where the check does not apply."""

    def finding(
        self, severity: Severity, finding: str, number: float | None = None, threshold: float | None = None,
        *, means: str = "", change: str = "",
    ) -> SheetLine:  # fmt: skip
        return SheetLine(self.name, severity, finding, number, threshold, means, change)


checks: Registry[Check] = Registry("check")
