"""Batches that ``span`` reads whole: each picture's decibels, and whether the attack knew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch

from gi_core.components import option
from gi_core.metrics.assignment import assign
from gi_core.metrics.image import psnr
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.pictures import private_pictures

TRUE_DB = 30.0
"""A picture that is trusted below this is a false alarm."""


@studies.register("span-batches")
@dataclass(frozen=True, kw_only=True)
class SpanBatches(Study):
    """The attack ``span`` on batches of held-out pictures, labels not given.

    ``trusted`` counts the pictures that the attack itself calls found; ``false`` those of them below 30 dB.
    """

    question: ClassVar[str] = "How many pictures of a batch come back whole, and does the attack know which?"
    keys: ClassVar[tuple[str, ...]] = ("model", "weights", "batch_size", "update")
    columns: ClassVar[tuple[str, ...]] = (
        "psnr_lowest", "psnr_median", "above_50", "above_35", "trusted", "false", "labels_right", "deepest", "psnr",
        "cpu_seconds",
    )  # fmt: skip

    source: str = option("cifar10", "where the private pictures come from: samples, or a data set in GI_DATA")
    models: str = option("resnet18", "victims, separated by /")
    weights: str = option("init", "the victims' weights")
    batches: str = option("4/8", "pictures per update, separated by /")
    attack: str = option("span", "the attack")
    image_size: int = option(32, "pixels on a side", low=8, high=224)
    first: int = option(100, "number of the first update", low=0, high=100_000)
    count: int = option(8, "updates per case", low=1, high=1000)

    def cells(self) -> Iterator[Cell]:
        for update in range(self.first, self.first + self.count):
            for size in self.batches.split("/"):
                for model in self.models.split("/"):
                    yield dict(zip(self.keys, (model, self.weights, int(size), update), strict=True))

    def measure(self, cell: Cell) -> Row:
        size = cell["batch_size"]
        scenario = Scenario(
            model=cell["model"], weights=cell["weights"], batch_size=size, attack=self.attack, knowledge="none",
            image_size=self.image_size,
        )  # fmt: skip
        truth, labels = private_pictures(self.source, size, self.image_size, first=cell["update"] * size)
        run = prepare(scenario, truth, labels % scenario.num_classes, device="cpu")
        started = time.process_time()
        *_, frame = run
        spent = time.process_time() - started
        order = assign(frame.images, truth)
        quality = psnr(frame.images[order], truth)
        trust = torch.tensor(frame.report.get("trust", [False] * size))[order]
        labels_found = frame.labels
        levels = frame.report.get("levels")
        return {
            "psnr_lowest": float(quality.min()),
            "psnr_median": float(quality.median()),
            "above_50": int((quality > 50).sum()),
            "above_35": int((quality > 35).sum()),
            "trusted": int(trust.sum()),
            "false": int((trust & (quality < TRUE_DB)).sum()),
            "labels_right": None if labels_found is None else int((labels_found[order] == run.labels).sum()),
            "deepest": levels[-1]["layer"] if isinstance(levels, list) else "",
            "psnr": " ".join(f"{q:.1f}" for q in quality.tolist()),
            "cpu_seconds": round(spent, 1),
        }
