"""Had the attack ended when it was stopped? "Nothing" of an attack whose loss still falls is too short to tell.

Of a single run its losses tell (``settled``); of a cell of a table, several pictures and seeds, twice the budget does
(``cell_settled``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Literal

from gi_core.evaluation.verdict import Likeness

FALLING = 0.1
"""An attack whose lowest loss fell by more than this share in the last quarter of its iterations had not ended."""
LEAST = 6
"""Losses below this number tell nothing."""


def still_falling(losses: Sequence[tuple[int, float]]) -> bool | None:
    """Whether the lowest loss so far still fell when the run ended; None where too few losses were kept.

    With L(t) the lowest loss up to iteration t of T: 1 - L(T) / L(3T/4) > FALLING. Relative, since attacks on a clean
    update pass through decades of loss on their way; under noise the loss ends at the noise's floor.

    Args:
        losses: (iteration, loss) of one restart, in order.
    """
    if len(losses) < LEAST:
        return None
    start, end = losses[0][0], losses[-1][0]
    then = min(loss for i, loss in losses if i <= start + 0.75 * (end - start))
    last = min(loss for _, loss in losses)
    return then > 0 and 1 - last / then > FALLING


def settled(history: Sequence[dict[str, float]]) -> bool | None:
    """Of a Trace's history: whether the restart of lowest loss had ended by a plateau. None: not known."""
    restarts: dict[float, list[tuple[int, float]]] = {}
    for row in history:
        restarts.setdefault(row.get("restart", 0), []).append((int(row["iteration"]), float(row["loss"])))
    if not restarts:
        return None
    falling = still_falling(min(restarts.values(), key=lambda losses: min(loss for _, loss in losses)))
    return None if falling is None else not falling


MOVING = 0.05
"""A change of the structure by more than this is news."""
UPDATES, SEEDS = 3, 2
"""So many updates under so many seeds make a cell's word."""
LEAKS = 2
"""The level from which on more budget can't take a cell's word back: *Recognisable*."""


@dataclass(frozen=True)
class Doubled:
    """A run of a cell, beside the same run at half its budget.

    Attributes:
        update, seed: which run; whole: what was found, with its lowest ``loss``.
        half, half_loss: what half of the budget had found; None of an attack in a single pass, or where nobody looked.
        single_pass: whether there is no budget.
    """

    update: int
    seed: int
    whole: Likeness
    loss: float = 0.0
    half: Likeness | None = None
    half_loss: float = 0.0
    single_pass: bool = False

    @property
    def fell(self) -> float:
        """Share of the loss that the second half of the budget took away."""
        return 1 - self.loss / self.half_loss if self.half_loss > 0 else 0.0

    @property
    def moved(self) -> float:
        """By how much the structure changed in it."""
        return 0.0 if self.half is None else self.whole.structure - self.half.structure

    def told_nothing_new(self, pictures: int = 1) -> bool:
        """Whether neither level nor structure nor loss changed; ``pictures`` share the significance level."""
        if self.single_pass:
            return True
        same = self.half is not None and self.half.level(pictures) == self.whole.level(pictures)
        return same and abs(self.moved) <= MOVING and self.fell <= FALLING


def cell_settled(runs: Sequence[Doubled]) -> Literal["leaks", "plateau", "short"]:
    """Whether a cell's word stands: what was measured on a setting, over pictures and seeds.

    - leaks: *Recognisable* or better on UPDATES updates and under SEEDS seeds. More budget does not undo that.
    - plateau: UPDATES updates under SEEDS seeds had twice the budget, and it told nothing new: no level changed, the
      structure by no more than MOVING in the mean, and the loss of the median run fell by no more than FALLING.
    - short: neither. Its word is withdrawn: too short to tell.
    """

    def enough(some: Sequence[Doubled]) -> bool:
        return len({r.update for r in some}) >= UPDATES and len({r.seed for r in some}) >= SEEDS

    count = len(runs)
    if enough([r for r in runs if r.whole.level(count) >= LEAKS]):
        return "leaks"
    known = [r for r in runs if r.half is not None or r.single_pass]
    if len(known) < count or not enough(known) or count < UPDATES * SEEDS:
        return "short"
    same = all(r.single_pass or r.half.level(count) == r.whole.level(count) for r in known)  # type: ignore[union-attr]
    still = abs(fmean(r.moved for r in known)) <= MOVING and median(r.fell for r in known) <= FALLING
    return "plateau" if same and still else "short"
