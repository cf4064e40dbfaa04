"""Updates that ``span`` must not believe: how many pictures does it call found that are not behind them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from gi_core.attacks import attacks
from gi_core.components import option
from gi_core.evaluation.controls import control
from gi_core.metrics.image import psnr
from gi_core.observation import Observation
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.pictures import private_pictures
from gi_core.studies.span_batches import TRUE_DB

CONTROLS = ("noise", "shuffled", "more-pictures", "other-weights", "training-mode", "rounding")
"""Noise of the update's size; its entries in random order; more pictures behind it than the attack is told; another
network's update; one of training mode told as inference mode; noise of 1e-8."""


@studies.register("span-controls")
@dataclass(frozen=True, kw_only=True)
class SpanControls(Study):
    """The attack ``span`` on updates that are not what it is told.

    ``trusted`` counts the pictures that it calls found, ``false`` those of them that are within 30 dB of none of the
    pictures behind the update.
    """

    question: ClassVar[str] = "Does the attack trust a picture that was never sent?"
    keys: ClassVar[tuple[str, ...]] = ("model", "control", "batch_size", "update")
    columns: ClassVar[tuple[str, ...]] = ("read", "trusted", "false", "psnr")

    source: str = option("cifar10", "where the private pictures come from: samples, or a data set in GI_DATA")
    model: str = option("resnet18:width=32", "the victim")
    batches: str = option("1/2", "pictures per update as told, separated by /")
    attack: str = option("span:steps=30,tries=1", "the attack")
    image_size: int = option(32, "pixels on a side", low=8, high=224)
    first: int = option(700, "number of the first update", low=0, high=100_000)
    count: int = option(2, "updates per case", low=1, high=1000)

    def cells(self) -> Iterator[Cell]:
        for update in range(self.first, self.first + self.count):
            for size in self.batches.split("/"):
                for name in CONTROLS:
                    yield dict(zip(self.keys, (self.model, name, int(size), update), strict=True))

    def measure(self, cell: Cell) -> Row:
        observation, truth = self.misled(cell)
        *_, frame = attacks.parse(self.attack).run(observation, 0)
        trust = torch.tensor(frame.report.get("trust", [False] * observation.batch_size))
        nearest = torch.stack([psnr(frame.images, t.expand_as(frame.images)) for t in truth]).amax(0)
        return {
            "read": int("trust" in frame.report),
            "trusted": int(trust.sum()),
            "false": int((trust & (nearest < TRUE_DB)).sum()),
            "psnr": " ".join(f"{q:.1f}" for q in nearest.tolist()),
        }

    def misled(self, cell: Cell) -> tuple[Observation, Tensor]:
        """What the attack sees, and the pictures (B,C,H,W) behind the update."""
        size, name = cell["batch_size"], cell["control"]
        scenario = Scenario(
            model=cell["model"], batch_size=size, attack=self.attack, knowledge="none", image_size=self.image_size
        )
        behind = size + (name == "more-pictures")
        truth, labels = private_pictures(self.source, behind, self.image_size, first=cell["update"] * behind)
        told = prepare(scenario, truth[:size], labels[:size] % scenario.num_classes, device="cpu")
        if name in ("noise", "shuffled"):
            return control(told, name).observations[0], truth
        changed = {
            "more-pictures": {"batch_size": behind},
            "other-weights": {"weights": "init:seed=7"},
            "training-mode": {"mode": "train"},
            "rounding": {"defense": "gaussian:sigma=1e-8"},
        }[name]
        real = prepare(replace(scenario, **changed), truth, labels % scenario.num_classes, device="cpu")
        return replace(told.observation, update=real.observation.update), truth
