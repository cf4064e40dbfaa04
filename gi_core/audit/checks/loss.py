"""What the numbers say that leave beside the update."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import Evidence

LOSSES = ("train_loss", "loss")


@checks.register("metrics")
@dataclass(frozen=True, kw_only=True)
class Metrics(Check):
    """Loss, counts and bits that were sent along are equations too."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        told = seen.record.recipe.metrics
        loss = next((told[name] for name in LOSSES if name in told), None)
        if loss is not None and seen.batch_size == 1 and seen.record.steps == 1:
            yield self.finding(
                "note", f"The loss of one picture was sent along: its label has probability {math.exp(-loss):.3g}.",
                loss, means="One more equation on the picture.", change="Send losses only as sums over clients.",
            )  # fmt: skip
        elif loss is not None:
            yield self.finding("info", f"The training loss was sent along: {loss:.4g}.", loss)
        count = next((told[name] for name in ("num-examples", "num_examples") if name in told), None)
        pictures = seen.record.recipe.pictures
        if count is not None and pictures is not None and count != pictures:
            yield self.finding(
                "note", f"{count:.0f} examples were reported, the recipe tells of {pictures}.", count, float(pictures)
            )
        if "norm_bit" in told:
            yield self.finding("info", "One bit on the norm of the update was sent along.", told["norm_bit"])
