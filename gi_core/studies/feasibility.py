"""The feasibility table: which regimes leak, here and in the paper."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from gi_core.attacks import attacks
from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.studies.attempt import COLUMNS, Attempt, attempt, settled, verdict
from gi_core.studies.base import Cell, Row, Study, studies

MATCH = "ig:optimiser=lbfgs,steps=7,lr=1,tv=1e-4"  # smooth victims; a step is 20 evaluations
SEARCH = "ig:optimiser=lbfgs,line_search=true,steps=7,lr=1,tv=1e-4"  # SwinV2, where whole steps diverge
SPAN = "span"  # inference mode: spans of a layer's inputs tell more than gradient matching does
ADAM = "ig:steps=50,lr=0.1,tv=1e-4,signed=false"  # smooth victims on which L-BFGS's own loss did not fall
SLOW_MATCH = "ig:optimiser=lbfgs,steps=4,lr=1,tv=1e-4"
DETECTION, LARGE = "ig:steps=60,tv=0.01", "ig:steps=6,tv=0.01"
SMALL, DETECTED, CANONICAL = 32, 128, 224
FILMED = 64
"""Side up to which pictures of the way are kept."""


@dataclass(frozen=True)
class Regime:
    """One row of the table.

    Attributes:
        model, image_size, batch_size, mode: the set-up.
        attack, knowledge: how it is attacked, with the smallest budget that is tried (about a CPU minute at most), and
            what the attacker is told besides update and weights.
        theirs: the paper's finding, with its figure where it gives one.
    """

    model: str
    image_size: int
    batch_size: int
    mode: str
    attack: str
    theirs: str
    knowledge: str = "labels"


LENIENT = "upper bound: inference mode simplifies inversion"
NO_224 = "no meaningful reconstruction (Fig. 1)"
UNMEASURED = "unmeasured (Fig. 1 has no ResNet-18)"
REGIMES = {
    # inference mode, the lenient upper bound
    "convnet-eval": Regime("convnet", SMALL, 1, "eval", SPAN, LENIENT),
    "resnet18-eval": Regime("resnet18", SMALL, 1, "eval", SPAN, LENIENT),
    "preact-eval": Regime("resnet18-preact", SMALL, 1, "eval", SPAN, LENIENT),
    # training mode with BatchNorm
    "preact-train-exact": Regime(
        "resnet18-preact", SMALL, 1, "train", "bn-exact:steps=80,bn=0.01", "SSIM 0.054, shared statistics (Fig. 2)",
        "labels+buffers",
    ),
    "preact-train-proxy": Regime(
        "resnet18-preact", SMALL, 1, "train", "bn-proxy:steps=80,bn=0.01", "SSIM 0.040, none shared (Fig. 2)",
        "labels+auxiliary",
    ),
    "preact-train-huang": Regime(
        "resnet18-preact", SMALL, 1, "train", "huang:steps=80,bn=0.01", "SSIM 0.030, Huang's attack (Fig. 2)",
        "labels+buffers",
    ),
    "post-train-exact": Regime(
        "resnet18", SMALL, 1, "train", "bn-exact:steps=80,bn=0.01", "SSIM 0.041, shared statistics (Fig. 2)",
        "labels+buffers",
    ),
    "post-train-proxy": Regime(
        "resnet18", SMALL, 1, "train", "bn-proxy:steps=80,bn=0.01", "SSIM 0.024, none shared (Fig. 2)",
        "labels+auxiliary",
    ),
    "post-train-huang": Regime(
        "resnet18", SMALL, 1, "train", "huang:steps=80,bn=0.01", "SSIM 0.013, Huang's attack (Fig. 2)",
        "labels+buffers",
    ),
    # modern victims, adapted to 32 pixels: start from noise, the last point of Figure 4
    "swin-32": Regime("swin-tiny", SMALL, 1, "eval", MATCH, "SSIM 0.87 from noise (Fig. 4)"),
    "swinv2-32": Regime("swinv2-tiny", SMALL, 1, "eval", SEARCH, "SSIM 1.00 from noise (Fig. 4)"),
    "convnext-32": Regime("convnext-tiny", SMALL, 1, "eval", SLOW_MATCH, "SSIM 0.11 from noise (Fig. 4)"),
    "maxvit-32": Regime("maxvit-tiny", SMALL, 1, "eval", SLOW_MATCH, "SSIM 0.07 from noise (Fig. 4)"),
    "vit-base-32": Regime("vit-base-16", SMALL, 1, "eval", ADAM, "SSIM 0.06 from noise (Fig. 4)"),
    "swin-32-two": Regime("swin-tiny", SMALL, 2, "eval", MATCH, "collapses at two pictures (Fig. 3, at 224 pixels)"),
    # canonical resolution
    "swin-224": Regime("swin-tiny", CANONICAL, 1, "train", LARGE, "vulnerable, a transitional design (Fig. 1)"),
    "swin-224-two": Regime("swin-tiny", CANONICAL, 2, "train", LARGE, "collapses at two pictures (Fig. 3)"),
    "swinv2-224": Regime("swinv2-tiny", CANONICAL, 1, "train", LARGE, NO_224),
    "convnext-224": Regime("convnext-tiny", CANONICAL, 1, "train", LARGE, NO_224),
    "maxvit-224": Regime("maxvit-tiny", CANONICAL, 1, "train", LARGE, NO_224),
    "vit-base-224": Regime("vit-base-16", CANONICAL, 1, "train", LARGE, NO_224),
    "resnet18-224": Regime("resnet18", CANONICAL, 1, "train", LARGE, UNMEASURED),
    "preact-224": Regime("resnet18-preact", CANONICAL, 1, "train", LARGE, UNMEASURED),
    # detection
    "yolov8n-eval": Regime("yolov8n", DETECTED, 1, "eval", DETECTION, "SSIM 0.016, unmodified (Fig. 5)"),
    "yolov8n-preact-eval": Regime(
        "yolov8n:preact=true", DETECTED, 1, "eval", DETECTION, "unmeasured (Fig. 5 has it in training mode)"
    ),
    "yolov8n-basic-eval": Regime(
        "yolov8n:block=basic,preact=true", DETECTED, 1, "eval", DETECTION, "SSIM 0.299, CSP replaced (Fig. 5)"
    ),
    "yolov8n-train": Regime("yolov8n", DETECTED, 1, "train", DETECTION, "not recognisable in training mode"),
    "yolov8n-preact-train": Regime(
        "yolov8n:preact=true", DETECTED, 1, "train", DETECTION, "SSIM 0.024, pre-activation in training mode (Fig. 5)"
    ),
    "yolov8n-basic-train": Regime(
        "yolov8n:block=basic,preact=true", DETECTED, 1, "train", DETECTION, "not recognisable in training mode"
    ),
}  # fmt: skip


def scenario_of(regime: str, seed: int = 0, effort: float = 1.0) -> Scenario:
    """The scenario of a row of the table, ready to run, with ``effort`` times its iterations.

    Raises BadInput for an unknown regime.
    """
    if regime not in REGIMES:
        raise BadInput(f"unknown regime {regime!r}: allowed are {', '.join(REGIMES)}")
    row = REGIMES[regime]
    attack = attacks.parse(row.attack)
    return Scenario(
        model=row.model,
        image_size=row.image_size,
        batch_size=row.batch_size,
        mode=row.mode,  # type: ignore[arg-type]
        attack=replace(attack, steps=max(1, round(attack.steps * effort))).text,  # type: ignore[call-arg, attr-defined]
        knowledge=row.knowledge,
        seed=seed,
    )


@studies.register("feasibility")
@dataclass(frozen=True, kw_only=True)
class Feasibility(Study):
    """Every regime of the paper's table, with our figures, budget and verdict, and its finding beside them.

    "Practical Feasibility of Gradient Inversion Attacks in Federated Learning". The rows are the regimes that its
    figures measure and three beside them, called unmeasured; which of our runs correspond to which of its cells is our
    reading. The paper spends up to 30 runs of 10,000 steps per regime and picks by SSIM to the truth; ours is one run
    per update and seed, with the steps that stand in the row's attack (times ``effort``), doubled until twice the
    budget shows nothing new (``settled``), and the picture of lowest attack loss. A row that ``doublings`` did not
    settle is too short to tell: its verdict of *nothing* holds for its budget alone. Victims are freshly initialised.
    """

    question: ClassVar[str] = "In which regimes does an update give its picture away?"
    keys: ClassVar[tuple[str, ...]] = ("regime", "update", "seed")
    columns: ClassVar[tuple[str, ...]] = (
        "model", "image_size", "batch_size", "mode", "attack", "knowledge", *COLUMNS, "settled", "cpu_total",
        "verdict", "theirs", "history",
    )  # fmt: skip

    source: str = option("samples", "where the private pictures come from: samples, or a data set in GI_DATA")
    regimes: str = option("all", "one regime, or all")
    effort: float = option(1.0, "times the iterations of each regime", low=1e-3, high=1e4)
    count: int = option(1, "updates per regime", low=1, high=1000)
    seeds: int = option(1, "attack seeds", low=1, high=100)
    doublings: int = option(2, "times that the budget is doubled at most", low=0, high=20)

    def cells(self) -> Iterator[Cell]:
        names = list(REGIMES) if self.regimes == "all" else [self.regimes]
        for seed in range(self.seeds):
            for update in range(self.count):
                for name in names:
                    yield {"regime": name, "update": update, "seed": seed}

    def measure(self, cell: Cell) -> Row:
        regime = REGIMES[cell["regime"]]
        found, scenario, ended, spent = self.until_settled(cell)
        return {
            "model": regime.model,
            "image_size": regime.image_size,
            "batch_size": regime.batch_size,
            "mode": regime.mode,
            "attack": scenario.attack,
            "knowledge": regime.knowledge,
            **found.row,
            "settled": ended,
            "cpu_total": round(spent, 1),
            "verdict": verdict(found.row),
            "theirs": regime.theirs,
            "history": json.dumps([[m.iteration, round(m.loss, 5), round(m.ssim, 4)] for m in found.moments]),
            "pictures": {run_name(cell): sheet(found)},
        }

    def until_settled(self, cell: Cell) -> tuple[Attempt, Scenario, bool, float]:
        """The longest run of a cell, whether it told nothing new beside the one of half its budget, and the CPU seconds
        of all."""
        shorter, spent = None, 0.0
        for doubling in range(self.doublings + 1):
            scenario = scenario_of(cell["regime"], cell["seed"], self.effort * 2**doubling)
            found = attempt(scenario, self.source, cell["update"])
            spent += found.row["cpu_seconds"]
            if shorter is not None and settled(shorter.row, found.row):
                return found, scenario, True, spent
            shorter = found
        return found, scenario, False, spent


def run_name(row: Mapping[str, Any]) -> str:
    """What the pictures of a row are called."""
    return f"{row['regime']}-{row['update']}-{row['seed']}"


def sheet(found: Attempt) -> Tensor:
    """(C,rows*H,B*W): the truth, then each moment's pictures; of large pictures only the last moment's."""
    moments = found.moments if found.truth.shape[-1] <= FILMED else found.moments[-1:]
    return torch.cat([torch.cat([*images], 2) for images in (found.truth, *(m.images for m in moments))], 1)
