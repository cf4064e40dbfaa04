"""The feasibility table: which regimes leak, here and in the paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.studies.attempt import COLUMNS, attempt, verdict
from gi_core.studies.base import Cell, Row, Study, studies

MATCH = "ig:optimiser=lbfgs,steps=2000,lr=1,tv=1e-4"  # smooth victims
SIGNED = "ig:steps=5000,tv=0.01"  # victims with kinks
SMALL, CANONICAL = 32, 224


@dataclass(frozen=True)
class Regime:
    """One row of the table.

    Attributes:
        model, size, batch, mode: the set-up.
        attack, knowledge: how it is attacked, and what the attacker is told besides update and weights.
        theirs: the paper's finding, with its figure where it gives one.
    """

    model: str
    size: int
    batch: int
    mode: str
    attack: str
    theirs: str
    knowledge: str = "labels"


LENIENT = "upper bound: inference mode simplifies inversion"
NO_224 = "no meaningful reconstruction (Fig. 1)"
REGIMES = {
    # inference mode, the lenient upper bound
    "convnet-eval": Regime("convnet", SMALL, 1, "eval", SIGNED, LENIENT),
    "resnet18-eval": Regime("resnet18", SMALL, 1, "eval", SIGNED, LENIENT),
    "preact-eval": Regime("resnet18-preact", SMALL, 1, "eval", SIGNED, LENIENT),
    # training mode with BatchNorm
    "preact-train-exact": Regime(
        "resnet18-preact", SMALL, 1, "train", "bn-exact:steps=5000,bn=0.01", "SSIM 0.054, shared statistics (Fig. 2)",
        "labels+buffers",
    ),
    "preact-train-proxy": Regime(
        "resnet18-preact", SMALL, 1, "train", "bn-proxy:steps=5000,bn=0.01", "SSIM 0.040, none shared (Fig. 2)",
        "labels+auxiliary",
    ),
    "preact-train-huang": Regime(
        "resnet18-preact", SMALL, 1, "train", "huang:steps=5000,bn=0.01", "SSIM 0.030, Huang's attack (Fig. 2)",
        "labels+buffers",
    ),
    "post-train-exact": Regime(
        "resnet18", SMALL, 1, "train", "bn-exact:steps=5000,bn=0.01", "SSIM 0.041, shared statistics (Fig. 2)",
        "labels+buffers",
    ),
    "post-train-proxy": Regime(
        "resnet18", SMALL, 1, "train", "bn-proxy:steps=5000,bn=0.01", "SSIM 0.024, none shared (Fig. 2)",
        "labels+auxiliary",
    ),
    "post-train-huang": Regime(
        "resnet18", SMALL, 1, "train", "huang:steps=5000,bn=0.01", "SSIM 0.013, Huang's attack (Fig. 2)",
        "labels+buffers",
    ),
    # modern victims, adapted to 32 pixels: start from noise, the last point of Figure 4
    "swin-32": Regime("swin-tiny", SMALL, 1, "eval", MATCH, "SSIM 0.87 from noise (Fig. 4)"),
    "swinv2-32": Regime("swinv2-tiny", SMALL, 1, "eval", MATCH, "SSIM 1.00 from noise (Fig. 4)"),
    "convnext-32": Regime("convnext-tiny", SMALL, 1, "eval", MATCH, "SSIM 0.11 from noise (Fig. 4)"),
    "maxvit-32": Regime("maxvit-tiny", SMALL, 1, "eval", MATCH, "SSIM 0.07 from noise (Fig. 4)"),
    "vit-base-32": Regime("vit-base-16", SMALL, 1, "eval", MATCH, "SSIM 0.06 from noise (Fig. 4)"),
    "swin-32-two": Regime("swin-tiny", SMALL, 2, "eval", MATCH, "collapses at two pictures (Fig. 3, at 224 pixels)"),
    # canonical resolution
    "swin-224": Regime("swin-tiny", CANONICAL, 1, "train", SIGNED, "vulnerable, a transitional design (Fig. 1)"),
    "swin-224-two": Regime("swin-tiny", CANONICAL, 2, "train", SIGNED, "collapses at two pictures (Fig. 3)"),
    "swinv2-224": Regime("swinv2-tiny", CANONICAL, 1, "train", SIGNED, NO_224),
    "convnext-224": Regime("convnext-tiny", CANONICAL, 1, "train", SIGNED, NO_224),
    "maxvit-224": Regime("maxvit-tiny", CANONICAL, 1, "train", SIGNED, NO_224),
    "vit-base-224": Regime("vit-base-16", CANONICAL, 1, "train", SIGNED, NO_224),
    "resnet18-224": Regime("resnet18", CANONICAL, 1, "train", SIGNED, NO_224),
    "preact-224": Regime("resnet18-preact", CANONICAL, 1, "train", SIGNED, NO_224),
    # detection
    "yolov8n-eval": Regime("yolov8n", 128, 1, "eval", SIGNED, "SSIM 0.016, unmodified (Fig. 5)"),
    "yolov8n-preact-eval": Regime("yolov8n:preact=true", 128, 1, "eval", SIGNED, "SSIM 0.024, pre-activation (Fig. 5)"),
    "yolov8n-basic-eval": Regime(
        "yolov8n:block=basic,preact=true", 128, 1, "eval", SIGNED, "SSIM 0.299, CSP replaced (Fig. 5)"
    ),
    "yolov8n-train": Regime("yolov8n", 128, 1, "train", SIGNED, "not recognisable in training mode"),
    "yolov8n-preact-train": Regime("yolov8n:preact=true", 128, 1, "train", SIGNED, "not recognisable in training mode"),
    "yolov8n-basic-train": Regime(
        "yolov8n:block=basic,preact=true", 128, 1, "train", SIGNED, "not recognisable in training mode"
    ),
}  # fmt: skip


def scenario_of(regime: str, seed: int = 0) -> Scenario:
    """The scenario of a row of the table, ready to run. Raises BadInput for an unknown regime."""
    if regime not in REGIMES:
        raise BadInput(f"unknown regime {regime!r}: allowed are {', '.join(REGIMES)}")
    row = REGIMES[regime]
    return Scenario(
        model=row.model,
        image_size=row.size,
        batch_size=row.batch,
        mode=row.mode,  # type: ignore[arg-type]
        attack=row.attack,
        knowledge=row.knowledge,
        seed=seed,
    )


@studies.register("feasibility")
@dataclass(frozen=True, kw_only=True)
class Feasibility(Study):
    """Every regime of the paper's table, with our figures, budget and verdict, and its finding beside them.

    "Practical Feasibility of Gradient Inversion Attacks in Federated Learning". The rows are the regimes that its
    figures measure; which of our runs correspond to which of its cells is our reading. The paper spends up to 30 runs
    of 10,000 steps per regime and picks by SSIM to the truth; ours is one run per seed under ``seconds`` of CPU time,
    the picture of lowest attack loss. A verdict of *nothing* holds for that budget. Victims are freshly initialised.
    """

    question: ClassVar[str] = "In which regimes does an update give its picture away?"
    keys: ClassVar[tuple[str, ...]] = ("regime", "update", "seed")
    columns: ClassVar[tuple[str, ...]] = (
        "model", "size", "batch", "mode", "attack", "knowledge", *COLUMNS, "budget_seconds", "verdict", "theirs",
    )  # fmt: skip

    source: str = option("samples", "where the private pictures come from: samples, or a data set in GI_DATA")
    regimes: str = option("all", "one regime, or all")
    seconds: float = option(60.0, "CPU seconds per run", low=0.1, high=1e6)
    count: int = option(1, "updates per regime", low=1, high=1000)
    seeds: int = option(1, "attack seeds", low=1, high=100)

    def cells(self) -> Iterator[Cell]:
        names = list(REGIMES) if self.regimes == "all" else [self.regimes]
        for seed in range(self.seeds):
            for update in range(self.count):
                for name in names:
                    yield {"regime": name, "update": update, "seed": seed}

    def measure(self, cell: Cell) -> Row:
        regime = REGIMES[cell["regime"]]
        scenario = scenario_of(cell["regime"], cell["seed"])
        found = attempt(scenario, self.source, cell["update"], cpu_seconds=self.seconds)
        strip = torch.cat([torch.cat([*found.truth], 2), torch.cat([*found.images], 2)], 1)
        return {
            "model": regime.model,
            "size": regime.size,
            "batch": regime.batch,
            "mode": regime.mode,
            "attack": scenario.attack,
            "knowledge": regime.knowledge,
            **found.row,
            "budget_seconds": self.seconds,
            "verdict": verdict(found.row),
            "theirs": regime.theirs,
            "pictures": {f"{cell['regime']}-{cell['update']}-{cell['seed']}": strip},
        }
