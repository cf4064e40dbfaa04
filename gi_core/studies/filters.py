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
ATTACKS = {"lenet": "ig:steps=300", "resnet18:width=16": "ig:steps=150"}
"""Cut short: enough on ``lenet`` to see a picture where nothing hides it; on ResNet-18 a lower limit of what leaks."""


@studies.register("filters")
@dataclass(frozen=True, kw_only=True)
class FrameworkFilters(Study):
    """Every filter at its published defaults (ours where the framework has none), one step of SGD at ``lr``.

    Batch 1: one row per picture; batch 8: pictures in groups of eight that overlap. ``ig`` with the labels known,
    beside the same attack on noise.
    """

    question: ClassVar[str] = "What do the filters of Flower, NVIDIA FLARE and Opacus protect at their defaults?"
    keys: ClassVar[tuple[str, ...]] = ("model", "batch_size", "defense", "draw")
    columns: ClassVar[tuple[str, ...]] = COLUMNS

    count: int = option(10, "pictures", low=1, high=12)
    lr: float = option(0.1, "the client's learning rate, which gives the difference its size", low=1e-6, high=10)

    def cells(self) -> Iterator[Cell]:
        for model in ATTACKS:
            for batch in (1, 8):
                draws = range(self.count) if batch == 1 else range(0, self.count, 4)
                for draw in draws:
                    for name in FILTERS:
                        yield {"model": model, "batch_size": batch, "defense": name, "draw": draw}

    def measure(self, cell: Cell) -> Row:
        scenario = Scenario(
            model=cell["model"], batch_size=cell["batch_size"], defense=cell["defense"],
            attack=ATTACKS[cell["model"]], local_lr=self.lr, seed=cell["draw"],
        )  # fmt: skip
        return judged(scenario, sample_names(cell["batch_size"], cell["draw"])).row
