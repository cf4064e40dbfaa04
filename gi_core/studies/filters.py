"""What do the filters that federated frameworks ship protect, at the defaults that people run?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gi_core.components import option
from gi_core.scenario import Scenario
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.judged import COLUMNS, judged, sample_names

FILTERS = (
    "none", "nvflare-percentile", "nvflare-svt", "nvflare-exclude", "flower-fixed-clipping",
    "flower-adaptive-clipping", "flower-local-dp", "opacus-dp-sgd",
)  # fmt: skip
ATTACKS = {
    ("lenet", 1): ("venom", "rgap", "ig:steps=300"), ("resnet18", 1): ("venom",),
    ("lenet", 8): ("ig:steps=300",), ("resnet18:width=16", 8): ("ig:steps=100",),
}  # fmt: skip
"""By victim and batch: what is trained for it, what solves it, and a descent cut short, which is a lower limit."""


@studies.register("filters")
@dataclass(frozen=True, kw_only=True)
class FrameworkFilters(Study):
    """Every filter at its published defaults (ours where the framework has none), one step of SGD at ``lr``.

    Batch 1: one row per picture; batch 8: pictures in groups of eight that overlap. Labels known, each attack beside
    the same attack on noise. ResNet-18 is full width for one picture, where an inverter is trained for it, else 16.
    """

    question: ClassVar[str] = "What do the filters of Flower, NVIDIA FLARE and Opacus protect at their defaults?"
    keys: ClassVar[tuple[str, ...]] = ("model", "batch_size", "attack", "defense", "draw")
    columns: ClassVar[tuple[str, ...]] = COLUMNS

    count: int = option(10, "pictures", low=1, high=12)
    lr: float = option(0.1, "the client's learning rate, which gives the difference its size", low=1e-6, high=10)
    only: str = option("", "one attack's name: its cells alone")

    def cells(self) -> Iterator[Cell]:
        for (model, batch), chosen in ATTACKS.items():
            for attack in chosen:
                for draw in range(0, self.count, 1 if batch == 1 else 4):
                    for name in FILTERS:
                        if attack.startswith(self.only):
                            yield {
                                "model": model, "batch_size": batch, "attack": attack, "defense": name, "draw": draw,
                            }  # fmt: skip

    def measure(self, cell: Cell) -> Row:
        scenario = Scenario(
            model=cell["model"], batch_size=cell["batch_size"], defense=cell["defense"], attack=cell["attack"],
            local_lr=self.lr, seed=cell["draw"],
        )  # fmt: skip
        return judged(scenario, sample_names(cell["batch_size"], cell["draw"])).row
