"""Reconstructions at many strengths, and whether viewers who have not seen the picture can name what they show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.data.arrays import Pictures, load
from gi_core.evaluation.calibration import curve, halves, viewed
from gi_core.evaluation.controls import answer, control
from gi_core.evaluation.judge import Judgement, judge_answers
from gi_core.evaluation.verdict import STRUCTURE, WORDS
from gi_core.evaluation.viewers import named
from gi_core.metrics.image import mse, psnr
from gi_core.metrics.lpips import lpips
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.judged import digits
from gi_core.studies.pictures import private_pictures

NOISES = ("none", *(f"clip+gaussian:sigma={s}" for s in ("1e-4", "3e-4", "1e-3", "3e-3", "1e-2", "3e-2", "1e-1")))
CHEAP = ("venom", "fgla", "git")
if TYPE_CHECKING:
    from matplotlib.figure import Figure

MLP = "mlp:width=64,depth=1"
GRID: tuple[tuple[str, str, int, tuple[str, ...], int], ...] = (
    *(("lenet", attack, 1, NOISES, 1) for attack in CHEAP),
    (MLP, "analytic", 1, ("clip+gaussian:sigma=1e-5", "clip+gaussian:sigma=3e-5", *NOISES[1:5]), 1),
    ("lenet", "dlg:steps=60", 1, ("none", NOISES[2], NOISES[4]), 3),
    ("lenet", "ig:steps=60", 1, ("none", NOISES[3], NOISES[5]), 3),
    ("lenet", "ig:steps=300,tv=1e-3", 1, ("none", NOISES[3], NOISES[5]), 3),
    ("lenet", "fgla", 4, ("none", NOISES[1], NOISES[3]), 3),
    ("lenet", "ig:steps=300,tv=1e-3", 2, ("none", NOISES[4]), 6),
)
"""Victim, attack, pictures per update, defenses, and every how many places it is run: the dear ones less often."""


@studies.register("calibration")
@dataclass(frozen=True, kw_only=True)
class Calibration(Study):
    """Attacks on test pictures of CIFAR-10 beside their controls, and what stand-in viewers name.

    ``lenet`` (for ``analytic`` a fully connected network) with fresh weights, labels known.
    What the verdict weighs (SSIM, squared error, ranks among 100, of the
    reconstruction and of the control on noise) beside what it is held to: ``named``, whether two classifiers that no
    attack was tuned on take the reconstruction for the picture's class, ``control_named`` and ``truth_named`` likewise;
    ``same_class``: rank of the truth among the 1,000 test pictures of its class, by squared error; LPIPS. One row
    per picture of an update. Which rows choose the thresholds and which test them, and how:
    gi_core/evaluation/calibration.py.
    """

    question: ClassVar[str] = "From which gain over control on can a viewer name the picture?"
    keys: ClassVar[tuple[str, ...]] = ("place", "model", "attack", "batch_size", "defense", "picture")
    columns: ClassVar[tuple[str, ...]] = (
        "label", "psnr", "control_psnr", "ssim", "mse", "control_ssim", "control_mse", "structure", "pixels", "rank",
        "control_rank", "candidates", "lpips", "control_lpips", "named", "control_named", "truth_named", "same_class",
    )  # fmt: skip

    pictures: int = option(40, "places: groups of test pictures", low=2, high=2000)

    def cells(self) -> Iterator[Cell]:
        for place in range(self.pictures):
            for model, attack, batch, defenses, every in GRID:
                for defense in defenses if place // 2 % every == 0 else ():
                    for picture in range(batch):
                        yield {
                            "place": place, "model": model, "attack": attack, "batch_size": batch, "defense": defense,
                            "picture": picture,
                        }  # fmt: skip

    def measure(self, cell: Cell) -> Row:
        labels, judgement = attacked(cell["model"], cell["attack"], cell["batch_size"], cell["defense"], cell["place"])
        i = cell["picture"]
        label = int(labels[i])
        truth, image = judgement.truth[i : i + 1], judgement.images[i : i + 1]
        guess = judgement.controls["noise"][i : i + 1]
        names = (named(torch.cat([image, guess, truth])) == label).int().tolist()
        row = {
            "psnr": float(psnr(image, truth)), "control_psnr": float(psnr(guess, truth)),
            **judgement.likenesses[i].to_dict(),
            "lpips": distance(image, truth), "control_lpips": distance(guess, truth),
            "same_class": rank(mse(image.expand_as(of_class(label)), of_class(label)), float(mse(image, truth))),
        }  # fmt: skip
        row |= dict(zip(("named", "control_named", "truth_named"), names, strict=True))
        return {"label": label} | {key: digits(value) for key, value in row.items()}

    def figure(self, rows: list[Row]) -> Figure:
        """Share named because of the update, and on the control, by structure: both halves, and the thresholds."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.5, 4.4), layout="constrained")
        axes = figure.add_subplot(
            xlabel="structure: share of the control's missing SSIM that is added", ylim=(-0.05, 1.05)
        )
        axes.set_ylabel("share of pictures that viewers name")
        for half, colour, text in zip(halves(viewed(rows)), ("C0", "C1"), ("chose", "tests"), strict=True):
            middles, named_shares, control_shares, _ = zip(*curve(half), strict=True)
            axes.plot(middles, named_shares, "o-", color=colour, label=f"reconstruction, half that {text}")
            axes.plot(middles, control_shares, "x:", color=colour, label=f"control, half that {text}")
        for word, threshold in zip(WORDS[1:], STRUCTURE, strict=True):
            axes.axvline(threshold, color="grey", linewidth=0.8)
            axes.annotate(
                word, (threshold, 1.0), (-3, 0), textcoords="offset points", rotation=90, va="top", ha="right"
            )
        axes.legend(fontsize=8, frameon=False, loc="center left")
        return figure


@lru_cache(maxsize=1)
def attacked(model: str, attack: str, batch: int, defense: str, place: int) -> tuple[Tensor, Judgement]:
    """Labels, and the judgement with its pictures, of update number ``place``."""
    truth, labels = private_pictures("cifar10", batch, 32, first=place * batch)
    run = prepare(
        Scenario(model=model, attack=attack, defense=defense, batch_size=batch, seed=place), truth, labels, device="cpu"
    )  # fmt: skip
    images = answer(run.attack, run.observation, stream_seed(place, "attack"))
    return labels, judge_answers(run, images, {"noise": control(run, "noise").images()})


def rank(distances: Tensor, own: float) -> int:
    """1 + how many of the others are nearer; ``distances`` may hold the picture's own, which is no nearer."""
    return 1 + int((distances < own * (1 - 1e-6)).sum())


def distance(image: Tensor, truth: Tensor) -> float | None:
    found = lpips(image, truth)
    return None if found is None else float(found)


@lru_cache(maxsize=10)
def of_class(label: int) -> Tensor:
    """(1000,3,32,32): the test pictures of a class."""
    test = _test_split()
    return test.floats(test.labels == label)


@lru_cache(maxsize=1)
def _test_split() -> Pictures:
    return load("cifar10")[2]
