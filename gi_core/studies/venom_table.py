"""Venom's tables, again: attacks against epsilon, under each noise convention by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from gi_core.bounds.bits import gaussian_bits
from gi_core.components import option
from gi_core.defenses import parse_stack
from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.models.base import Victim
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.measure import SCORES, Measured, attack_each, classes_of, held_out
from gi_core.studies.published import venom_table

SINGLE_PASS = ("venom", "venom-diff", "fgla", "fgla:decoder=noisy")
ABLATIONS = ("venom:feature=spe", "venom:strength=constant", "venom:strength=shuffled", "venom:strength=true")
ITERATIVE = ("mjolnir", "grnn", "ig", "dlg")
BUDGETS = {
    "ig": "ig:steps={0.steps}",
    "grnn": "grnn:steps={0.steps}",
    "dlg": "dlg:steps={0.dlg_steps}",
    "mjolnir": "mjolnir:steps={0.denoising},then=(dlg:steps={0.then_steps})",
}

CONVENTIONS = {
    "none": "none",
    "alg1": "dp-gaussian:epsilon={},convention=alg1",
    "2C/64": "dp-gaussian:epsilon={},convention=two-c-over-m,m=64",
    "mjolnir-code": "dp-gaussian:epsilon={},convention=mjolnir-code",
    "correlated": "correlated:sigma=0.01",
    "layerwise": "layerwise-budget:epsilon=10",
    "prototype": "prototype:send=nothing",
}
CONTROL = "control"
"""Not a convention: the iterative attacks given pure noise of the undefended update's size."""
EPSILONS = (10, 5, 1)


@studies.register("venom-table")
@dataclass(frozen=True, kw_only=True)
class VenomTable(Study):
    """Attacks x data x epsilon x noise convention, each beside its control and the bits that the release can carry.

    Held-out test pictures only, one picture an update, neither labels nor defense parameters known. Single-pass attacks
    of a cell get the very same updates, and each its own control; iterative attacks, which cost far more, have control
    rows instead: noise of the undefended update's size. ``budget`` is the attack as it ran, ``z`` the noise multiplier
    against what one example can add; ``bits`` bounds what any attack can learn. The published columns hold Venom's
    Table 1 where we know its values; its pictures, victims' weights and training set are other than ours.
    """

    question: ClassVar[str] = "Which attack recovers what, at which noise, and could any attack at all?"
    keys: ClassVar[tuple[str, ...]] = ("data", "model", "convention", "epsilon", "attack")
    columns: ClassVar[tuple[str, ...]] = (
        "budget", "defense", "sigma", "z", "bits", "count", *SCORES, "published_psnr", "published_ssim",
        "published_asr", "note",
    )  # fmt: skip

    data: str = option("cifar10+mnist", "data sets in GI_DATA, joined by +")
    model: str = option("lenet", "victim")
    conventions: str = option("all", "columns of the table, joined by +, or all")
    count: int = option(100, "pictures for single-pass attacks, 0 to leave them out", low=0, high=10_000)
    iterative_count: int = option(3, "pictures for iterative attacks, 0 to leave them out", low=0, high=1000)
    steps: int = option(300, "iterations of ig and grnn", low=1, high=100_000)
    dlg_steps: int = option(60, "iterations of dlg", low=1, high=100_000)
    denoising: int = option(40, "denoising steps of mjolnir", low=1, high=1000)
    then_steps: int = option(100, "iterations of dlg on mjolnir's gradient", low=1, high=100_000)
    ablations: bool = option(True, "venom's ablations too")

    def __post_init__(self) -> None:
        super().__post_init__()
        unknown = [name for name in self.columns_asked if name not in (*CONVENTIONS, CONTROL)]
        if unknown:
            raise BadInput(f"venom-table:conventions={unknown[0]}: allowed are {', '.join([*CONVENTIONS, CONTROL])}")

    @property
    def columns_asked(self) -> list[str]:
        return [*CONVENTIONS, CONTROL] if self.conventions == "all" else self.conventions.split("+")

    def cells(self) -> Iterator[Cell]:
        groups = [
            SINGLE_PASS if self.count else (),
            ITERATIVE if self.iterative_count else (),
            ABLATIONS if self.count and self.ablations else (),
        ]
        for group in groups:
            for convention in self.columns_asked:
                if group is ABLATIONS and convention not in ("none", "2C/64", "mjolnir-code"):
                    continue
                if group is not ITERATIVE and convention == CONTROL:
                    continue
                for epsilon in EPSILONS if "{}" in CONVENTIONS.get(convention, "") else ("",):
                    for data in self.data.split("+"):
                        for attack in group:
                            cell = {"data": data, "model": self.model, "convention": convention}
                            yield {**cell, "epsilon": epsilon, "attack": attack}

    def measure(self, cell: Cell) -> Row:
        attack, control = cell["attack"], cell["convention"] == CONTROL
        defense = CONVENTIONS["none" if control else cell["convention"]].format(cell["epsilon"])
        budget = BUDGETS.get(attack, str(attack)).format(self)
        if attack in ITERATIVE:
            found = updates_attacked(cell["data"], cell["model"], defense, (budget,), self.iterative_count, control)
        else:
            siblings = SINGLE_PASS if attack in SINGLE_PASS else ABLATIONS
            found = updates_attacked(cell["data"], cell["model"], defense, siblings, self.count, False)
        sample, row = found[budget], dict.fromkeys(self.columns) | {"budget": budget, "defense": defense}
        if isinstance(sample, BadInput):
            return row | {"note": str(sample)}
        beside = cell["convention"] == "alg1" and ":" not in attack
        published = venom_table().get((cell["data"], attack, cell["epsilon"])) if beside else None
        row |= {"count": len(sample.images), **self.noise(defense, table_victim(cell["data"], cell["model"]))}
        row |= sample.row()
        return row | {f"published_{name}": published and getattr(published, name) for name in ("psnr", "ssim", "asr")}

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


def table_victim(data: str, model: str) -> Victim:
    channels, height, width = held_out(data, 1).images.shape[1:]
    return build(model, image_shape=(channels, height, width), num_classes=classes_of(data))


@lru_cache(maxsize=1)
def updates_attacked(
    data: str, model: str, defense: str, texts: tuple[str, ...], count: int, blank: bool
) -> dict[str, Measured | BadInput]:
    """Attacks on the same updates; kept until another cell's updates are asked for."""
    single_pass = texts in (SINGLE_PASS, ABLATIONS)
    victim, pictures = table_victim(data, model), held_out(data, count)
    return attack_each(texts, defense, victim, pictures, control=single_pass, blank=blank)
