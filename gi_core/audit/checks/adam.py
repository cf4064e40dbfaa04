"""The first step of Adam is a gradient of signs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import SIGNS, Evidence


@checks.register("adam")
@dataclass(frozen=True, kw_only=True)
class FirstStepOfAdam(Check):
    """Share of entries at plus or minus the learning rate.

    Kingma and Ba 2015: the first step is lr g / (|g| + eps).
    """

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        told = seen.record.recipe.optimiser
        if seen.signs:
            yield self.finding(
                "note", f"The first step of Adam: {seen.sign_share:.1%} of the entries are plus or minus the learning"
                " rate.", seen.sign_share, SIGNS,
                means="Signs of the gradient left, not its sizes; attacks must match signs.",
            )  # fmt: skip
        if seen.signs and told == "sgd":
            yield self.finding("warning", "The recipe says SGD, and the update is one of Adam.", seen.sign_share, SIGNS)
        elif told in ("adam", "adamw") and not seen.signs and seen.record.steps == 1 and not seen.empty:
            yield self.finding(
                "note", f"The recipe says {told}, and only {seen.sign_share:.1%} of the entries are plus or minus the"
                " learning rate.", seen.sign_share, SIGNS,
                means="Not its first step, another learning rate, or a filter that changed the entries.",
            )  # fmt: skip
