"""A fully connected first layer hands its inputs over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gi_core.attacks.analytic import first_layer_gradients, outside_box
from gi_core.audit.checks.base import Check, SheetLine, checks
from gi_core.audit.evidence import Evidence
from gi_core.errors import BadInput

INSIDE = 1e-3
"""Mean distance to [0,1] up to which a row is a picture."""


@checks.register("first-layer")
@dataclass(frozen=True, kw_only=True)
class FirstLayer(Check):
    """dW_i / db_i of the first layer: the share of rows that are pictures in [0,1] (Phong et al. 2018)."""

    def look(self, seen: Evidence) -> Iterator[SheetLine]:
        if seen.empty or seen.batch_size > 1024:
            return
        try:
            weight, bias = first_layer_gradients(seen.observation)
        except BadInput:
            return
        rows = bias.abs() > 1e-6 * bias.abs().max()
        if not rows.any():
            return
        victim, shape = seen.observation.victim, seen.observation.image_shape
        pictures = (weight[rows] / bias[rows].unsqueeze(1)).view(-1, *shape) * victim.std + victim.mean
        share = float((outside_box(pictures) <= INSIDE).double().mean())
        if share > 0 and not seen.signs and not seen.noise:
            yield self.finding(
                "high", f"The first layer is fully connected, and {share:.0%} of its rows are pictures by themselves.",
                share, 0.0, means="Division gives the pictures exactly; no search is needed.",
                change="Begin with a convolution, drop the first bias, or add noise.",
            )  # fmt: skip
        else:
            yield self.finding(
                "info", "The first layer is fully connected, and no row of its gradient is a picture.", share, 0.0,
                means="Noise, signs or mixtures stand in the way of division.",
            )  # fmt: skip
