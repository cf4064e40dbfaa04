"""A federated set-up without an attack, and how far it stands from a measured one."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Literal

from gi_core.components import check_value, field_types, option, parse_value
from gi_core.defenses import Defense, parse_stack, stack_text
from gi_core.defenses.base import noise_of
from gi_core.defenses.clip import Clip
from gi_core.errors import BadInput
from gi_core.models import models
from gi_core.scenario import Scenario

DISTANCE_SAYS = (
    "Distance counts factors of two in pictures per update, local steps, summed clients and picture side, two for each"
    " factor of ten in a defense's strength, and 0.5 for another network of the same family or for grey against colour;"
    " another family, width, BatchNorm mode or kind of defense, or a distance above 2, counts as not measured."
)

FAMILIES: dict[str, tuple[str, ...]] = {
    "fully connected": ("mlp",),
    "small convolutional, no BatchNorm": ("lenet",),
    "convolutional with BatchNorm": ("convnet",),
    "ResNet": ("resnet18", "resnet18-preact"),
    "vision transformer": ("vit-tiny", "vit-base-16"),
    "window transformer (Swin)": ("swin-tiny", "swinv2-tiny"),
    "ConvNeXt": ("convnext-atto", "convnext-tiny"),
    "MaxViT": ("maxvit-tiny",),
    "detector (YOLO)": ("yolov8n",),
}
MOST_STEPS = 1000
NORMALISED = ("convnet", "resnet18", "resnet18-preact", "yolov8n", "maxvit-tiny")
"""Victims with BatchNorm; for the others its mode is no matter."""


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """A federated set-up, without an attack.

    Raises:
        BadInput: a value outside its range, an unknown victim or defense.
    """

    model: str = option("resnet18", "the network being trained")
    image_size: int = option(32, "picture side in pixels", low=11, high=384)
    channels: int = option(3, "3 for colour, 1 for grey", low=1, high=3)
    batch_size: int = option(1, "pictures per update", low=1, high=128)
    local_steps: int = option(1, "training steps before a client answers", low=1, high=1000)
    examples: int = option(0, "pictures in the client's data set; 0: those of the local steps", low=0, high=10_000_000)
    local_epochs: int = option(1, "passes over the client's data set before it answers", low=1, high=1000)
    rounds: int = option(1, "rounds that a client takes part in: epsilon adds up", low=1, high=1_000_000)
    batchnorm: Literal["eval", "train", "shared"] = option(
        "train", "BatchNorm statistics: fixed, the batch's own, or the batch's own and sent along"
    )
    participants: int = option(1, "clients that take part in a round", low=1, high=1000)
    secure_aggregation: bool = option(False, "the server sees the sum over the participants only")
    defense: str = option("none", "clipping, noise and what else the client does to its update")

    def __post_init__(self) -> None:
        hints = field_types(type(self))
        for field in fields(self):
            check_value(field.name, getattr(self, field.name), hints[field.name], field.metadata)
        object.__setattr__(self, "defense", stack_text(parse_stack(self.defense)))
        object.__setattr__(self, "model", self.scenario.model)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SetUp:
        """From field names to values; values may be text. Raises BadInput for unknown fields."""
        hints = field_types(cls)
        allowed = [f.name for f in fields(cls)]
        if unknown := [name for name in values if name not in allowed]:
            raise BadInput(f"unknown field {unknown[0]!r}: allowed are {', '.join(allowed)}")
        return cls(**{n: parse_value(n, v, hints[n]) if isinstance(v, str) else v for n, v in values.items()})

    @property
    def clients(self) -> int:
        """Clients whose updates reach the server as one sum."""
        return self.participants if self.secure_aggregation else 1

    @property
    def steps(self) -> int:
        """Local steps of a round: as told, or as the data set, batch and epochs make them."""
        return self.local_epochs * math.ceil(self.examples / self.batch_size) if self.examples else self.local_steps

    @property
    def first_step_only(self) -> bool:
        """Clipping per example at each of several local steps: no attack here reads their sum, one step stands in."""
        return self.steps > 1 and any(d.per_example for d in parse_stack(self.defense))

    @property
    def scenario(self) -> Scenario:
        """What the server learns of this set-up, as the start of an experiment in Explore.

        Local steps beyond what an experiment can have count as that many. Raises BadInput for fields that contradict
        each other.
        """
        known = ["labels"] + ["defense"] * (self.defense != "none")
        known += ["buffers"] * (self.batchnorm == "shared" and self.name in NORMALISED)
        return Scenario(
            model=self.model, image_size=self.image_size, channels=self.channels, batch_size=self.batch_size,
            local_steps=1 if self.first_step_only else min(self.steps, MOST_STEPS),
            mode="eval" if self.batchnorm == "eval" else "train", clients=self.clients,
            defense=self.defense, knowledge="+".join(known),
        )  # fmt: skip

    @property
    def name(self) -> str:
        return self.model.partition(":")[0]


def setting_of(scenario: Scenario) -> Scenario:
    """What is attacked, without who attacks: no attack, seed or knowledge, but for statistics that are sent along."""
    normalised = scenario.model.partition(":")[0] in NORMALISED
    shared = normalised and scenario.mode == "train" and "buffers" in scenario.facts
    return scenario.replace(
        attack="ig", seed=0, knowledge="labels+buffers" if shared else "labels",
        mode=scenario.mode if normalised else "eval",
    )  # fmt: skip


EXAMPLES = {
    "One picture, small network, no defense": SetUp(model="lenet"),
    "Four pictures, small network": SetUp(model="lenet", batch_size=4),
    "Sixteen pictures, small network": SetUp(model="lenet", batch_size=16),
    "Five local steps": SetUp(model="lenet", batch_size=4, local_steps=5),
    "Eight participants, secure aggregation": SetUp(model="lenet", participants=8, secure_aggregation=True),
    "Fifty participants, secure aggregation": SetUp(model="lenet", participants=50, secure_aggregation=True),
    "Clip and noise, z = 0.1": SetUp(model="lenet", defense="clip+gaussian:sigma=0.1"),
    "Differential privacy, ε = 1": SetUp(model="lenet", defense="dp-gaussian:epsilon=1"),
    "Fully connected, largest 10 % of the update": SetUp(model="mlp", defense="topk:keep=0.1"),
    "ResNet, BatchNorm statistics sent along": SetUp(model="resnet18", batchnorm="shared"),
    "ResNet, four pictures": SetUp(model="resnet18", batch_size=4, batchnorm="eval"),
    "Vision transformer": SetUp(model="vit-tiny"),
    "Far from all that was measured": SetUp(model="swin-tiny", batch_size=64, local_steps=100),
}
"""Set-ups to begin with, in words."""


MUST_AGREE = ("family", "width", "batchnorm", "defense")


@dataclass(frozen=True)
class Place:
    """Where a set-up stands: what must agree, and what counts by its ratio."""

    family: str
    width: int | None
    batchnorm: str
    defense: str
    network: str
    grey: bool
    numbers: tuple[int, int, int, int]
    strength: float | None

    def distance(self, other: Place) -> float:
        """By DISTANCE_SAYS; infinite where something that must agree does not."""
        if any(getattr(self, name) != getattr(other, name) for name in MUST_AGREE):
            return math.inf
        far = sum(abs(math.log2(a / b)) for a, b in zip(self.numbers, other.numbers, strict=True))
        if self.strength is not None and other.strength is not None:
            far += 2 * abs(math.log10(self.strength / other.strength))
        return far + 0.5 * (self.network != other.network) + 0.5 * (self.grey != other.grey)


@lru_cache(maxsize=4096)
def place(scenario: Scenario) -> Place | None:
    """Where a scenario stands; None for trained weights or a victim without a family, which no set-up is near to."""
    name = scenario.model.partition(":")[0]
    family = next((family for family, names in FAMILIES.items() if name in names), None)
    if family is None or scenario.weights != "init":
        return None
    shared = "buffers" in scenario.facts
    mode = "" if name not in NORMALISED else "shared" if scenario.mode == "train" and shared else scenario.mode
    kind, strength = defense_of(scenario)
    numbers = (scenario.batch_size, scenario.local_steps, scenario.clients, scenario.image_size)
    width = getattr(models.parse(scenario.model), "width", None)
    return Place(family, width, mode, kind, scenario.model, scenario.channels == 1, numbers, strength)


STRENGTHS = {"topk": "keep", "quantize": "bits", "prune": "p", "gaussian": "sigma", "laplace": "b", "dropout": "p"}


def defense_of(scenario: Scenario) -> tuple[str, float | None]:
    """Kind of a scenario's defense and its strength, where that is a number to compare.

    Clip and noise, by whatever name, is one kind, and its strength is noise over clip. A joint clip alone only
    rescales the update, so its norm is no strength. What has no strength to compare is its whole text.
    """
    stack: tuple[Defense, ...] = scenario.defense_stack
    if not stack:
        return "none", None
    noise = noise_of(stack, scenario.batch_size)
    if noise is not None and math.isfinite(noise.clip):
        others = [d.text for d in stack if not isinstance(d, Clip) and d.noise(scenario.batch_size) is None]
        scope = ", each tensor on its own" if noise.separate else ""
        return "+".join([f"clip and {noise.kind} noise{scope}", *others]), noise.sigma / noise.clip
    (first, *more) = stack
    if isinstance(first, Clip) and not more:
        return f"clip, {first.scope}", None
    name = STRENGTHS.get(first.name) if not more else None
    if name is None:
        return stack_text(stack), None
    value = float(getattr(first, name))
    if first.name == "prune":
        value = 1 - value  # the share that stays
    return (first.name, value) if value > 0 else (first.text, None)
