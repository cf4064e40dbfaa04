"""Small set-ups under cheap attacks, each judged beside its control: evidence for *Is my set-up at risk?*"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.store import address
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.judged import COLUMNS, judged, sample_names
from gi_core.studies.tradeoff import FAMILIES

KEYS = (
    "model", "image_size", "channels", "batch_size", "mode", "local_steps", "clients", "defense", "knowledge", "attack",
    "seed",
)  # fmt: skip
LONG, MATCH = "ig:steps=600", "ig:steps=300"
DELTA = "sme:lr=0.1,signed=true,tv=0.01,steps=600"
"""The optimiser and prior of ig's defaults, on a weight delta; one probe at tv=0.001 had been seen to find nothing."""
NOISE = tuple(f"clip+gaussian:sigma={z}" for z in ("0.001", "0.01", "0.1", "1"))
DEFENSES = ("topk:keep=0.1", "topk:keep=0.01", "quantize:bits=4", "quantize:bits=2", "sign", "prune:p=0.9")
GENTLE = "lenet:init=default"
MLP, CONVNET, RESNET = "mlp", "convnet:width=16", "resnet18:width=16"
FRONTIER = ("analytic", "ig:steps=150,tv=1e-3")


@dataclass(frozen=True)
class Group:
    """One set-up (the fields of a Scenario that differ from its defaults), the attacks on it, and how many draws."""

    changes: dict[str, Any]
    attacks: tuple[str, ...]
    draws: int = 2


def groups() -> Iterator[Group]:
    """Every set-up that is measured. Budgets were fixed by cost: less for what is slow."""
    told = "labels+defense"
    shared = {"mode": "train", "knowledge": "labels+buffers"}
    # LeNet
    yield Group({}, (LONG, "dlg", "venom", "fgla"))
    yield Group({"batch_size": 4}, (LONG, "fgla"))
    yield Group({"batch_size": 12}, ("ig:steps=250", "fgla"))
    yield Group({"local_steps": 5}, (DELTA, "fedavg-ig:steps=150"))
    for local_steps in (5, 20):
        yield Group({"batch_size": 4, "local_steps": local_steps}, (DELTA,))
    for clients in (8, 64):
        yield Group({"clients": clients}, (MATCH, "venom", "fgla"))
    yield Group({"batch_size": 4, "clients": 8}, (MATCH, "fgla"))
    for defense in ("clip", *NOISE):
        yield Group({"defense": defense}, (MATCH, "venom", "fgla"))
    yield Group({"batch_size": 4, "defense": NOISE[1]}, (MATCH, "fgla"))
    for defense in DEFENSES:
        yield Group({"defense": defense, "knowledge": told}, (MATCH, "fgla"))
    for size in (16, 64):
        yield Group({"image_size": size}, (MATCH,))
    yield Group({"model": "lenet:activation=relu,init=default"}, (LONG,))
    for local_steps in (1, 5):
        yield Group({"model": GENTLE, "batch_size": 4, "local_steps": local_steps}, ("fm:steps=150",), 1)
    yield Group({"model": GENTLE, "batch_size": 4, "defense": DEFENSES[0], "knowledge": told}, ("fm:steps=150",), 1)
    # fully connected
    yield Group({"model": MLP}, ("analytic", MATCH))
    for batch in (4, 12):
        yield Group({"model": MLP, "batch_size": batch}, ("analytic",))
    for batch in (1, 4):
        yield Group({"model": MLP, "batch_size": batch, "local_steps": 5}, ("analytic",))
    for clients in (8, 64):
        yield Group({"model": MLP, "clients": clients}, ("analytic",))
    for defense in (*NOISE, *DEFENSES):
        yield Group({"model": MLP, "defense": defense, "knowledge": told}, ("analytic", MATCH))
    yield Group({"model": MLP, "image_size": 64}, ("analytic",))
    # with BatchNorm, narrow, with budgets for two cores
    for model in (CONVNET, RESNET):
        yield Group({"model": model}, ("ig:steps=120",), 1)
        yield Group({"model": model, **shared}, ("bn-exact:steps=120,tv=0.01,bn=0.01",), 1)
        yield Group({"model": model, "mode": "train"}, ("ig:steps=120",), 1)
        yield Group({"model": model, "batch_size": 4}, ("ig:steps=60",), 1)
        yield Group({"model": model, "batch_size": 4, **shared}, ("bn-exact:steps=60,tv=0.01,bn=0.01",), 1)
        yield Group({"model": model, "defense": NOISE[1]}, ("ig:steps=120",), 1)
    yield Group({"model": RESNET, "batch_size": 12, **shared}, ("bn-exact:steps=30,tv=0.01,bn=0.01",), 1)
    yield Group({"model": RESNET, "local_steps": 5}, ("sme:lr=0.1,signed=true,tv=0.01,steps=80",), 1)
    yield Group({"model": RESNET, "clients": 8}, ("ig:steps=60",), 1)
    # attention and ConvNeXt
    yield Group({"model": "vit-tiny"}, ("ig:steps=60",), 1)
    yield Group({"model": "vit-tiny", "batch_size": 4}, ("ig:steps=30",), 1)
    yield Group({"model": "vit-tiny", "defense": NOISE[1]}, ("ig:steps=40",), 1)
    yield Group({"model": "convnext-atto"}, ("ig:steps=60",), 1)


def full_width() -> Iterator[Group]:
    """Networks as wide as they are used, under the strongest attack on each: narrow ones do not stand in."""
    for model in ("resnet18", "resnet18-preact", "convnet"):
        yield Group({"model": model}, ("span",))
    yield Group({"model": "resnet18", "batch_size": 2}, ("span",), 1)
    for defense in ("clip", *NOISE[:2]):
        yield Group({"model": "resnet18", "defense": defense}, ("span",), 1)
    shared = {"mode": "train", "knowledge": "labels+buffers"}
    yield Group({"model": "resnet18", **shared}, ("bn-exact:steps=120,tv=0.01,bn=0.01",), 1)
    yield Group({"model": "resnet18", "mode": "train"}, ("ig:steps=120",), 1)
    yield Group({"model": "resnet18", "batch_size": 4}, ("ig:steps=60",), 1)


def frontier() -> Iterator[Group]:
    """The defenses of ``study tradeoff`` on its victim, on a handwritten digit: what a click on its plot opens."""
    grey = {"model": "mlp:width=64,depth=1", "image_size": 28, "channels": 1, "knowledge": "labels+defense"}
    for family in FAMILIES.values():
        for defense in family:
            yield Group(grey | {"defense": defense}, FRONTIER, 1)


@studies.register("risk")
@dataclass(frozen=True, kw_only=True)
class Risk(Study):
    """Set-ups from bare to well defended, under attacks that two cores can pay for, beside their control on noise.

    Draw ``d`` has seed d and the sample pictures from number d on (in grey: a handwritten digit). Victims have fresh
    weights; pictures have 32 pixels where nothing else is said. A level of *Nothing* holds for the attack and budget of
    its row: it shows no safety. Some attacks do not apply to some rows (a delta that carries no first-layer bias, a
    defense that leaves nothing to read): such a cell has the reason in ``refused`` and no figures.
    """

    question: ClassVar[str] = "What do cheap attacks get out of a set-up like mine?"
    keys: ClassVar[tuple[str, ...]] = KEYS
    columns: ClassVar[tuple[str, ...]] = (*COLUMNS, "refused")

    draws: int = option(2, "seeds and pictures of the cheap set-ups", low=1, high=12)

    def cells(self) -> Iterator[Cell]:
        for draw in range(self.draws):
            for group in (*groups(), *full_width(), *frontier()):
                for attack in group.attacks if draw < group.draws else ():
                    yield cell_of(Scenario(**group.changes, attack=attack, seed=draw))

    def measure(self, cell: Cell) -> Row:
        scenario = scenario_of(cell)
        names = names_of(scenario)
        try:
            found = judged(scenario, names)
        except BadInput as error:
            return {
                **dict.fromkeys(COLUMNS),
                "url": scenario.to_url(),
                "samples": "+".join(names),
                "refused": str(error),
            }
        return {**found.row, "refused": None, "pictures": {address(scenario, names)[:16]: found.strip}}


def cell_of(scenario: Scenario) -> Cell:
    return {key: getattr(scenario, key) for key in KEYS}


def names_of(scenario: Scenario) -> tuple[str, ...]:
    """The sample pictures of a cell: from number ``seed`` on; in grey the handwritten digits."""
    if scenario.channels == 1:
        return ("digit-3", "digit-8")[scenario.seed % 2 :][:1]
    return sample_names(scenario.batch_size, scenario.seed)


def scenario_of(cell: Cell) -> Scenario:
    """The scenario of a cell, or of a row of the table."""
    return Scenario.from_dict({key: str(cell[key]) for key in KEYS})
