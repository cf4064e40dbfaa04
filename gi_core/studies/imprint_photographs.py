"""Sixty-four photographs through a slipped-in layer, many draws: is the number read the number expected?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import torch
from torch import Tensor

from gi_core.attacks.imprint import expected
from gi_core.components import option
from gi_core.data.arrays import load
from gi_core.models import build
from gi_core.models.base import Victim
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.imprint import row_of

SIDE = 224
ALONE = "imprint:questions=1"
"""The published form: a picture comes out where it is alone in its bin."""
ONE: dict[str, Any] = {"model": "lenet", "clients": 1, "batch_size": 64, "server": ALONE}
VICTIMS = ("lenet", "resnet18", "vit-tiny")
UPDATES: tuple[tuple[dict[str, Any], int], ...] = (
    (ONE, 20),
    (ONE | {"model": "vit-tiny"}, 5),
    (ONE | {"model": "resnet18"}, 5),
    (ONE | {"model": "vit-tiny", "server": "imprint"}, 5),
    (ONE | {"model": "resnet18", "server": "imprint"}, 5),
    (ONE | {"server": "imprint"}, 20),
    (ONE | {"clients": 10, "batch_size": 6, "server": "imprint"}, 3),
    (ONE | {"clients": 10, "batch_size": 6}, 3),
    *((ONE | {"model": m, "batch_size": 8, "server": f"imprint:bins=64{q}"}, 3)
      for m in VICTIMS[1:] for q in ("", ",questions=1")),
)  # fmt: skip
"""Settings, and the most draws of each."""
BINS = tuple(ONE | {"model": model, "server": server} for server in (ALONE, "imprint") for model in VICTIMS)
"""Settings in which bins are counted, 20 draws each: which photographs share a row needs no update."""


@studies.register("imprint-photographs")
@dataclass(frozen=True, kw_only=True)
class ImprintPhotographs(Study):
    """Draws without replacement from a whole set of photographs, so that their spread is that of the draw.

    Columns as in the study ``imprint``; ``decoding`` is processor time. ``by`` update: read out of a client's update;
    by bins: no update is made, the pictures that stand alone in a bin are counted, and taken out of their others.
    """

    question: ClassVar[str] = "How far does the number of photographs read differ from draw to draw, and from theory?"
    keys: ClassVar[tuple[str, ...]] = ("model", "clients", "batch_size", "server", "by", "draw")
    columns: ClassVar[tuple[str, ...]] = (
        "count", "recovered", "own", "expected", "found", "trusted", "false", "control", "psnr", "decoding",
    )  # fmt: skip

    source: str = option("imagenet-sample", "photographs: a data set in GI_DATA")
    draws: int = option(20, "draws of each setting at most", low=1, high=20)

    def cells(self) -> Iterator[Cell]:
        for settings in BINS:
            for draw in range(self.draws):
                yield settings | {"by": "bins", "draw": draw}
        for settings, most in UPDATES:
            for draw in range(min(most, self.draws)):
                yield settings | {"by": "update", "draw": draw}

    def measure(self, cell: Cell) -> Row:
        fields = {k: cell[k] for k in self.keys if k not in ("by", "draw")}
        scenario = Scenario(attack="imprint", image_size=SIDE, seed=cell["draw"], **fields)
        photographs = drawn(self.source, scenario.batch_size, cell["draw"])
        if cell["by"] == "bins":
            return dict.fromkeys(self.columns) | counted(scenario, photographs)
        run = prepare(scenario, photographs)
        started = time.process_time()
        (frame,) = run.attack.run(run.observation, 0)
        seconds = time.process_time() - started
        row = row_of(run, frame)
        return {key: row[key] for key in self.columns} | {"decoding": seconds}


def counted(scenario: Scenario, photographs: Tensor) -> Row:
    """What the bins of the layer that the server sends would give, without an update."""
    victim = build(
        scenario.model, image_shape=scenario.image_shape, num_classes=scenario.num_classes, source=scenario.weights,
        mode=scenario.mode,
    )  # fmt: skip
    sent = scenario.server_component.send(victim, stream_seed(scenario.seed, "server"))
    assert sent.facts is not None
    rows = sent.target[0].get_submodule(str(sent.facts.layer))
    questions = int(sent.facts.options["questions"])
    bins = bins_of(rows.get_parameter("weight"), rows.get_parameter("bias"), questions, inputs_of(victim, photographs))
    share = float(peeled(bins).float().mean())
    theory = expected(sent.facts, len(photographs))
    assert theory is not None
    return {"count": len(photographs), "recovered": share, "own": share, "expected": theory / len(photographs)}


def inputs_of(victim: Victim, pictures: Tensor) -> Tensor:
    """(B,n): what the layer is asked about."""
    return ((pictures - victim.mean) / victim.std).flatten(1)


def bins_of(weight: Tensor, bias: Tensor, questions: int, inputs: Tensor) -> Tensor:
    """(B,Q): the bin of each picture in each question. weight: (K,n or more); bias: (K,), minus the thresholds."""
    asked = weight.detach().view(questions, -1, weight.shape[1])[:, 0, : inputs.shape[1]]
    thresholds = -bias.detach().view(questions, -1)
    answers = inputs @ asked.T
    return torch.stack([torch.searchsorted(t, a.contiguous()) for t, a in zip(thresholds, answers.T, strict=True)], 1)


def peeled(bins: Tensor) -> Tensor:
    """(B,) bool: alone in a bin, once all that were alone before, in any question, are taken out."""
    read = torch.zeros(len(bins), dtype=torch.bool)
    for _ in range(len(bins) if bins.shape[1] > 1 else 1):
        left = bins[~read]
        alone = [
            torch.bincount(left[:, q], minlength=int(bins.max()) + 1)[bins[:, q]] == 1 for q in range(bins.shape[1])
        ]
        fresh = ~read & torch.stack(alone).any(0)
        if not fresh.any():
            break
        read |= fresh
    return read


def drawn(source: str, count: int, draw: int) -> Tensor:
    """(count,3,H,W) in [0,1]: pictures of the whole data set, none twice."""
    pictures = _whole(source)
    generator = torch.Generator().manual_seed(stream_seed(draw, "photographs"))
    return pictures[torch.randperm(len(pictures), generator=generator)[:count]].float() / 255


@lru_cache(maxsize=1)
def _whole(source: str) -> Tensor:
    return torch.cat([split.images for split in load(source)])
