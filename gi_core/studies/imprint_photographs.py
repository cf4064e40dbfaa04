"""Sixty-four photographs through a slipped-in layer, many draws: is the number read the number expected?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.data.arrays import load
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.imprint import row_of

SIDE = 224
ONE: dict[str, Any] = {"model": "lenet", "clients": 1, "batch_size": 64, "server": "imprint"}
SETTINGS: tuple[tuple[dict[str, Any], int], ...] = (
    (ONE, 20),
    (ONE | {"model": "resnet18"}, 5),
    (ONE | {"server": "imprint:questions=3"}, 20),
    (ONE | {"model": "vit-tiny"}, 3),
    (ONE | {"model": "resnet18", "server": "imprint:questions=3"}, 3),
    (ONE | {"clients": 10, "batch_size": 6}, 3),
    (ONE | {"model": "resnet18", "batch_size": 8, "server": "imprint:bins=64"}, 3),
)
"""Settings, and the most draws of each: which photographs share a row does not depend on the network behind it."""


@studies.register("imprint-photographs")
@dataclass(frozen=True, kw_only=True)
class ImprintPhotographs(Study):
    """Draws without replacement from a whole set of photographs, so that their spread is that of the draw.

    Columns as in the study ``imprint``; ``decoding`` is processor time.
    """

    question: ClassVar[str] = "How far does the number of photographs read differ from draw to draw, and from theory?"
    keys: ClassVar[tuple[str, ...]] = ("model", "clients", "batch_size", "server", "draw")
    columns: ClassVar[tuple[str, ...]] = (
        "count", "recovered", "own", "expected", "found", "trusted", "false", "control", "psnr", "decoding",
    )  # fmt: skip

    source: str = option("imagenet-sample", "photographs: a data set in GI_DATA")
    draws: int = option(20, "draws of each setting at most", low=1, high=20)

    def cells(self) -> Iterator[Cell]:
        for settings, most in SETTINGS:
            for draw in range(min(most, self.draws)):
                yield settings | {"draw": draw}

    def measure(self, cell: Cell) -> Row:
        scenario = Scenario(
            attack="imprint", image_size=SIDE, seed=cell["draw"], **{k: cell[k] for k in self.keys if k != "draw"}
        )
        run = prepare(scenario, drawn(self.source, scenario.batch_size, cell["draw"]))
        started = time.process_time()
        (frame,) = run.attack.run(run.observation, 0)
        seconds = time.process_time() - started
        row = row_of(run, frame)
        return {key: row[key] for key in self.columns} | {"decoding": seconds}


def drawn(source: str, count: int, draw: int) -> Tensor:
    """(count,3,H,W) in [0,1]: pictures of the whole data set, none twice."""
    pictures = _whole(source)
    generator = torch.Generator().manual_seed(stream_seed(draw, "photographs"))
    return pictures[torch.randperm(len(pictures), generator=generator)[:count]].float() / 255


@lru_cache(maxsize=1)
def _whole(source: str) -> Tensor:
    return torch.cat([split.images for split in load(source)])
