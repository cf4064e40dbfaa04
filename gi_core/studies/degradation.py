"""How each defense, as it gets stronger, wears an attack down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.experiment import run
from gi_core.scenario import Scenario
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.measure import half_width
from gi_core.studies.pictures import private_pictures

SWEEPS: dict[str, tuple[str, ...]] = {
    "gaussian:sigma={}": ("0.0001", "0.01", "0.1", "1"),
    "clip:norm={},scope=tensor": ("100", "16", "8", "4", "1"),
    "clip:norm={}": ("100", "16", "4", "1"),
    "topk:keep={}": ("1", "0.5", "0.2", "0.05", "0.01"),
    "quantize:bits={}": ("8", "5", "3", "2"),
}


@studies.register("degradation")
@dataclass(frozen=True, kw_only=True)
class Degradation(Study):
    """One attack on one victim under a sweep of each defense's strength, weakest first.

    The same pictures and seeds at every strength, so that ``change``, the mean difference from the weaker neighbour,
    is paired: its 95 % interval is much narrower than the scores' own spread. A joint clip only rescales the gradient,
    so that an attack on directions cannot care; it is swept a second time with the squared distance.
    """

    question: ClassVar[str] = "Does each defense wear the attack down as it gets stronger?"
    keys: ClassVar[tuple[str, ...]] = ("attack", "sweep", "strength")
    columns: ClassVar[tuple[str, ...]] = ("runs", "psnr", "psnr_sd", "ssim", "change", "change_ci")

    model: str = option("lenet", "victim")
    attack: str = option("ig:steps=600", "attack")
    source: str = option("samples", "private pictures: samples, or a data set in GI_DATA")
    count: int = option(3, "pictures", low=2, high=10_000)
    seeds: int = option(3, "seeds per picture", low=1, high=100)

    def cells(self) -> Iterator[Cell]:
        for sweep, strengths in SWEEPS.items():
            for weaker, strength in pairwise((None, *strengths)):
                yield {"attack": self.attack, "sweep": sweep, "strength": strength, "weaker": weaker}
        for weaker, strength in pairwise((None, *SWEEPS["clip:norm={}"])):
            attack = f"{self.attack},objective=l2"
            yield {"attack": attack, "sweep": "clip:norm={}", "strength": strength, "weaker": weaker}

    def measure(self, cell: Cell) -> Row:
        psnr, ssim = self.scores(cell["attack"], cell["sweep"], cell["strength"])
        row: Row = {
            "runs": len(psnr), "psnr": float(psnr.mean()), "psnr_sd": float(psnr.std()), "ssim": float(ssim.mean()),
            "change": None, "change_ci": None,
        }  # fmt: skip
        if cell["weaker"] is not None:
            change = psnr - self.scores(cell["attack"], cell["sweep"], cell["weaker"])[0]
            row |= {"change": float(change.mean()), "change_ci": half_width(change)}
        return row

    def scores(self, attack: str, sweep: str, strength: str) -> tuple[Tensor, Tensor]:
        """(runs,) PSNR in dB and (runs,) SSIM."""
        return attacked(self.model, attack, sweep.format(strength), self.source, self.count, self.seeds)


@lru_cache(maxsize=2)
def attacked(model: str, attack: str, defense: str, source: str, count: int, seeds: int) -> tuple[Tensor, Tensor]:
    """PSNR and SSIM of each picture under each seed; the last two are kept, for the stronger neighbour's difference."""
    pictures, labels = private_pictures(source, count, 32)
    scores = [
        run(Scenario(model=model, attack=attack, seed=seed, defense=defense), pictures[i : i + 1], labels[i : i + 1])
        .scores[0]
        for seed in range(seeds)
        for i in range(count)
    ]  # fmt: skip
    return torch.tensor([s["psnr"] for s in scores]), torch.tensor([s["ssim"] for s in scores])
