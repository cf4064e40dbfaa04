"""Is my set-up at risk? The nearest measured runs, what they found, and what they do not say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from gi_core.bounds import Bound, Setting, binding
from gi_core.errors import BadInput
from gi_core.evaluation.verdict import STRUCTURE
from gi_core.models import build
from gi_core.risk.estimate import Estimate, estimate
from gi_core.risk.evidence import Measurement, merit, rows, runs, strongest, tables
from gi_core.risk.privacy import Composed, composed
from gi_core.risk.set_up import NORMALISED, Place, SetUp, defense_of, place
from gi_core.scenario import Scenario

LIMIT = 2.0
"""Runs farther than this from a set-up say nothing about it."""
SLACK = 0.5
"""Beside the nearest set-up, those at most this much farther count: they span the range."""
CLOSE = 1.0
"""A change is recommended on runs at most this far from the changed set-up."""
N = TypeVar("N", int, float)


@dataclass(frozen=True)
class Near:
    """A measurement and its distance from the set-up."""

    evidence: Measurement
    distance: float


@dataclass(frozen=True)
class Change:
    """Something to do differently, with what was measured there.

    ``cost``: what it costs, in a sentence. ``levels``: range of verdicts there.
    """

    says: str
    levels: tuple[int, int]
    runs: int
    cost: str


@dataclass(frozen=True)
class Answer:
    """What is known of a set-up.

    Attributes:
        setup; found: ranges over the near runs; None where no judged run is near.
        runs: judged runs, nearest first: the evidence. tables: rows of studies over many pictures that are near.
        nearest: distance to the nearest measurement of all; infinite where nothing is comparable.
        strongest: what :func:`gi_core.risk.evidence.strongest` knows of this very set-up; None where it was not run.
        reason: the answer as a code (measured, unjudged, far, incomparable) and numbers.
        change: what to do differently; outside: codes of what the answer does not cover.
        bounds: theorems that hold for the set-up, those that rule something out.
        estimate: where nothing was judged near, a range from the set-ups around it; privacy: over all rounds.
    """

    setup: SetUp
    found: Summary | None
    runs: tuple[Near, ...]
    tables: tuple[Near, ...]
    nearest: float
    strongest: Measurement | None
    reason: dict[str, Any]
    change: tuple[Change, ...]
    outside: tuple[Outside, ...]
    bounds: tuple[Bound, ...]
    estimate: Estimate | None = None
    privacy: Composed | None = None

    @property
    def measured(self) -> bool:
        return bool(self.runs or self.tables)


def answer(setup: SetUp) -> Answer:
    """Look the set-up up among all that was measured. It computes bounds, and runs no attack."""
    judged, rest = near(setup, runs()), near(setup, tables())
    found = summary(judged)
    closest = min((n.distance for n in (*all_near(setup, runs()), *all_near(setup, tables()))), default=math.inf)
    return Answer(
        setup, found, judged, rest, closest, strongest(setup.scenario), reason(found, judged, rest, closest),
        tuple(changes(setup, found)), tuple(outside(setup)), tuple(bounds_of(setup)),
        None if found else estimate(setup.scenario), composed(setup),
    )  # fmt: skip


def reason(found: Summary | None, judged: Sequence[Near], rest: Sequence[Near], closest: float) -> dict[str, Any]:
    """What the answer rests on, as a code and numbers.

    measured: levels, runs, distance (to the nearest run), alike (all at that distance), alone, likeness (mean gain
    where the level is 0 and it is worth telling), longer (SSIM gain that a study without line-up found above that).
    unjudged: gain (low, high). far: distance, limit. incomparable.
    """
    gains = [n.evidence.gain for n in rest if n.evidence.gain is not None]
    if found is None:
        if gains:
            return {"code": "unjudged", "gain": span(gains)}
        if math.isfinite(closest) and closest > LIMIT:
            return {"code": "far", "distance": closest, "limit": LIMIT}
        return {"code": "incomparable"}
    distance, top = judged[0].distance, max(gains, default=-math.inf)
    return {
        "code": "measured", "levels": found.levels, "runs": len(judged), "distance": distance,
        "alike": judged[-1].distance - distance < 0.05, "alone": found.alone,
        "likeness": found.mean_gain if found.levels[1] == 0 and found.mean_gain >= STRUCTURE[0] else None,
        "longer": top if top > found.gain[1] + 0.1 else None,
    }  # fmt: skip


def all_near(setup: SetUp, found: Sequence[Measurement]) -> list[Near]:
    """Everything comparable, nearest first, among equals what leaked most."""
    own = place(setup.scenario)
    if own is None:
        return []
    measured = [Near(e, own.distance(there)) for e in found if (there := place(e.scenario)) is not None]
    comparable = (n for n in measured if math.isfinite(n.distance))
    return sorted(comparable, key=lambda n: (n.distance, -(n.evidence.level() or 0), -(n.evidence.gain or 0.0)))


def near(setup: SetUp, found: Sequence[Measurement]) -> tuple[Near, ...]:
    """The nearest measurements and those within SLACK of them, up to LIMIT."""
    comparable = all_near(setup, found)
    reach = min(LIMIT, comparable[0].distance + SLACK) if comparable else 0.0
    return tuple(n for n in comparable if n.distance <= reach + 1e-9)


def best_of(found: Sequence[Near], pictures: int = 0) -> list[Measurement]:
    """Of each set-up and choice of pictures, the attack that found most: an oracle's choice, made with the truth.

    ``pictures``: as for :meth:`Measurement.level`.
    """
    best: dict[tuple[Place | None, tuple[str, ...]], Measurement] = {}
    for one in found:
        e = one.evidence
        key = (place(e.scenario), e.pictures)
        if key not in best or merit(e, pictures) > merit(best[key], pictures):
            best[key] = e
    return list(best.values())


@dataclass(frozen=True)
class Summary:
    """Ranges over the strongest attack on each picture of the near set-ups.

    Attributes:
        levels: verdicts, where all near runs together share the 5 % of chance that a verdict of *Colours and layout*
            allows one of them: among many runs some land high in the line-up by luck.
        alone: runs that would reach more than *Nothing* alone, and do not among so many.
        gain, mean_gain: SSIM over control; rank: among ``candidates``.
    """

    levels: tuple[int, int]
    alone: int
    gain: tuple[float, float]
    mean_gain: float
    rank: tuple[int, int]
    candidates: int


def summary(found: Sequence[Near]) -> Summary | None:
    """None without judged runs."""
    pictures = sum(n.evidence.count for n in found)
    best = best_of(found, pictures)
    if not best:
        return None
    inputs = [e.judged for e in best if e.judged is not None]
    gains = [e.gain or 0.0 for e in best]
    return Summary(
        span([i.level(pictures) for i in inputs]),
        sum(bool(n.evidence.level()) and not n.evidence.level(pictures) for n in found),
        span(gains),
        sum(gains) / len(gains),
        span([i.rank for i in inputs]),
        inputs[0].candidates,
    )


def span(values: Sequence[N]) -> tuple[N, N]:
    return min(values), max(values)


# ---- what to change -------------------------------------------------------------------------------------------------


def candidates_of(setup: SetUp) -> Iterator[tuple[str, SetUp, str]]:
    """Single changes worth looking up: what to do, the changed set-up, and what it costs."""
    if setup.batch_size < 12:
        yield (
            "Send one update for more pictures: 12 instead of fewer",
            replace(setup, batch_size=12),
            ("More memory on the device; a fully connected first layer still gives single pictures away."),
        )
    for clients in (8, 64):
        if setup.clients < clients:
            changed = replace(setup, participants=max(clients, setup.participants), secure_aggregation=True)
            yield (
                f"Sum {changed.participants} clients by secure aggregation",
                changed,
                ("A protocol round more, and all clients of a round must finish."),
            )
    if setup.batchnorm != "train" and setup.name in NORMALISED:
        yield (
            "Train with the batch's own BatchNorm statistics and keep them",
            replace(setup, batchnorm="train"),
            ("The server needs another source of statistics for evaluation."),
        )
    if setup.steps == 1:
        for z in ("0.1", "1"):
            text = f"clip+gaussian:sigma={z}"
            yield f"Clip each example and add noise of {z} times the clip", replace(setup, defense=text), cost_of(text)


def cost_of(defense: str) -> str:
    """Accuracy under a defense, as the trade-off study measured it."""
    wanted = defense_of(Scenario(defense=defense))
    bare = next(float(r["accuracy"]) for r in rows("tradeoff") if r["defense"] == "none")
    for row in rows("tradeoff"):
        if defense_of(Scenario(defense=row["defense"])) == wanted:
            return (
                f"Accuracy on MNIST after {row['rounds']} rounds: {100 * float(row['accuracy']):.0f} % instead of"
                f" {100 * bare:.0f} % (study tradeoff)."
            )
    return "Its cost in accuracy was not measured."


def changes(setup: SetUp, now: Summary | None) -> Iterator[Change]:
    """Changes after which the near runs found less, the measured ones only, the safest first."""
    if now is None or now.levels[1] == 0:
        return
    found = []
    for says, changed, cost in candidates_of(setup):
        try:
            judged = near(changed, runs())
        except BadInput:
            continue
        after = summary(judged) if judged and judged[0].distance <= CLOSE else None
        if after is not None and after.levels[1] < now.levels[1]:
            found.append(Change(says, after.levels, len(judged), cost))
    yield from sorted(found, key=lambda c: c.levels[1])


def bounds_of(setup: SetUp) -> list[Bound]:
    """Bounds that need no picture. [] for victims that cannot be built at this size."""
    scenario = setup.scenario
    try:
        victim = build(
            scenario.model, image_shape=scenario.image_shape, num_classes=scenario.num_classes, source="init",
            mode=scenario.mode,
        )  # fmt: skip
    except BadInput:
        return []
    return binding(Setting.of(scenario, victim))


Outside = Literal["protocol", "fresh", "rounds", "sum", "no-aggregation", "budgets", "pictures", "first-step"]


def outside(setup: SetUp) -> Iterator[Outside]:
    """Codes of what was not measured."""
    yield from ("protocol", "fresh", "rounds")
    if setup.first_step_only:
        yield "first-step"
    if setup.steps == 1 and setup.secure_aggregation:
        yield "sum"
    if setup.participants > 1 and not setup.secure_aggregation:
        yield "no-aggregation"
    yield from ("budgets", "pictures")
