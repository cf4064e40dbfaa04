"""Training-mode BatchNorm: how much harder, and which statistics help?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gi_core.components import option
from gi_core.scenario import Scenario
from gi_core.studies.attempt import COLUMNS, attempt
from gi_core.studies.base import Cell, Row, Study, studies

KNOWLEDGE = {"bn-exact": "labels+buffers", "huang": "labels+buffers", "bn-proxy": "labels+auxiliary", "ig": "labels"}
ARMS = (("train", "bn-exact"), ("train", "huang"), ("train", "ig"), ("train", "bn-proxy"), ("eval", "ig"))


@studies.register("train-vs-eval")
@dataclass(frozen=True, kw_only=True)
class TrainVsEval(Study):
    """Post- and pre-activation ResNet-18 in both modes of BatchNorm, with and without known statistics.

    Figure 2 of "Practical Feasibility of Gradient Inversion Attacks in Federated Learning" (mean SSIM there, in
    training mode: pre-activation 0.054 with shared statistics, 0.040 without, 0.030 for Huang's attack;
    post-activation 0.041, 0.024, 0.013). All arms share pictures, labels, seeds, steps and weights.
    """

    question: ClassVar[str] = "Does training-mode BatchNorm protect, and how much do its shared statistics give away?"
    keys: ClassVar[tuple[str, ...]] = ("model", "mode", "attack", "picture", "seed")
    columns: ClassVar[tuple[str, ...]] = COLUMNS

    source: str = option("cifar10", "where the private pictures come from: samples, or a data set in GI_DATA")
    width: int = option(64, "channels of the first stage", low=4, high=256)
    steps: int = option(1000, "iterations per run", low=1, high=100_000)
    tv: float = option(0.052, "weight of total variation", low=0, high=1e3)
    bn: float = option(1.6e-4, "weight of the statistics' mismatch", low=0, high=1e3)
    batch_size: int = option(1, "pictures per update", low=1, high=128)
    count: int = option(5, "updates", low=1, high=1000)
    seeds: int = option(3, "attack seeds", low=1, high=100)

    def cells(self) -> Iterator[Cell]:
        for arms in (ARMS[:2], ARMS[2:]):
            for model in ("resnet18-preact", "resnet18"):
                for seed in range(self.seeds):
                    for picture in range(self.count):
                        for mode, attack in arms:
                            yield {"model": model, "mode": mode, "attack": attack, "picture": picture, "seed": seed}

    def measure(self, cell: Cell) -> Row:
        weights = f"tv={self.tv}" + ("" if cell["attack"] == "ig" else f",bn={self.bn}")
        scenario = Scenario(
            model=f"{cell['model']}:width={self.width}",
            mode=cell["mode"],
            batch_size=self.batch_size,
            knowledge=KNOWLEDGE[cell["attack"]],
            attack=f"{cell['attack']}:steps={self.steps},{weights}",
            seed=cell["seed"],
        )
        return attempt(scenario, self.source, cell["picture"]).row
