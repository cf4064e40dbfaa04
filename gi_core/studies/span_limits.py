"""Where the row space stops to tell: victims, batches, noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.studies.attempt import COLUMNS, attempt
from gi_core.studies.base import Cell, Row, Study, studies

CASES: tuple[dict[str, str | int], ...] = (
    {"model": "resnet18", "batch_size": 1, "defense": "none", "mode": "eval"},
    {"model": "convnet", "batch_size": 1, "defense": "none", "mode": "eval"},
    {"model": "resnet18", "batch_size": 2, "defense": "none", "mode": "eval"},
    {"model": "resnet18", "batch_size": 1, "defense": "clip:norm=1", "mode": "eval"},
    {"model": "resnet18", "batch_size": 1, "defense": "gaussian:sigma=1e-6", "mode": "eval"},
    {"model": "resnet18", "batch_size": 1, "defense": "gaussian:sigma=1e-5", "mode": "eval"},
    {"model": "resnet18", "batch_size": 1, "defense": "gaussian:sigma=1e-4", "mode": "eval"},
    {"model": "resnet18", "batch_size": 1, "defense": "topk:keep=0.9", "mode": "eval"},
    {"model": "resnet18", "batch_size": 1, "defense": "none", "mode": "train"},
    {"model": "resnet18-preact", "batch_size": 1, "defense": "none", "mode": "eval"},
    {"model": "resnet18", "batch_size": 4, "defense": "none", "mode": "eval"},
    {"model": "vit-tiny", "batch_size": 1, "defense": "none", "mode": "eval"},
    {"model": "lenet", "batch_size": 1, "defense": "none", "mode": "eval"},
)


@studies.register("span-limits")
@dataclass(frozen=True, kw_only=True)
class SpanLimits(Study):
    """The attack ``span`` where it should work and where it should not, on held-out pictures, labels known.

    ``ssim_others`` is the same reconstruction's mean SSIM to other pictures: where it is as high as ``ssim``, nothing
    was read out.
    """

    question: ClassVar[str] = "Which victims, batches and defenses leave a layer's row space to the attacker?"
    keys: ClassVar[tuple[str, ...]] = ("model", "batch_size", "defense", "mode", "update")
    columns: ClassVar[tuple[str, ...]] = (*COLUMNS, "note")

    source: str = option("cifar10", "where the private pictures come from: samples, or a data set in GI_DATA")
    attack: str = option("span", "the attack")
    first: int = option(100, "number of the first update", low=0, high=100_000)
    count: int = option(4, "updates per case", low=1, high=1000)

    def cells(self) -> Iterator[Cell]:
        for update in range(self.first, self.first + self.count):
            for case in CASES:
                yield {**case, "update": update}

    def measure(self, cell: Cell) -> Row:
        scenario = Scenario(
            model=cell["model"], batch_size=cell["batch_size"], defense=cell["defense"], mode=cell["mode"],
            attack=self.attack,
        )  # fmt: skip
        try:
            return attempt(scenario, self.source, cell["update"]).row | {"note": ""}
        except BadInput as error:
            return dict.fromkeys(self.columns) | {"note": str(error)}
