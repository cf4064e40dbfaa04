"""What the named filters really did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import Evidence

GAMMA = 0.01
SPIKE = 1e-5


@checks.register("filters")
@dataclass(frozen=True, kw_only=True)
class Filters(Check):
    """Zeros, cut-offs and spikes, against what the recipe's filters would leave."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        if seen.empty:
            return
        entries = torch.cat([t.flatten() for t in seen.record.change.values()]).abs()
        named = {one.name.lower().replace("_", ""): one for one in seen.record.recipe.filters or ()}
        if seen.replaced is not None:
            yield self.finding(
                "warning", f"A filter met whole weights instead of a difference: they are cut to plus or minus"
                f" {seen.replaced:g}.", seen.replaced,
                means="The model is destroyed and the update with it; that protects nobody who trains.",
                change="Send differences (DIFF) where such a filter stands.",
            )  # fmt: skip
        elif (percentile := named.get("percentileprivacy")) is not None:
            gamma = percentile.options.get("gamma", GAMMA)
            yield self.percentile(entries, float(gamma) if isinstance(gamma, (int, float)) else GAMMA)
        elif "svtprivacy" in named:
            share = float((entries > 0).double().mean())
            yield self.finding(
                "info", f"SVTPrivacy: {share:.1%} of the entries were sent.", share,
                means="Which ones is nearly a coin flip, and their noise is many times the clip.",
            )  # fmt: skip
        elif (share := float((entries == 0).double().mean())) > 0.5 and not named:
            yield self.finding(
                "info", f"{share:.0%} of the entries are zero.", share, 0.5,
                means="ReLUs that are off, or a filter that sends part of the update.",
            )  # fmt: skip

    def percentile(self, entries: Tensor, gamma: float) -> SheetLine:
        largest = float(entries.max())
        spike = float((entries >= gamma * (1 - SPIKE)).double().mean()) if largest <= gamma * (1 + 1e-3) else 0.0
        if spike * len(entries) < 2:
            return self.finding(
                "warning", f"PercentilePrivacy did nothing visible: the largest entry, {largest:.3g}, is below its cut"
                f" of {gamma:g}.", spike, 0.0, means="The gradient left as it was.",
                change="Choose gamma by the size of your updates, or add noise to a clipped update.",
            )  # fmt: skip
        return self.finding(
            "note", f"PercentilePrivacy cut {spike:.2%} of the entries to {gamma:g}.", spike, 0.0,
            means="The rest, and so the direction nearly, left as it was.",
            change="Cutting entries is no noise: add noise to a clipped update.",
        )  # fmt: skip
