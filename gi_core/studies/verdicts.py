"""The record behind two claims: without a defense ``ig`` reads LeNet's picture out; under strong noise nobody does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gi_core.components import option
from gi_core.scenario import Scenario
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.judged import COLUMNS, judged, sample_names

PRIVATE = "dp-gaussian:epsilon=1,per=update"
LEARNED = ("venom", "venom-diff", "fgla", "lti", "git", "mjolnir")
ATTACKS = (*LEARNED, "grnn:steps=100", "fm:steps=60", "dlg", "idlg", "ig:steps=300")
"""Against ``lenet``. ``mjolnir``: its diffusion model, then 100 steps of dlg; grnn and fm are cut short."""
READS_FIRST_LAYER = "analytic"
MLP = "mlp:width=64,depth=1"


@studies.register("verdicts")
@dataclass(frozen=True, kw_only=True)
class Verdicts(Study):
    """Attacks without a defense and under ``dp-gaussian:epsilon=1,per=update``, each beside its control.

    Every attack that applies, under noise, ``draws`` times: another seed (noise, label, attack) and the next sample
    picture each time. Then ``ig`` with its published budget on ``lenet`` without a defense, one row per sample picture.
    Whether a gain differs from zero is asked once per attack, so the claim "none does" is held to intervals of
    1 - 5 %/number of attacks (Bonferroni), fixed before the runs. The record holds 16 draws of each attack, and 60 more
    of ``venom`` and ``venom-diff``: for those two the first 16 put the interval just below zero.
    """

    question: ClassVar[str] = "Which attacks read a picture out without a defense, and which under strong noise?"
    keys: ClassVar[tuple[str, ...]] = ("attack", "model", "defense", "draw")
    columns: ClassVar[tuple[str, ...]] = COLUMNS

    draws: int = option(16, "draws of the noise per attack", low=1, high=100_000)
    attack: str = option("all", "one attack under noise, or all")
    bare: int = option(4, "sample pictures that ig attacks without a defense", low=0, high=12)

    def cells(self) -> Iterator[Cell]:
        for attack in (READS_FIRST_LAYER, *ATTACKS) if self.attack == "all" else (self.attack,):
            model = MLP if attack == READS_FIRST_LAYER else "lenet"
            for draw in range(self.draws):
                yield {"attack": attack, "model": model, "defense": PRIVATE, "draw": draw}
        for draw in range(self.bare):
            yield {"attack": "ig", "model": "lenet", "defense": "none", "draw": draw}

    def measure(self, cell: Cell) -> Row:
        return judged(scenario_of(cell), sample_names(1, cell["draw"])).row


def scenario_of(cell: Cell) -> Scenario:
    """The scenario of a cell, or of a row of the table."""
    return Scenario(model=cell["model"], defense=cell["defense"], attack=cell["attack"], seed=int(cell["draw"]))
