"""What a backend is: how a guess's update comes about, and how far it is from the observed one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from torch import Tensor

from gi_core.inversion.objectives import Distance
from gi_core.models.base import Victim

Simulate = Callable[[Tensor, Tensor], list[Tensor]]
"""(pictures (B,C,H,W), targets) -> the update's tensors, with a graph to both."""


@dataclass(frozen=True)
class Backend:
    """One guess at a time: its update with a graph, and a distance whose cotangent needs none.

    Attributes:
        simulate: the update of a guess, or factors that ``distance`` understands.
        distance: from what ``simulate`` gives, detached, to the observed update.
        victim: the network that ``simulate`` runs at w_0, for priors that read along in its pass; None: another one.
        around: a context for the pass and its derivatives.
    """

    simulate: Simulate
    distance: Distance
    victim: Victim | None
    around: Callable[[], AbstractContextManager[None]] = nullcontext
