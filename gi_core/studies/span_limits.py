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

CASES = (
    ("resnet18", 1, "none", "eval"),
    ("convnet", 1, "none", "eval"),
    ("resnet18", 2, "none", "eval"),
    ("resnet18", 1, "clip:norm=1", "eval"),
    ("resnet18", 1, "gaussian:sigma=1e-6", "eval"),
    ("resnet18", 1, "gaussian:sigma=1e-5", "eval"),
    ("resnet18", 1, "gaussian:sigma=1e-4", "eval"),
    ("resnet18", 1, "topk:keep=0.9", "eval"),
    ("resnet18", 1, "none", "train"),
    ("resnet18-preact", 1, "none", "eval"),
    ("resnet18", 4, "none", "eval"),
    ("vit-tiny", 1, "none", "eval"),
    ("lenet", 1, "none", "eval"),
)
"""Model, pictures per update, defense, mode."""


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
    weights: str = option("init", "weights of the victims")
    cases: int = option(len(CASES), "how many of the cases, in their order", low=1, high=len(CASES))
    first: int = option(100, "number of the first update", low=0, high=100_000)
    count: int = option(4, "updates per case", low=1, high=1000)

    def cells(self) -> Iterator[Cell]:
        for update in range(self.first, self.first + self.count):
            for case in CASES[: self.cases]:
                yield dict(zip(self.keys, (*case, update), strict=True))

    def measure(self, cell: Cell) -> Row:
        scenario = Scenario(
            model=cell["model"], batch_size=cell["batch_size"], defense=cell["defense"], mode=cell["mode"],
            weights=self.weights, attack=self.attack,
        )  # fmt: skip
        try:
            return attempt(scenario, self.source, cell["update"]).row | {"note": ""}
        except BadInput as error:
            return dict.fromkeys(self.columns) | {"note": str(error)}
