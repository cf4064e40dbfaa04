"""Flower's clipping mods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gi_core.components import option
from gi_core.defenses.base import defenses
from gi_core.defenses.difference import Arrays, DifferenceFilter, clipped


@defenses.register("flower-fixed-clipping")
@dataclass(frozen=True, kw_only=True)
class FlowerFixedClipping(DifferenceFilter):
    """Scale the difference down to a norm: Flower's fixedclipping_mod (1.41.0), client side.

    d min(1, C / |d|) over all arrays together; there, BatchNorm's buffers and counters count in the norm, too. The
    wrapper's noise is added by the server to the aggregate, so a server that looks at single replies sees none. Flower
    has no default for C; ours is 1.
    """

    does = "Shortens the difference to at most a norm; its direction stays."
    costs = "Slower learning from large updates; alone it hides nothing from attacks that match directions."

    clipping_norm: float = option(1.0, "greatest L2 norm C of the difference", low=1e-9, high=1e9)

    def filtered(self, arrays: Arrays, random: np.random.RandomState) -> Arrays:
        return clipped(arrays, self.clipping_norm)


@defenses.register("flower-adaptive-clipping")
@dataclass(frozen=True, kw_only=True)
class FlowerAdaptiveClipping(DifferenceFilter):
    """The same with a norm that the server moves from round to round: Flower's adaptiveclipping_mod (1.41.0).

    Andrew et al. 2021. A round is clipped at the server's current C, which begins at 0.1; beside the update one bit
    leaves, whether it was clipped.
    """

    does = "Shortens the difference to the norm of the round; its direction stays."
    costs = "One bit on the norm leaves beside the update; alone it hides nothing from attacks that match directions."

    initial_clipping_norm: float = option(0.1, "greatest L2 norm of the difference in this round", low=1e-9, high=1e9)

    def filtered(self, arrays: Arrays, random: np.random.RandomState) -> Arrays:
        return clipped(arrays, self.initial_clipping_norm)
