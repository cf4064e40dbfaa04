"""How many pictures stand behind the update."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, Severity, SheetLine, checks
from gi_core.audit.evidence import Evidence


@checks.register("pictures")
@dataclass(frozen=True, kw_only=True)
class PictureCount(Check):
    """The rank of linear layers: each picture of each step adds one."""

    few: int = 4

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        told, rank = seen.record.recipe.pictures, seen.pictures
        if seen.empty:
            return
        if rank is None:
            beside = f", {told} by the recipe" if told else ""
            yield self.finding(
                "info", f"The ranks of the layers do not tell the number of pictures{beside}.",
                None if told is None else float(told),
                means="Noise, signs, or more pictures than the layers can show.",
            )  # fmt: skip
            return
        passes = seen.record.recipe.epochs or 1
        if told and abs(rank - told * passes) > max(1, 0.2 * told * passes):
            yield self.finding(
                "note", f"The ranks of the layers show {rank} pictures, the recipe tells of {told}.", float(rank),
                float(told), means="ReLUs that are off hide pictures; rounding and filters add ranks.",
            )  # fmt: skip
        severity: Severity = "high" if rank == 1 else "warning" if rank <= self.few else "info"
        word = "picture" if rank == 1 else "pictures"
        yield self.finding(
            severity, f"{rank} {word} stand{'s' * (rank == 1)} behind the update, by the rank of its linear layers.",
            float(rank), float(self.few),
            means="Fewer pictures than a layer has channels lie bare in its row space." if rank <= self.few else
            "Many pictures blur each other in every layer.",
            change="Larger batches, or more steps per round." if rank <= self.few else "",
        )  # fmt: skip
