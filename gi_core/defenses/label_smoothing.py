"""Label smoothing."""

from __future__ import annotations

from dataclasses import dataclass

from gi_core.components import option
from gi_core.defenses.base import Defense, defenses
from gi_core.models.base import Victim


@defenses.register("label-smoothing")
@dataclass(frozen=True, kw_only=True)
class LabelSmoothing(Defense):
    """Train towards (1 - amount) one-hot + amount / K instead of the one-hot label.

    Szegedy et al., CVPR 2016.
    """

    does = "Spreads a part of the label over all classes, which shifts the head's gradient by a constant."
    costs = "Little; it hides little too: the features stand in the gradient at the same ratio."

    amount: float = option(0.1, "share of the label spread evenly over all classes", low=0.0, high=1.0)

    def on_model(self, victim: Victim) -> None:
        victim.label_smoothing = self.amount
