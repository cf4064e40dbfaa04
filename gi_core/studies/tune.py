"""Tuning fairly and unfairly: hyper-parameters and final picture chosen with and without the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gi_core.attacks import attacks
from gi_core.attacks.tune import search
from gi_core.client import release
from gi_core.components import option
from gi_core.metrics.assignment import assign
from gi_core.metrics.image import psnr, ssim
from gi_core.models import build
from gi_core.observation import Observation, Training
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.pictures import private_pictures


@dataclass(frozen=True)
class Choice:
    """What one search returned: options, pictures (B,C,H,W) in the true order, gradient distance."""

    options: dict[str, object]
    images: Tensor
    distance: float


def tuned(attack: str, observation: Observation, trials: int, seed: int, selection: str, truth: Tensor) -> Choice:
    """The best of ``trials`` runs, options by Optuna.

    Args:
        selection: "loss": run and picture by gradient distance, as an attacker can. "oracle-ssim": run and iterate by
            SSIM to ``truth``, as in the paper's released code; an upper bound, no attacker's result.
    """
    best, best_value = Choice({}, truth, float("inf")), float("inf")
    search_ = search(attacks.parse(attack), trials, seed)
    candidate, options = next(search_)
    for number in range(trials):
        closest, similar, images = float("inf"), -1.0, truth
        for frame in candidate.run(observation, seed + number):
            closest = min(closest, float(next(iter(frame.terms.values())).nan_to_num(torch.inf)))
            ordered = frame.images[assign(frame.images, truth)] if selection == "oracle-ssim" else frame.images
            likeness = float(ssim(ordered, truth).mean()) if selection == "oracle-ssim" else 0.0
            if selection == "loss" or likeness > similar:
                similar, images = likeness, ordered
        value = closest if selection == "loss" else -similar
        if value < best_value:
            best, best_value = Choice(options, images.clone(), closest), value
        if number + 1 < trials:
            candidate, options = search_.send(value)
    return Choice(best.options, best.images[assign(best.images, truth)], best.distance)


@studies.register("tune")
@dataclass(frozen=True, kw_only=True)
class TuneStudy(Study):
    """The same attack and search, judged by its own loss and judged by the truth.

    Ranges of "Practical Feasibility of Gradient Inversion Attacks in Federated Learning". ``loss`` rows are what an
    attacker gets; ``oracle-ssim`` rows use the private picture to choose both options and iterate, as the paper's
    released code does. With ``candidates`` above 1 the oracle also picks the most vulnerable picture, as in the
    paper's Figure 1; ``picture`` then says which, and such a row is named ``oracle-sample``.
    """

    question: ClassVar[str] = "How much of a reported reconstruction is due to choosing with the truth at hand?"
    keys: ClassVar[tuple[str, ...]] = ("model", "mode", "attack", "selection", "picture", "seed")
    columns: ClassVar[tuple[str, ...]] = ("ssim", "psnr", "distance", "options", "trials", "picked")

    source: str = option("cifar10", "where the private pictures come from: samples, or a data set in GI_DATA")
    model: str = option("resnet18-preact", "the victim")
    mode: Literal["eval", "train"] = option("train", "mode of BatchNorm and dropout")
    attack: str = option("bn-exact", "the attack, with the options that stay as they are")
    trials: int = option(20, "runs per search", low=1, high=10_000)
    image_size: int = option(32, "picture side", low=8, high=384)
    batch_size: int = option(1, "pictures per update", low=1, high=128)
    count: int = option(5, "updates", low=1, high=1000)
    seeds: int = option(1, "seeds", low=1, high=100)
    candidates: int = option(1, "pictures among which the oracle may pick the most vulnerable", low=1, high=100)

    def cells(self) -> Iterator[Cell]:
        selections = ["loss", "oracle-ssim"] + (["oracle-sample"] if self.candidates > 1 else [])
        for seed in range(self.seeds):
            for picture in range(self.count):
                for selection in selections:
                    if selection == "oracle-sample" and picture % self.candidates:
                        continue
                    yield {
                        "model": self.model, "mode": self.mode, "attack": self.attack, "selection": selection,
                        "picture": picture, "seed": seed,
                    }  # fmt: skip

    def measure(self, cell: Cell) -> Row:
        searched = cell["selection"] == "oracle-sample"
        places = range(cell["picture"], cell["picture"] + (self.candidates if searched else 1))
        selection = "loss" if cell["selection"] == "loss" else "oracle-ssim"
        found = [(place, *self._search(place, selection, cell["seed"])) for place in places]
        place, choice, truth = max(found, key=lambda f: float(ssim(f[1].images, f[2]).mean()))
        return {
            "ssim": float(ssim(choice.images, truth).mean()),
            "psnr": float(psnr(choice.images, truth).mean()),
            "distance": choice.distance,
            "options": " ".join(f"{k}={v:.3g}" for k, v in choice.options.items()),  # type: ignore[str-format]
            "trials": self.trials,
            "picked": f"picture {place} ({len(places)} tried)",
        }

    def _search(self, place: int, selection: str, seed: int) -> tuple[Choice, Tensor]:
        truth, labels = private_pictures(self.source, self.batch_size, self.image_size, first=place * self.batch_size)
        victim = build(self.model, image_shape=(3, self.image_size, self.image_size), num_classes=10, mode=self.mode)
        training = Training(batch=self.batch_size)
        update = release(victim, truth, labels, training=training, seed=seed, share_buffers=True).defended
        observation = Observation(victim, update, self.batch_size, labels, training=training)
        return tuned(self.attack, observation, self.trials, seed, selection, truth), truth
