"""Venom's tables, again: attacks against epsilon, under each noise convention by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gi_core.bounds.bits import gaussian_bits
from gi_core.components import option
from gi_core.defenses import parse_stack
from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.models.base import Victim
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.measure import SCORES, attack_all, held_out

SINGLE_PASS = ("venom", "venom-diff", "fgla", "fgla:decoder=noisy")
ABLATIONS = ("venom:feature=spe", "venom:strength=constant", "venom:strength=shuffled", "venom:strength=true")
ITERATIVE = ("mjolnir", "grnn", "ig", "dlg")
STEPS = {"ig": "ig:steps={}", "grnn": "grnn:steps={}", "dlg": "dlg:steps=60", "mjolnir": "mjolnir"}

CONVENTIONS = {
    "none": "none",
    "alg1": "dp-gaussian:epsilon={},convention=alg1",
    "2C/m, m=64": "dp-gaussian:epsilon={},convention=two-c-over-m,m=64",
    "mjolnir-code": "dp-gaussian:epsilon={},convention=mjolnir-code",
    "correlated": "correlated:sigma=0.01",
    "layerwise": "layerwise-budget:epsilon=10",
    "prototype": "prototype:send=nothing",
}
EPSILONS = (10, 5, 1)

# Venom, Table 1, as far as methods.md quotes it: (data, attack, epsilon) -> PSNR in dB, SSIM, share with SSIM > 0.5.
PUBLISHED: dict[tuple[str, str, int], tuple[float | None, float | None, float | None]] = {
    ("cifar10", "venom", 1): (21.77, None, 0.72),
    ("cifar10", "venom", 5): (25.03, None, 0.86),
    ("cifar10", "venom", 10): (26.06, None, 0.88),
    ("mnist", "mjolnir", 1): (None, 0.568, 0.08),
    ("cifar10", "fgla", 5): (None, 0.602, 0.12),
    ("cifar10", "fgla", 10): (None, 0.678, 0.25),
    ("cifar10", "mjolnir", 1): (None, 0.664, 0.30),
    ("cifar10", "mjolnir", 5): (None, 0.691, 0.35),
    ("cifar100", "fgla", 1): (None, 0.581, 0.03),
    ("cifar100", "fgla", 5): (None, 0.563, 0.08),
    ("cifar100", "mjolnir", 1): (None, 0.647, 0.20),
    ("imagenet", "venom-diff", 5): (None, 0.656, 0.25),
    ("imagenet", "venom", 5): (None, 0.659, 0.28),
    ("imagenet", "venom", 10): (None, 0.726, 0.45),
}


@studies.register("venom-table")
@dataclass(frozen=True, kw_only=True)
class VenomTable(Study):
    """Attacks x data x epsilon x noise convention, each beside its control and the bits that the release can carry.

    Held-out test pictures only, one picture an update, neither labels nor defense parameters known. ``z`` is the noise
    multiplier against what one example can add; ``bits`` bounds what any attack can learn. The published columns hold
    Venom's Table 1 where we know its values; its pictures, victims' weights and training set are other than ours.
    """

    question: ClassVar[str] = "Which attack recovers what, at which noise, and could any attack at all?"
    keys: ClassVar[tuple[str, ...]] = ("data", "model", "convention", "epsilon", "attack")
    columns: ClassVar[tuple[str, ...]] = (
        "defense", "sigma", "z", "bits", "count", *SCORES, "published_psnr", "published_ssim", "published_asr", "note",
    )  # fmt: skip

    data: str = option("cifar10+mnist", "data sets in GI_DATA, joined by +")
    model: str = option("lenet", "victim")
    conventions: str = option("all", "one of the table's columns, or all")
    count: int = option(100, "pictures for single-pass attacks", low=2, high=10_000)
    iterative_count: int = option(3, "pictures for iterative attacks, 0 to leave them out", low=0, high=1000)
    steps: int = option(300, "iterations of ig and grnn", low=1, high=100_000)

    def cells(self) -> Iterator[Cell]:
        conventions = list(CONVENTIONS) if self.conventions == "all" else [self.conventions]
        groups = [SINGLE_PASS, ITERATIVE if self.iterative_count else (), ABLATIONS]
        for group in groups:
            for data in self.data.split("+"):
                for convention in conventions:
                    if group is ABLATIONS and convention not in ("none", "2C/m, m=64", "mjolnir-code"):
                        continue
                    for epsilon in EPSILONS if "{}" in CONVENTIONS[convention] else ("",):
                        for attack in group:
                            cell = {"data": data, "model": self.model, "convention": convention}
                            yield {**cell, "epsilon": epsilon, "attack": attack}

    def measure(self, cell: Cell) -> Row:
        attack, defense = cell["attack"], CONVENTIONS[cell["convention"]].format(cell["epsilon"])
        iterative = attack in ITERATIVE
        pictures = held_out(cell["data"], self.iterative_count if iterative else self.count)
        channels, height, width = pictures.images.shape[1:]
        victim = build(cell["model"], image_shape=(channels, height, width), num_classes=10)
        text = str(STEPS.get(attack, attack)).format(self.steps)
        try:
            sample = attack_all(text, defense, victim, pictures, control=not iterative)
        except BadInput as error:
            return dict.fromkeys(self.columns) | {"defense": defense, "note": str(error)}
        published = PUBLISHED.get((cell["data"], attack.split(":")[0], cell["epsilon"]), (None, None, None))
        if cell["convention"] != "alg1" or ":" in attack:
            published = (None, None, None)
        row: Row = {
            "defense": defense,
            "count": len(pictures),
            "note": None,
            **self.noise(defense, victim),
            **sample.row(),
        }
        return row | dict(zip(("published_psnr", "published_ssim", "published_asr"), published, strict=True))

    @staticmethod
    def noise(defense: str, victim: Victim) -> Row:
        """Noise scale, multiplier, and the universal bound in bits where it exists."""
        stack = parse_stack(defense)
        found = stack[0].noise(1) if stack else None
        if found is None:
            return {"sigma": None, "z": None, "bits": None}
        if found.clip == float("inf"):
            return {"sigma": found.sigma, "z": None, "bits": None}
        z = found.sigma / found.clip
        tensors = sum(1 for _ in victim.parameters()) if found.separate else 1
        return {"sigma": found.sigma, "z": z, "bits": gaussian_bits(z, tensors)}
