"""The differential privacy that was claimed, and what the accountant gives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import Evidence
from gi_core.defenses.accounting import classical_gaussian, gaussian_epsilon

LARGE = 10.0
"""Epsilon of one round from which on a guarantee guarantees little: e^10 is 22,000."""


@checks.register("privacy")
@dataclass(frozen=True, kw_only=True)
class ClaimedPrivacy(Check):
    """Epsilon of this one release, by the accounting library."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        recipe = seen.record.recipe
        for one in recipe.filters or ():
            if one.name.lower() in ("localdpmod", "localdp", "local-dp"):
                yield from self.local(one.options)
        budget = recipe.metrics.get("epsilon_total")
        if budget is not None:
            yield self.told(budget, "SVTPrivacy's own accountant", math.nan)
        if recipe.dp_sgd is not None:
            z = number(recipe.dp_sgd.get("noise_multiplier"))
            if z:
                yield self.told(gaussian_epsilon(z, 1e-5), f"DP-SGD with z = {z:g}, one step, delta 1e-5", math.nan)

    def local(self, options: dict[str, Any]) -> Iterator[SheetLine]:
        clip, reach, epsilon, delta = (
            number(options.get(key)) for key in ("clipping_norm", "sensitivity", "epsilon", "delta")
        )
        if not (clip and reach and epsilon and delta and delta < 1):
            return
        z = reach * classical_gaussian(epsilon, delta) / clip
        yield self.told(gaussian_epsilon(z, delta), f"LocalDpMod, delta {delta:g}", epsilon)

    def told(self, epsilon: float, by: str, claimed: float) -> SheetLine:
        beside = f", claimed {claimed:g}" if not math.isnan(claimed) else ""
        far = not math.isnan(claimed) and epsilon > 2 * claimed
        weak = epsilon > LARGE
        return self.finding(
            "warning" if far else "note" if weak else "info",
            f"Epsilon of this one round is {epsilon:.4g} ({by}{beside}).", epsilon,
            None if math.isnan(claimed) else claimed,
            means="The claim does not hold." if far else "A guarantee in name; what stops attacks is the noise itself."
            if weak else "Further rounds add up.",
            change="Let the sensitivity be the clip." if far else "",
        )  # fmt: skip


def number(value: Any) -> float:
    """A positive number, or 0."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else 0.0
