"""Batch size: when does an architecture stop to leak?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gi_core.components import option
from gi_core.scenario import Scenario
from gi_core.studies.attempt import COLUMNS, attempt
from gi_core.studies.base import Cell, Row, Study, studies

MODELS = ("swin-tiny", "swinv2-tiny", "resnet18", "resnet18-preact", "convnext-tiny", "maxvit-tiny", "vit-base-16")


@studies.register("batch-size")
@dataclass(frozen=True, kw_only=True)
class BatchSize(Study):
    """One picture, two, four, eight: reconstruction per architecture, from noise, labels known.

    Figure 3 of "Practical Feasibility of Gradient Inversion Attacks in Federated Learning": Swin-T gives away a
    single picture and collapses at two. Ours: pictures of 32 pixels on adapted victims in eval mode.
    """

    question: ClassVar[str] = "From which batch size on does an architecture no longer give its pictures away?"
    keys: ClassVar[tuple[str, ...]] = ("model", "batch_size", "update", "seed")
    columns: ClassVar[tuple[str, ...]] = COLUMNS

    source: str = option("cifar10", "where the private pictures come from: samples, or a data set in GI_DATA")
    models: str = option("all", "one victim, or all")
    attack: str = option("ig:optimiser=lbfgs,steps=500,lr=1,tv=1e-4", "the attack")
    seconds: float = option(60.0, "CPU seconds per run", low=0.1, high=1e6)
    largest: int = option(8, "largest batch: 1, 2, 4, ... up to this", low=1, high=128)
    count: int = option(1, "updates", low=1, high=1000)
    seeds: int = option(1, "attack seeds", low=1, high=100)

    def cells(self) -> Iterator[Cell]:
        names = MODELS if self.models == "all" else (self.models,)
        sizes = [2**k for k in range(8) if 2**k <= self.largest]
        for seed in range(self.seeds):
            for update in range(self.count):
                for size in sizes:
                    for model in names:
                        yield {"model": model, "batch_size": size, "update": update, "seed": seed}

    def measure(self, cell: Cell) -> Row:
        scenario = Scenario(
            model=cell["model"],
            batch_size=cell["batch_size"],
            attack=self.attack,
            seed=cell["seed"],
            knowledge="labels",
        )
        return attempt(scenario, self.source, cell["update"], cpu_seconds=self.seconds).row
