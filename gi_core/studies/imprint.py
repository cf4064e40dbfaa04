"""How many pictures a slipped-in layer gives away, against theory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.evaluation.controls import control
from gi_core.inversion.frame import Frame
from gi_core.metrics.scores import RECOVERED, recovered
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.pictures import private_pictures

SMALL: dict[str, Any] = {"model": "lenet", "image_size": 32, "batch_size": 64, "server": "imprint:questions=1"}
LARGE: dict[str, Any] = SMALL | {"model": "resnet18", "image_size": 224}
SOLE = "imprint:connect=logit,gain=4"
NOISE = tuple(f"clip:norm=1,per=update+gaussian:sigma={z}" for z in ("1e-06", "1e-05", "0.0001", "0.001", "0.01"))
DP = "dp-gaussian:epsilon=10"
STEPS: dict[str, Any] = SMALL | {"local_steps": 5, "server": "imprint:bins=1024,questions=1,gain=0.3"}

DRAWS = [SMALL, SMALL | {"server": "imprint:units=cumulative"}]
NOISES = [
    SMALL | {"server": s, "defense": d}
    for s in ("imprint:questions=1", "imprint:questions=1,gain=1", SOLE)
    for d in ("none", *NOISE, DP)
][1:]  # the first of them is a draw already
SIZES = [
    SMALL | {"model": model, "batch_size": batch, "server": f"imprint:bins={bins},questions=1"}
    for model in ("lenet", "convnet", "resnet18", "vit-tiny")
    for batch, bins in ((1, 64), (8, 64), (64, 1024), (256, 1024))
]
MANY = [
    *(SMALL | {"clients": c, "batch_size": 8, "server": "imprint:bins=1024,questions=1"} for c in (2, 10, 64)),
    STEPS,
    STEPS | {"local_batch": 16},
    STEPS | {"clients": 4, "batch_size": 16},
    SMALL | {"model": "resnet18", "mode": "train"},
]
PHOTOGRAPHS = [
    LARGE | {"batch_size": 8, "server": "imprint:bins=64,questions=1"},
    LARGE | {"batch_size": 8, "server": "imprint:bins=64,questions=1", "model": "vit-tiny"},
    LARGE,
    LARGE | {"model": "vit-tiny"},
    LARGE | {"clients": 10, "batch_size": 6},
]


@studies.register("imprint")
@dataclass(frozen=True, kw_only=True)
class ImprintStudy(Study):
    """Pictures that the server ``imprint`` reads, beside the number that theory expects.

    ``recovered``: share of all clients' pictures above 30 dB; ``own``: of the target client's. ``expected`` is
    (1 - 1/K)^(N-1). ``predicted``: share that the noise formula lets through, from the client's clean gradient.
    ``false``: trusted pictures that are further than 30 dB from every true one; ``control``: trusted pictures of the
    same attack on noise.
    """

    question: ClassVar[str] = (
        "How many of an update's pictures does a malicious server read, and is it certain of them?"
    )
    keys: ClassVar[tuple[str, ...]] = (
        "model", "image_size", "clients", "batch_size", "server", "defense", "mode", "local_steps", "local_batch",
        "update",
    )  # fmt: skip
    columns: ClassVar[tuple[str, ...]] = (
        "count", "recovered", "own", "expected", "predicted", "found", "trusted", "false", "control", "psnr",
        "decoding",
    )  # fmt: skip

    source: str = option("cifar10", "small pictures: a data set in GI_DATA")
    photographs: str = option("imagenet-sample", "large pictures: a data set in GI_DATA")
    updates: int = option(20, "updates of the first two settings; fewer of the others", low=1, high=1000)

    def cells(self) -> Iterator[Cell]:
        for settings, count in ((DRAWS, self.updates), (NOISES, 3), (SIZES, 3), (MANY, 3), (PHOTOGRAPHS, 3)):
            for update in range(count):
                for changed in settings:
                    scenario = Scenario(**changed)
                    yield {key: getattr(scenario, key) for key in self.keys[:-1]} | {"update": update}

    def measure(self, cell: Cell) -> Row:
        fields = {key: cell[key] for key in self.keys[:-1]}
        scenario = Scenario(**fields, attack="imprint", seed=cell["update"])
        source = self.photographs if scenario.image_size > 32 else self.source
        first = cell["update"] * (64 if scenario.image_size > 32 else 256)
        images, labels = private_pictures(source, scenario.batch_size, scenario.image_size, first % 10_000)
        run = prepare(scenario, images, labels % scenario.num_classes)
        (frame,) = run.attack.run(run.observation, 0)
        return row_of(run, frame)


def row_of(run: Run, frame: Frame) -> Row:
    """What an imprint run gave, against truth, theory and control."""
    report, pool = frame.report, frame.pool
    assert pool is not None
    trust = torch.tensor(report["trust"], dtype=torch.bool)
    right = recovered(pool, run.cohort)
    (blind,) = control(run, "noise").observations
    (guess,) = run.attack.run(blind, 0)
    count, found = len(run.cohort), recovered(run.cohort, pool)
    errors = nearest(run.truth, pool)[recovered(run.truth, pool)]
    return {
        "count": count,
        "recovered": float(found.float().mean()),
        "own": float(found[: len(run.truth)].float().mean()),
        "expected": report["expected"] / count,  # type: ignore[operator]
        "predicted": predicted(run),
        "found": report["found"],
        "trusted": report["trusted"],
        "false": int((trust & ~right).sum()),
        "control": guess.report["trusted"],
        "psnr": float(-10 * errors.clamp_min(1e-20).log10().median()) if len(errors) else None,
        "decoding": report["decoding_seconds"],
    }


def nearest(truth: Tensor, pool: Tensor) -> Tensor:
    """(B,) mean squared error of each true picture against the nearest of the pool, in double precision."""
    if not len(pool):
        return truth.new_full((len(truth),), math.inf)
    flat = pool.flatten(1).double()
    return torch.stack([(flat - x.flatten().double()).square().mean(1).min() for x in truth])


def predicted(run: Run) -> float | None:
    """Share of the client's pictures that are alone and whose error under the update's noise is below -30 dB.

    Error per normalised pixel of the quotient D/d of a sparse row with noise sigma in every entry:
    sigma^2 (1 + u_j^2) / d^2. None for several clients, local steps, cumulative rows, or noise that is no Gaussian.
    """
    scenario, server = run.scenario, run.observation.server
    noise = [d for d in scenario.defense_stack if d.name == "gaussian"]
    known = scenario.defense == "none" or [d.name for d in scenario.defense_stack] == ["clip", "gaussian"]
    plain = scenario.clients == 1 and scenario.local_steps == 1 and server is not None and server.layer is not None
    if not plain or not known or "cumulative" in scenario.server:
        return None
    assert server is not None
    sigma = float(noise[0].sigma) if noise else 0.0  # type: ignore[attr-defined]
    scale = min(1.0, 1 / run.clean.norm()) if noise else 1.0
    bias = run.clean.tensors[f"{server.layer}.bias"].double() * scale
    rows = dict(run.victim.named_modules())[str(server.layer)]
    u = ((run.truth - run.victim.mean) / run.victim.std).flatten(1)
    values = u @ rows.weight[0, : u.shape[1]]  # type: ignore[index]
    bins = (torch.bucketize(values, -rows.bias) - 1).clamp_min(0)  # type: ignore[operator,arg-type]
    alone = torch.bincount(bins, minlength=len(bias))[bins] == 1
    variance = sigma**2 * (1 + u.double().square()) / bias[bins, None].square()
    spread = run.victim.std.double().square().expand(1, *run.truth.shape[1:]).flatten()
    error = (variance * spread).mean(1)
    return float((alone & (error < 10 ** (-RECOVERED / 10))).float().mean())
