"""Maps that a gradient gives in training mode: how exactly, layer by layer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from gi_core.components import option
from gi_core.inversion.extreme_rays import extreme_rays
from gi_core.inversion.map_gram import allowed_maps
from gi_core.inversion.peeling import window_of
from gi_core.inversion.row_space import watched
from gi_core.models.batchnorm import statistics_kept
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.pictures import private_pictures


@studies.register("training-maps")
@dataclass(frozen=True, kw_only=True)
class TrainingMaps(Study):
    """Inputs of convolutions behind which BatchNorm takes the batch's statistics, from their gradients alone.

    ``worst``: 1 - cos^2 between a picture's map and the ray nearest to it, the largest of the batch; empty where the
    layer does not give all maps. ``next``: the first eigenvalue that is not 1.
    """

    question: ClassVar[str] = "Does training mode hide the maps that inference mode shows?"
    keys: ClassVar[tuple[str, ...]] = ("model", "batch_size", "layer", "update")
    columns: ClassVar[tuple[str, ...]] = ("positions", "rows", "next", "worst", "cpu_seconds")

    source: str = option("cifar10", "where the private pictures come from: samples, or a data set in GI_DATA")
    model: str = option("resnet18", "the victim")
    layers: str = option("body.10.conv2/body.10.conv1/body.9.conv2", "convolutions, separated by /")
    batches: str = option("1/4", "pictures per update, separated by /")
    image_size: int = option(32, "pixels on a side", low=8, high=224)
    first: int = option(600, "number of the first update", low=0, high=100_000)
    count: int = option(8, "updates per case", low=1, high=1000)

    def cells(self) -> Iterator[Cell]:
        for update in range(self.first, self.first + self.count):
            for size in self.batches.split("/"):
                for layer in self.layers.split("/"):
                    yield dict(zip(self.keys, (self.model, int(size), layer, update), strict=True))

    def measure(self, cell: Cell) -> Row:
        size = cell["batch_size"]
        scenario = Scenario(model=cell["model"], batch_size=size, mode="train", image_size=self.image_size)
        truth, labels = private_pictures(self.source, size, self.image_size, first=cell["update"] * size)
        run = prepare(scenario, truth, labels % scenario.num_classes, device="cpu")
        conv = run.victim.get_submodule(cell["layer"])
        assert isinstance(conv, nn.Conv2d)
        with torch.no_grad(), watched(run.victim, {"it": conv}) as calls, statistics_kept(run.victim):
            run.victim(truth)
        maps = calls["it"][0][0].double()
        gradients = dict(zip((n for n, _ in run.victim.named_parameters()), run.observation.targets, strict=True))
        gradient = gradients[f"{cell['layer']}.weight"].double().flatten(1).numpy()
        started = time.process_time()
        family = allowed_maps(gradient, window_of(conv, tuple(maps.shape[1:])), size, centred=True)
        rays = None if family is None else extreme_rays(family.basis, 0)
        spent = time.process_time() - started
        own = nn.functional.normalize(maps.flatten(1)).numpy()
        return {
            "positions": maps[0, 0].numel(),
            "rows": conv.out_channels,
            "next": None if family is None else f"{1 - family.gap:.6f}",
            "worst": None if rays is None else f"{(1 - np.square(own @ rays).max(1)).max():.1e}",
            "cpu_seconds": round(spent, 1),
        }
