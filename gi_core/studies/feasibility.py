"""The feasibility table: which regimes leak, here and in the paper."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import fmean, median_low
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gi_core.attacks import attacks
from gi_core.attacks.base import Attack
from gi_core.components import option
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput
from gi_core.evaluation.controls import control
from gi_core.evaluation.judge import Judgement, judge_answers
from gi_core.evaluation.settled import LEAKS, Doubled, cell_settled
from gi_core.evaluation.verdict import TOO_SHORT, WORDS, Likeness
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.store import address
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.doubling import Reached, doubled
from gi_core.studies.judged import COLUMNS, Judged, digits, sample_names

SPAN = "span"
"""Spans of a layer's inputs tell more than matching gradients, where a layer has fewer positions than channels."""
PATCHES = "april"
"""Learned positions give a vision transformer's patches away in closed form."""
SEARCH = "ig:optimiser=lbfgs,line_search=true,steps=4,lr=1,tv=1e-5"
STATISTICS = "steps=20,bn=0.01,decay=false"
DETECTION = "ig:steps=20,tv=0.01,decay=false"
LARGE = "ig:steps=20,tv=0.01,decay=false"
SMALL, DETECTED, CANONICAL = 32, 128, 224
HALF = ("half_ssim", "half_mse", "half_rank", "half_loss")
FILMED = 64
"""Side up to which every run's pictures are kept; of larger ones the first run's."""


@dataclass(frozen=True)
class Regime:
    """One row of the table.

    Attributes:
        model, image_size, batch_size, mode: the set-up.
        attack, knowledge: how it is attacked, with the smallest budget that is tried, and what the attacker is told
            besides update and weights.
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
        "resnet18-preact", SMALL, 1, "train", f"bn-exact:{STATISTICS}", "SSIM 0.054, shared statistics (Fig. 2)",
        "labels+buffers",
    ),
    "preact-train-proxy": Regime(
        "resnet18-preact", SMALL, 1, "train", f"bn-proxy:{STATISTICS}", "SSIM 0.040, none shared (Fig. 2)",
        "labels+auxiliary",
    ),
    "preact-train-huang": Regime(
        "resnet18-preact", SMALL, 1, "train", f"huang:{STATISTICS}", "SSIM 0.030, Huang's attack (Fig. 2)",
        "labels+buffers",
    ),
    "post-train-exact": Regime(
        "resnet18", SMALL, 1, "train", f"bn-exact:{STATISTICS}", "SSIM 0.041, shared statistics (Fig. 2)",
        "labels+buffers",
    ),
    "post-train-proxy": Regime(
        "resnet18", SMALL, 1, "train", f"bn-proxy:{STATISTICS}", "SSIM 0.024, none shared (Fig. 2)",
        "labels+auxiliary",
    ),
    "post-train-huang": Regime(
        "resnet18", SMALL, 1, "train", f"huang:{STATISTICS}", "SSIM 0.013, Huang's attack (Fig. 2)",
        "labels+buffers",
    ),
    # modern victims, adapted to 32 pixels: start from noise, the last point of Figure 4
    "swin-32": Regime("swin-tiny", SMALL, 1, "eval", SPAN, "SSIM 0.87 from noise (Fig. 4)"),
    "swinv2-32": Regime("swinv2-tiny", SMALL, 1, "eval", SEARCH, "SSIM 1.00 from noise (Fig. 4)"),
    "convnext-32": Regime("convnext-tiny", SMALL, 1, "eval", SEARCH, "SSIM 0.11 from noise (Fig. 4)"),
    "maxvit-32": Regime("maxvit-tiny", SMALL, 1, "eval", SPAN, "SSIM 0.07 from noise (Fig. 4)"),
    "vit-base-32": Regime("vit-base-16", SMALL, 1, "eval", PATCHES, "SSIM 0.06 from noise (Fig. 4)"),
    "swin-32-two": Regime("swin-tiny", SMALL, 2, "eval", SPAN, "collapses at two pictures (Fig. 3, at 224 pixels)"),
    # canonical resolution
    "swin-224": Regime("swin-tiny", CANONICAL, 1, "train", SPAN, "vulnerable, a transitional design (Fig. 1)"),
    "swin-224-two": Regime("swin-tiny", CANONICAL, 2, "train", SPAN, "collapses at two pictures (Fig. 3)"),
    "swinv2-224": Regime("swinv2-tiny", CANONICAL, 1, "train", LARGE, NO_224),
    "convnext-224": Regime("convnext-tiny", CANONICAL, 1, "train", SPAN, NO_224),
    "maxvit-224": Regime("maxvit-tiny", CANONICAL, 1, "train", LARGE, NO_224),
    "vit-base-224": Regime("vit-base-16", CANONICAL, 1, "train", PATCHES, NO_224),
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
ORDER = (
    "vit-base-32", "resnet18-eval", "preact-eval", "yolov8n-train", "yolov8n-preact-train", "yolov8n-basic-train",
    "preact-train-exact", "post-train-exact", "preact-train-huang", "post-train-huang", "vit-base-224",
    "preact-train-proxy", "post-train-proxy", "resnet18-224", "preact-224", "swin-32", "convnet-eval", "maxvit-32",
    "yolov8n-eval", "yolov8n-preact-eval", "yolov8n-basic-eval", "swinv2-32", "convnext-32", "swin-32-two",
    "convnext-224", "swin-224", "swinv2-224", "maxvit-224", "swin-224-two",
)  # fmt: skip
"""Which regime is measured before which: by what it tells for its cost, so that a budget cuts the tail."""


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
        attack=with_effort(attack, effort).text,
        knowledge=row.knowledge,
        seed=seed,
    )


def with_effort(attack: Attack, effort: float) -> Attack:
    """With ``effort`` times the steps; one in a single pass as it is."""
    if attack.single_pass:
        return attack
    return replace(attack, steps=max(2, round(attack.steps * effort)))  # type: ignore[call-arg, attr-defined]


@studies.register("feasibility")
@dataclass(frozen=True, kw_only=True)
class Feasibility(Study):
    """Every regime of the paper's table, judged beside its control, with our figures, budget and the paper's finding.

    "Practical Feasibility of Gradient Inversion Attacks in Federated Learning". The rows are the regimes that its
    figures measure and three beside them, called unmeasured; which of our runs correspond to which of its cells is our
    reading. The paper spends up to 30 runs of 10,000 steps per regime and picks by SSIM to the truth; ours is one run
    per update and seed of the strongest attack that we have for the regime, and the picture of lowest attack loss. A
    run that is below *Recognisable* is given twice its budget, and twice that (``doublings``), until it tells nothing
    new (``evaluation.settled``). The control, the same attack on noise at the first budget, is run once a regime and
    seed and stands beside each of its pictures. Victims are freshly initialised, with the seed's own weights and label.
    """

    question: ClassVar[str] = "In which regimes does an update give its picture away?"
    keys: ClassVar[tuple[str, ...]] = ("regime", "place", "seed")
    columns: ClassVar[tuple[str, ...]] = (
        "model", "image_size", "batch_size", "mode", "attack", "knowledge", *COLUMNS, *HALF, "loss_first", "loss_last",
        "iterations", "cpu_seconds", "cpu_total", "theirs",
    )  # fmt: skip

    regimes: str = option("all", "regimes, with / between them, or all")
    effort: float = option(1.0, "times the iterations of each regime", low=1e-3, high=1e4)
    count: int = option(3, "updates per regime", low=1, high=12)
    seeds: int = option(2, "seeds of weights, labels and attack", low=1, high=100)
    doublings: int = option(2, "times that the budget is doubled at most", low=0, high=20)

    def cells(self) -> Iterator[Cell]:
        names = ORDER if self.regimes == "all" else self.regimes.split("/")
        for name in names:
            scenario_of(name)
            for place in range(self.count):
                for seed in range(self.seeds):
                    yield {"regime": name, "place": place, "seed": seed}

    def measure(self, cell: Cell) -> Row:
        regime = REGIMES[cell["regime"]]
        run = prepared(cell["regime"], cell["place"], cell["seed"], self.effort)
        guess, spent = guessed(cell["regime"], cell["seed"], self.effort)
        way: Way = []
        for reached in doubled(run, self.doublings):
            way.append((reached, judge_answers(run, reached.images, {"noise": guess})))
            if ended(cell, way):
                break
        reached, found = way[-1]
        scenario = run.scenario.replace(attack=reached.attack.text)
        judged = Judged(scenario, names_of(regime, cell["place"]), run.truth, found)
        keep = regime.image_size <= FILMED or (cell["place"], cell["seed"]) == (0, 0)
        return {
            "model": regime.model,
            "image_size": regime.image_size,
            "batch_size": regime.batch_size,
            "mode": regime.mode,
            "attack": scenario.attack,
            "knowledge": regime.knowledge,
            **judged.row,
            **half_of(way),
            "loss_first": digits(reached.losses[0]),
            "loss_last": digits(reached.loss),
            "iterations": len(reached.losses),
            "cpu_seconds": round(reached.cpu_seconds, 1),
            "cpu_total": round(reached.cpu_total + (spent if cell["place"] == 0 else 0), 1),
            "theirs": regime.theirs,
            "pictures": {address(scenario, judged.samples)[:16]: judged.strip} if keep else {},
        }


Way = list[tuple[Reached, Judgement]]
"""A run at each of its budgets."""


def ended(cell: Cell, way: Way) -> bool:
    """Whether more budget would tell no more: *Recognisable* at once, or nothing new beside half of it."""
    if len(way) == 1:
        return way[0][1].level >= LEAKS
    (shorter, before), (longer, now) = way[-2:]
    whole, half = now.likenesses[now.shown], before.likenesses[now.shown]
    return Doubled(cell["place"], cell["seed"], whole, longer.loss, half, shorter.loss).told_nothing_new()


def half_of(way: Way) -> Row:
    """What half of the last budget had found, of the picture that leaked most in the end."""
    if len(way) == 1:
        return dict.fromkeys(HALF)
    reached, before = way[-2]
    half = before.likenesses[way[-1][1].shown]
    return dict(zip(HALF, (digits(half.ssim), digits(half.mse), half.rank, digits(reached.loss)), strict=True))


def names_of(regime: Regime, update: int) -> tuple[str, ...]:
    return sample_names(regime.batch_size, update * regime.batch_size)


def prepared(name: str, update: int, seed: int, effort: float) -> Run:
    """A regime's round, with its smallest budget."""
    regime, scenario = REGIMES[name], scenario_of(name, seed, effort)
    names = names_of(regime, update)
    truth = torch.stack([open_picture(n, regime.image_size, 3) for n in names])
    return prepare(scenario, truth, device="cpu")


@lru_cache(maxsize=4)
def guessed(name: str, seed: int, effort: float) -> tuple[Tensor, float]:
    """(B,C,H,W) in [0,1]: the regime's attack on noise of the size of its first update, and its CPU seconds."""
    started = time.process_time()
    images = control(prepared(name, 0, seed, effort), "noise").images()
    return images, time.process_time() - started


def doubled_run(row: Mapping[str, str]) -> Doubled:
    """A row of the table (values as text) as what settles its cell."""
    whole = Likeness(
        ssim=float(row["ssim"]), mse=float(row["mse"]), control_ssim=float(row["control_ssim"]),
        control_mse=float(row["control_mse"]), rank=int(row["rank"]), control_rank=int(row["control_rank"]),
        candidates=int(row["candidates"]),
    )  # fmt: skip
    half = None
    if row["half_ssim"]:
        half = replace(whole, ssim=float(row["half_ssim"]), mse=float(row["half_mse"]), rank=int(row["half_rank"]))
    return Doubled(
        int(row["place"]), int(row["seed"]), whole, float(row["loss_last"]), half, float(row["half_loss"] or 0),
        single_pass=attacks.parse(row["attack"]).single_pass,
    )  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A regime's recorded runs in one line.

    Attributes:
        state: of :func:`gi_core.evaluation.settled.cell_settled`; level: of the median run, the lower of two.
        ssim, structure, psnr: means; pictures, seeds: how many; cpu_hours: of everything, controls included.
    """

    state: Literal["leaks", "plateau", "short"]
    level: int
    ssim: float
    structure: float
    psnr: float
    pictures: int
    seeds: int
    cpu_hours: float

    @property
    def word(self) -> str:
        return TOO_SHORT if self.state == "short" else WORDS[self.level]


def told(rows: Sequence[Mapping[str, str]]) -> Told | None:
    """A regime's rows (values as text) in one line; None of no rows."""
    if not rows:
        return None
    runs = [doubled_run(row) for row in rows]
    return Told(
        cell_settled(runs), median_low(run.whole.level(len(runs)) for run in runs),
        fmean(float(row["ssim"]) for row in rows), fmean(run.whole.structure for run in runs),
        fmean(float(row["psnr"]) for row in rows), len({name for row in rows for name in row["samples"].split("+")}),
        len({row["seed"] for row in rows}), sum(float(row["cpu_total"]) for row in rows) / 3600,
    )  # fmt: skip
