"""Between what was measured: an estimate of the verdict from the nearest runs, labelled as such.

Leaking falls with more pictures, local steps and summed clients, with more noise, and with the batch's own statistics.
So of two measured set-ups, one at most as protected as the one asked for and one at least as protected, the first
bounds the verdict from above and the second from below, as far as that order holds: the nearest of each kind are taken.
What must agree for a run to count as near (``answer.py``) is a price here (UNLIKE). How often the range holds the
measured level, each measured set-up left out in turn, is told by :func:`left_out`; an estimate is no measurement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from gi_core.risk.evidence import Measurement, runs
from gi_core.risk.set_up import Place, place
from gi_core.scenario import Scenario

UNLIKE = {"family": 3.0, "batchnorm": 1.5, "defense": 3.0}
"""Distance of two set-ups that differ in it."""
REACH = 3.0
"""Farther than this, a better protected set-up that leaks says nothing about this one."""
MIXING = {"shared": 0, "eval": 0, "": 0, "train": 1}
"""Modes of BatchNorm, those that hide more have more."""
Known = dict[Place, tuple[int, int]]
"""Measured set-up -> level of the strongest attack, number of judged runs."""


@dataclass(frozen=True)
class Estimate:
    """Range of verdicts, 0 to 3.

    Attributes:
        levels: lowest and highest; runs: judged ones it rests on.
        distance: to the farther of the set-ups it rests on, prices included; infinite where there is none.
    """

    levels: tuple[int, int]
    runs: int
    distance: float


@lru_cache(maxsize=1)
def measured() -> Known:
    """Every set-up that was measured."""
    by_place: dict[Place, list[Measurement]] = {}
    for one in runs():
        if (where := place(one.scenario)) is not None:
            by_place.setdefault(where, []).append(one)
    return {
        where: (max(one.level(sum(e.count for e in found)) or 0 for one in found), len(found))
        for where, found in by_place.items()
    }


def estimate(scenario: Scenario) -> Estimate | None:
    """The estimate for a set-up; None for a victim without a family, or trained weights."""
    here = place(scenario)
    return None if here is None else between(here, measured())


def between(here: Place, known: Known) -> Estimate:
    """From the nearest set-ups that are at most, and at least, as protected."""
    above = nearest(here, [there for there in known if at_most(there, here)])
    below = [there for there in nearest(here, [q for q in known if at_most(here, q)]) if relaxed(here, there) <= REACH]
    high = max((known[there][0] for there in above), default=3)
    low = max((known[there][0] for there in below), default=0)
    used = {*above, *below}
    distance = max((relaxed(here, there) for there in used), default=math.inf)
    return Estimate((min(low, high), high), sum(known[there][1] for there in used), distance)


def nearest(here: Place, there: list[Place]) -> list[Place]:
    """The nearest, all of them where several are equally near."""
    least = min((relaxed(here, one) for one in there), default=0.0)
    return [one for one in there if relaxed(here, one) <= least + 1e-9]


def relaxed(here: Place, there: Place) -> float:
    """Distance with a price for what must agree in :meth:`Place.distance`; finite."""
    far = sum(UNLIKE[name] for name in ("family", "batchnorm") if getattr(here, name) != getattr(there, name))
    far += UNLIKE["defense"] * (kind(here) != kind(there))
    far += sum(abs(math.log2(a / b)) for a, b in zip(here.numbers, there.numbers, strict=True))
    if kind(here) == kind(there) and here.strength and there.strength:
        far += 2 * abs(math.log10(here.strength / there.strength))
    if here.width and there.width:
        far += 0.5 * abs(math.log2(here.width / there.width))
    return far + 0.5 * (here.network != there.network) + 0.5 * (here.grey != there.grey)


def at_most(one: Place, other: Place) -> bool:
    """Whether ``one`` is at most as protected as ``other``: pictures, steps, clients, statistics and defense."""
    fewer = all(a <= b for a, b in zip(one.numbers[:3], other.numbers[:3], strict=True))
    return fewer and MIXING[one.batchnorm] <= MIXING[other.batchnorm] and weaker(one, other)


def weaker(one: Place, other: Place) -> bool:
    """Whether the defense of ``one`` is none, or of the same kind and at most as strong."""
    mine, others = kind(one), kind(other)
    if mine == "none" or one.strength is None or other.strength is None:
        return mine in ("none", others)
    grows = "noise" in mine or mine in ("gaussian", "laplace", "dropout")
    stronger = one.strength <= other.strength if grows else one.strength >= other.strength
    return mine == others and stronger


def kind(one: Place) -> str:
    """Kind of defense; clipping all tensors together only rescales the update, which hides nothing."""
    return "none" if one.defense == "clip, joint" else one.defense


def left_out() -> tuple[int, int, int, float]:
    """Set-ups whose level lay in the estimate made without them; above it; set-ups; mean width in levels."""
    known = measured()
    made = [(known[p][0], between(p, {q: v for q, v in known.items() if q != p}).levels) for p in known]
    inside = sum(low <= level <= high for level, (low, high) in made)
    return (
        inside,
        sum(level > high for level, (_, high) in made),
        len(made),
        sum(h - lo for _, (lo, h) in made) / len(made),
    )
