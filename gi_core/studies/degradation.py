"""How each defense, as it gets stronger, wears an attack down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mean, stdev
from typing import ClassVar

from gi_core.components import option
from gi_core.images import sample
from gi_core.run import run
from gi_core.scenario import Scenario
from gi_core.studies.base import Cell, Row, Study, studies

PICTURES = ("cat", "coffee", "rocket")

SWEEPS: dict[str, tuple[str, ...]] = {
    "gaussian:sigma={}": ("0.0001", "0.01", "0.1", "1", "10"),
    "clip:norm={},scope=tensor": ("100", "10", "5", "1"),
    "clip:norm={}": ("100", "5", "1"),
    "topk:keep={}": ("1", "0.5", "0.2", "0.05", "0.01"),
    "quantize:bits={}": ("12", "8", "5", "3", "2"),
}


@studies.register("degradation")
@dataclass(frozen=True, kw_only=True)
class Degradation(Study):
    """One attack on one victim under a sweep of each defense's strength, weakest first.

    Sample pictures x seeds; a joint clip only rescales the gradient, so that an attack on directions should not care.
    """

    question: ClassVar[str] = "Does each defense wear the attack down as it gets stronger?"
    keys: ClassVar[tuple[str, ...]] = ("sweep", "strength")
    columns: ClassVar[tuple[str, ...]] = ("runs", "psnr", "psnr_sd", "ssim")

    model: str = option("lenet", "victim")
    attack: str = option("ig:steps=600,tv=0.1", "attack")
    seeds: int = option(3, "seeds per picture", low=1, high=100)

    def cells(self) -> Iterator[Cell]:
        for sweep, strengths in SWEEPS.items():
            for strength in strengths:
                yield {"sweep": sweep, "strength": strength}

    def measure(self, cell: Cell) -> Row:
        scores = []
        for seed in range(self.seeds):
            scenario = Scenario(
                model=self.model, attack=self.attack, seed=seed, defense=cell["sweep"].format(cell["strength"])
            )
            for name in PICTURES:
                scores += run(scenario, sample(name, scenario.image_size, 3).unsqueeze(0)).scores
        psnrs = [s["psnr"] for s in scores]
        return {
            "runs": len(scores), "psnr": mean(psnrs), "psnr_sd": stdev(psnrs), "ssim": mean(s["ssim"] for s in scores),
        }  # fmt: skip
