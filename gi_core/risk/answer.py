"""Is my set-up at risk? The nearest measured runs, what they found, and what they do not say."""

from __future__ import annotations

import math
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, Literal, TypeVar

from gi_core.bounds import Bound, Setting, applicable
from gi_core.components import check_value, option, parse_value
from gi_core.defenses import Defense, parse_stack, stack_text
from gi_core.defenses.base import noise_of
from gi_core.defenses.clip import Clip
from gi_core.errors import BadInput
from gi_core.evaluation.verdict import STRUCTURE, WORDS
from gi_core.models import build
from gi_core.risk.evidence import Evidence, rows, runs, tables
from gi_core.scenario import Scenario

LIMIT = 2.0
"""Runs farther than this from a set-up say nothing about it."""
SLACK = 0.5
"""Beside the nearest set-up, those at most this much farther count: they span the range."""
CLOSE = 1.0
"""A change is recommended on runs at most this far from the changed set-up."""
DISTANCE_SAYS = (
    "Distance counts factors of two in pictures per update, local steps, summed clients and picture side, two for each"
    " factor of ten in a defense's strength, and 0.5 for another network of the same family or for grey against colour;"
    " another family, BatchNorm mode or kind of defense, or a distance above 2, counts as not measured."
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
NORMALISED = ("convnet", "resnet18", "resnet18-preact", "yolov8n", "maxvit-tiny")
"""Victims with BatchNorm; for the others its mode is no matter."""
N = TypeVar("N", int, float)


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
    batchnorm: Literal["eval", "train", "shared"] = option(
        "train", "BatchNorm statistics: fixed, the batch's own, or the batch's own and sent along"
    )
    participants: int = option(1, "clients that take part in a round", low=1, high=1000)
    secure_aggregation: bool = option(False, "the server sees the sum over the participants only")
    defense: str = option("none", "clipping, noise and what else the client does to its update")

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for field in fields(self):
            check_value(field.name, getattr(self, field.name), hints[field.name], field.metadata)
        object.__setattr__(self, "defense", stack_text(parse_stack(self.defense)))
        object.__setattr__(self, "model", self.scenario.model)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SetUp:
        """From field names to values; values may be text. Raises BadInput for unknown fields."""
        hints = typing.get_type_hints(cls)
        allowed = [f.name for f in fields(cls)]
        if unknown := [name for name in values if name not in allowed]:
            raise BadInput(f"unknown field {unknown[0]!r}: allowed are {', '.join(allowed)}")
        return cls(**{n: parse_value(n, v, hints[n]) if isinstance(v, str) else v for n, v in values.items()})

    @property
    def clients(self) -> int:
        """Clients whose updates reach the server as one sum."""
        return self.participants if self.secure_aggregation else 1

    @property
    def scenario(self) -> Scenario:
        """What the server learns of this set-up, as the start of an experiment in the Lab.

        Raises:
            BadInput: fields that contradict each other, such as clipping per example after several local steps.
        """
        known = ["labels"] + ["defense"] * (self.defense != "none")
        known += ["buffers"] * (self.batchnorm == "shared" and self.name in NORMALISED)
        return Scenario(
            model=self.model, image_size=self.image_size, channels=self.channels, batch_size=self.batch_size,
            local_steps=self.local_steps, mode="eval" if self.batchnorm == "eval" else "train", clients=self.clients,
            defense=self.defense, knowledge="+".join(known),
        )  # fmt: skip

    @property
    def name(self) -> str:
        return self.model.partition(":")[0]


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


@dataclass(frozen=True)
class Place:
    """Where a set-up stands: what must agree, and what counts by its ratio."""

    family: str
    batchnorm: str
    defense: str
    network: str
    grey: bool
    numbers: tuple[int, int, int, int]
    strength: float | None

    def distance(self, other: Place) -> float:
        """By DISTANCE_SAYS; infinite where something that must agree does not."""
        if (self.family, self.batchnorm, self.defense) != (other.family, other.batchnorm, other.defense):
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
    return Place(family, mode, kind, scenario.model, scenario.channels == 1, numbers, strength)


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


@dataclass(frozen=True)
class Near:
    """A measurement and its distance from the set-up."""

    evidence: Evidence
    distance: float


@dataclass(frozen=True)
class Change:
    """Something to do differently, with what was measured there.

    ``cost``: what it costs, in a sentence. ``levels``: range of verdicts there.
    """

    says: str
    levels: tuple[int, int]
    runs: int
    cost: str


@dataclass(frozen=True)
class Answer:
    """What is known of a set-up.

    Attributes:
        setup; found: ranges over the near runs; None where no judged run is near.
        runs: judged runs, nearest first: the evidence. tables: rows of studies over many pictures that are near.
        nearest: distance to the nearest measurement of all; infinite where nothing is comparable.
        sentence: the answer. change: what to do differently; outside: what the answer does not cover.
        bounds: theorems that hold for the set-up.
    """

    setup: SetUp
    found: Summary | None
    runs: tuple[Near, ...]
    tables: tuple[Near, ...]
    nearest: float
    sentence: str
    change: tuple[Change, ...]
    outside: tuple[str, ...]
    bounds: tuple[Bound, ...]

    @property
    def measured(self) -> bool:
        return bool(self.runs or self.tables)


def answer(setup: SetUp) -> Answer:
    """Look the set-up up among all that was measured. It computes bounds, and runs no attack."""
    judged, rest = near(setup, runs()), near(setup, tables())
    found = summary(judged)
    closest = min((n.distance for n in (*all_near(setup, runs()), *all_near(setup, tables()))), default=math.inf)
    return Answer(
        setup, found, judged, rest, closest, sentence(found, judged, rest, closest), tuple(changes(setup, found)),
        tuple(outside(setup)), tuple(bounds_of(setup)),
    )  # fmt: skip


def all_near(setup: SetUp, found: Sequence[Evidence]) -> list[Near]:
    """Everything comparable, nearest first, among equals what leaked most."""
    own = place(setup.scenario)
    if own is None:
        return []
    measured = [Near(e, own.distance(there)) for e in found if (there := place(e.scenario)) is not None]
    comparable = (n for n in measured if math.isfinite(n.distance))
    return sorted(comparable, key=lambda n: (n.distance, -(n.evidence.level() or 0), -(n.evidence.gain or 0.0)))


def near(setup: SetUp, found: Sequence[Evidence]) -> tuple[Near, ...]:
    """The nearest measurements and those within SLACK of them, up to LIMIT."""
    comparable = all_near(setup, found)
    reach = min(LIMIT, comparable[0].distance + SLACK) if comparable else 0.0
    return tuple(n for n in comparable if n.distance <= reach + 1e-9)


def strongest(found: Sequence[Near], pictures: int = 0) -> list[Evidence]:
    """Of each set-up and choice of pictures, the attack that found most: an oracle's choice, made with the truth.

    ``pictures``: as for :meth:`Evidence.level`.
    """
    best: dict[tuple[Place | None, tuple[str, ...]], Evidence] = {}
    for one in found:
        e = one.evidence
        key = (place(e.scenario), e.pictures)
        if key not in best or merit(e, pictures) > merit(best[key], pictures):
            best[key] = e
    return list(best.values())


def merit(e: Evidence, pictures: int) -> tuple[int, float]:
    return (e.level(pictures) or 0, e.gain or 0.0)


@dataclass(frozen=True)
class Summary:
    """Ranges over the strongest attack on each picture of the near set-ups.

    Attributes:
        levels: verdicts, where all near runs together share the 5 % of chance that a verdict of *Colours and layout*
            allows one of them: among many runs some land high in the line-up by luck.
        alone: runs that would reach more than *Nothing* alone, and do not among so many.
        gain, mean_gain: SSIM over control; rank: among ``candidates``.
    """

    levels: tuple[int, int]
    alone: int
    gain: tuple[float, float]
    mean_gain: float
    rank: tuple[int, int]
    candidates: int


def summary(found: Sequence[Near]) -> Summary | None:
    """None without judged runs."""
    pictures = sum(n.evidence.count for n in found)
    best = strongest(found, pictures)
    if not best:
        return None
    inputs = [e.judged for e in best if e.judged is not None]
    gains = [e.gain or 0.0 for e in best]
    return Summary(
        span([i.level(pictures) for i in inputs]),
        sum(bool(n.evidence.level()) and not n.evidence.level(pictures) for n in found),
        span(gains),
        sum(gains) / len(gains),
        span([i.rank for i in inputs]),
        inputs[0].candidates,
    )


def span(values: Sequence[N]) -> tuple[N, N]:
    return min(values), max(values)


def counted(runs: int) -> str:
    return f"{runs} run" if runs == 1 else f"{runs} runs"


def range_words(low: int, high: int) -> str:
    """``Nothing``, or ``from Nothing to Faithful``."""
    return WORDS[low] if low == high else f"from {WORDS[low]} to {WORDS[high]}"


def sentence(found: Summary | None, judged: Sequence[Near], rest: Sequence[Near], closest: float) -> str:
    """The answer in a sentence or two, without a guess."""
    gains = [n.evidence.gain for n in rest if n.evidence.gain is not None]
    if found is None:
        if gains:
            return (
                f"Measured in a table without a line-up, so without a verdict: SSIM gain over control from"
                f" {min(gains):+.2f} to {max(gains):+.2f}."
            )
        if math.isfinite(closest) and closest > LIMIT:
            return f"Not measured: the nearest run is {closest:.1f} away, and beyond {LIMIT:g} it says nothing."
        return "Not measured: no run here has this family of network, BatchNorm mode and kind of defense."
    count, distance = len(judged), judged[0].distance
    where = "at this very set-up" if distance == 0 else f"at distance {distance:.1f}"
    where = where if judged[-1].distance - distance < 0.05 else f"the nearest {where}"
    words = range_words(*found.levels)
    told = f"{words[0].upper()}{words[1:]}: the strongest of the attacks tried, over {counted(count)}, {where}"
    if found.levels[1] == 0:
        told += "; that is what these attacks and budgets found, not a promise"
        if found.mean_gain >= STRUCTURE[0]:
            likeness = f"Likeness does rise, by an SSIM of {found.mean_gain:.2f} in the mean"
            told += f". {likeness}, but the line-up does not find the picture"
    if found.alone:
        told += f". Alone {counted(found.alone)} would read as {WORDS[1]} or more; among so many, that much is luck"
    top = max(gains, default=-math.inf)
    if top > found.gain[1] + 0.1:
        told += f". A longer study nearby found more: SSIM gain {top:+.2f}, see the tables"
    return told + "."


# ---- what to change -------------------------------------------------------------------------------------------------


def candidates_of(setup: SetUp) -> Iterator[tuple[str, SetUp, str]]:
    """Single changes worth looking up: what to do, the changed set-up, and what it costs."""
    if setup.batch_size < 12:
        yield (
            "Send one update for more pictures: 12 instead of fewer",
            replace(setup, batch_size=12),
            ("More memory on the device; a fully connected first layer still gives single pictures away."),
        )
    for clients in (8, 64):
        if setup.clients < clients:
            changed = replace(setup, participants=max(clients, setup.participants), secure_aggregation=True)
            yield (
                f"Sum {changed.participants} clients by secure aggregation",
                changed,
                ("A protocol round more, and all clients of a round must finish."),
            )
    if setup.batchnorm != "train" and setup.name in NORMALISED:
        yield (
            "Train with the batch's own BatchNorm statistics and keep them",
            replace(setup, batchnorm="train"),
            ("The server needs another source of statistics for evaluation."),
        )
    if setup.local_steps == 1:
        for z in ("0.1", "1"):
            text = f"clip+gaussian:sigma={z}"
            yield f"Clip each example and add noise of {z} times the clip", replace(setup, defense=text), cost_of(text)


def cost_of(defense: str) -> str:
    """Accuracy under a defense, as the trade-off study measured it."""
    wanted = defense_of(Scenario(defense=defense))
    bare = next(float(r["accuracy"]) for r in rows("tradeoff") if r["defense"] == "none")
    for row in rows("tradeoff"):
        if defense_of(Scenario(defense=row["defense"])) == wanted:
            return (
                f"Accuracy on MNIST after {row['rounds']} rounds: {100 * float(row['accuracy']):.0f} % instead of"
                f" {100 * bare:.0f} % (study tradeoff)."
            )
    return "Its cost in accuracy was not measured."


def changes(setup: SetUp, now: Summary | None) -> Iterator[Change]:
    """Changes after which the near runs found less, the measured ones only, the safest first."""
    if now is None or now.levels[1] == 0:
        return
    found = []
    for says, changed, cost in candidates_of(setup):
        try:
            judged = near(changed, runs())
        except BadInput:
            continue
        after = summary(judged) if judged and judged[0].distance <= CLOSE else None
        if after is not None and after.levels[1] < now.levels[1]:
            found.append(Change(says, after.levels, len(judged), cost))
    yield from sorted(found, key=lambda c: c.levels[1])


# ---- what the answer does not cover ---------------------------------------------------------------------------------


def outside(setup: SetUp) -> Iterator[str]:
    """What was not measured, one sentence each."""
    yield "The server follows the protocol: one that sends crafted weights can read far more."
    yield "Victims have fresh weights and the attacker knows the labels; after training most attacks find less."
    yield "One update: the same pictures sent in several rounds add up, and noise averages out."
    if setup.local_steps == 1 and setup.secure_aggregation:
        yield "In a sum the attacks look for one client's pictures; an attack on all of them at once was not run."
    if setup.participants > 1 and not setup.secure_aggregation:
        yield "Without secure aggregation each of the participants sends its update alone: their number hides nothing."
    yield "Budgets are small (see the number of steps in each run): 'Nothing' is no proof of safety, only a bound is."
    yield "Pictures are photographs and drawings of 16 to 64 pixels; other data, such as text, is another question."


def bounds_of(setup: SetUp) -> list[Bound]:
    """Bounds that need no picture. [] for victims that cannot be built at this size."""
    scenario = setup.scenario
    try:
        victim = build(
            scenario.model, image_shape=scenario.image_shape, num_classes=scenario.num_classes, source="init",
            mode=scenario.mode,
        )  # fmt: skip
    except BadInput:
        return []
    return applicable(Setting.of(scenario, victim))
