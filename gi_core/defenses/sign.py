"""Signs only."""

from __future__ import annotations

from dataclasses import dataclass

from gi_core.defenses.base import Batch, Defense, defenses
from gi_core.observation import Tensors


@defenses.register("sign")
@dataclass(frozen=True, kw_only=True)
class Sign(Defense):
    """Send the sign of every entry, -1, 0 or 1.

    Bernstein et al., "signSGD", ICML 2018.
    """

    does = "Sends one bit per entry: its sign."
    costs = "Step sizes are lost, so training needs its own; learned attacks read pictures from signs."
    can_raise_norm = True

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        return {name: t.sign() for name, t in tensors.items()}
