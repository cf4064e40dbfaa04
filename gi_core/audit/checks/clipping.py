"""Clipping that is seen in the update itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import Evidence

CLOSE = 1e-3


@checks.register("clipping")
@dataclass(frozen=True, kw_only=True)
class Clipping(Check):
    """The norm of what was sent, against the clip that the recipe names or a round number."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        norm, limit = seen.sent_norm, seen.clipped_to
        if seen.empty:
            return
        if limit is not None and abs(norm / limit - 1) < CLOSE:
            yield self._at(norm, limit, "the recipe's clip")
        elif seen.clip_factor is not None and seen.clip_factor < 1:
            yield self.finding(
                "warning", f"BatchNorm's counters passed the clip: it multiplied the update by {seen.clip_factor:.4g}.",
                seen.clip_factor, 1.0, means="The factor is known, so the clip is undone.",
                change="Clip parameters alone, without counters and running statistics.",
            )  # fmt: skip
        elif limit is not None and norm < limit:
            yield self.finding("info", f"The clip at {limit:g} did not act: the norm is {norm:.4g}.", norm, limit)
        elif limit is not None:
            yield self.finding(
                "info", f"The recipe names a clip at {limit:g}; the norm of what was sent is {norm:.4g}.", norm, limit,
                means="Noise came after the clip, or the clip did not act.",
            )  # fmt: skip
        elif abs(norm / round_near(norm) - 1) < 1e-5:
            yield self._at(norm, round_near(norm), "a round number, which chance would hardly make")

    def _at(self, norm: float, limit: float, what: str) -> SheetLine:
        return self.finding(
            "note", f"The update was clipped: its norm is {norm:.4g}, {what}.", norm, limit,
            means="Its direction is untouched; attacks that match directions do not notice.",
            change="Clip alone hides nothing: add noise in proportion to the clip.",
        )  # fmt: skip


def round_near(value: float) -> float:
    """The nearest number with one digit that counts."""
    return float(f"{value:.0e}")
