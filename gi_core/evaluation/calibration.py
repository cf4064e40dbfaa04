"""The verdict's thresholds, chosen on one half of ``study calibration`` and tested on the other.

A word is right for a picture when viewers who have not seen it name what the reconstruction shows *because of the
update*: of a group of pictures, with p the share named rightly on the reconstruction and q on the control,

    because = (p - q) / (1 - q)

is the share that the update added among those that guesswork would have left unnamed. Pictures that the viewers cannot
name even in the original say nothing and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from gi_core.evaluation.verdict import IDENTIFIED, Likeness

NAMED = 0.8
"""*Recognisable* or better has to be right for at least this share."""
MISSED = 0.05
"""*Nothing* may be wrong for at most this share."""
SAME_PSNR, SAME_LPIPS, SAME = 25.0, 0.05, 0.95
"""At a glance two pictures are the same from this PSNR in dB on and up to this LPIPS; *Faithful* has to keep both for
this share."""
GRID = tuple(round(0.05 * k, 2) for k in range(2, 20))


@dataclass(frozen=True)
class Viewed:
    """A reconstruction with what viewers made of it: named rightly, the control's picture too, its PSNR and LPIPS.

    ``number``: of the test picture, classes in turn.
    """

    number: int
    likeness: Likeness
    named: bool
    control_named: bool
    psnr: float
    lpips: float

    @property
    def same(self) -> bool:
        return self.psnr >= SAME_PSNR and self.lpips <= SAME_LPIPS


def viewed(rows: Sequence[dict[str, str]]) -> list[Viewed]:
    """Rows of the study (values as text) whose original the viewers can name."""
    kinds = {"rank": int, "control_rank": int, "candidates": int}

    def numbers(row: dict[str, str]) -> dict[str, Any]:
        return {f.name: kinds.get(f.name, float)(row[f.name]) for f in fields(Likeness)}

    return [
        Viewed(
            int(row["place"]) * int(row["batch_size"]) + int(row["picture"]),
            Likeness(**numbers(row)),
            row["named"] == "1", row["control_named"] == "1", float(row["psnr"]), float(row["lpips"]),
        )
        for row in rows
        if row["truth_named"] == "1"
    ]  # fmt: skip


def halves(found: Sequence[Viewed]) -> tuple[list[Viewed], list[Viewed]]:
    """Those that choose and those that test, by tens of pictures: ten classes in each ten, and no picture in both."""
    return [v for v in found if v.number // 10 % 2 == 0], [v for v in found if v.number // 10 % 2]


def because(found: Sequence[Viewed]) -> float:
    """Share named because of the update, as above."""
    p, q = (sum(getattr(v, name) for v in found) / len(found) for name in ("named", "control_named"))
    return (p - q) / (1 - q)


def above(found: Sequence[Viewed], structure: float) -> list[Viewed]:
    """Those that the line-up identifies and whose structure is at least that."""
    return [
        v for v in found
        if v.likeness.rank <= max(1.0, IDENTIFIED * v.likeness.candidates) and v.likeness.structure >= structure
    ]  # fmt: skip


def chosen(found: Sequence[Viewed]) -> tuple[float, float]:
    """Thresholds on the structure for *Recognisable* and *Faithful*: the least ones of GRID from which on both hold."""
    return _least(found, lambda v: because(v) >= NAMED), _least(
        found, lambda v: sum(x.same for x in v) >= SAME * len(v)
    )


def _least(found: Sequence[Viewed], holds: Callable[[list[Viewed]], bool]) -> float:
    return next(t for t in GRID if all(holds(group) for s in GRID if s >= t and (group := above(found, s))))


BINS = tuple(round(0.1 * k, 1) for k in range(10))
FEW = 5
"""Pictures of a bin below which it says nothing."""


def curve(found: Sequence[Viewed]) -> list[tuple[float, float, float, int]]:
    """By structure in tenths: (middle of the bin, share named, share named on the control, pictures)."""
    told = []
    for t in BINS:
        group = [
            v for v in found if t <= v.likeness.structure < t + 0.1 or (t == BINS[-1] and v.likeness.structure >= 1)
        ]
        if len(group) >= FEW:
            shares = (sum(getattr(v, name) for v in group) / len(group) for name in ("named", "control_named"))
            told.append((round(t + 0.05, 2), *shares, len(group)))
    return told


@dataclass(frozen=True)
class LeftOut:
    """What the words are worth on an attack that chose no threshold.

    Attributes:
        attack: its name; thresholds: what the pictures that choose say without it.
        named, count: share named because of the update among its held-out reconstructions that are *Recognisable* or
            better, and how many those are; missed, nothing: likewise of *Nothing*. None where there are none.
    """

    attack: str
    thresholds: tuple[float, float]
    named: float | None
    count: int
    missed: float | None
    nothing: int


def left_out(rows: Sequence[dict[str, str]]) -> list[LeftOut]:
    """Each attack of the study (values as text) against thresholds that the others choose on other pictures."""

    def name(row: dict[str, str]) -> str:
        return row["attack"].partition(":")[0]

    found = []
    for attack in sorted({name(row) for row in rows}):
        fit, _ = halves(viewed([row for row in rows if name(row) != attack]))
        _, own = halves(viewed([row for row in rows if name(row) == attack]))
        thresholds = chosen(fit)
        read = above(own, thresholds[0])
        nothing = [v for v in own if v.likeness.level() == 0]
        found.append(
            LeftOut(
                attack, thresholds, because(read) if read else None, len(read),
                because(nothing) if nothing else None, len(nothing),
            )
        )  # fmt: skip
    return found
