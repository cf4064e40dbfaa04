"""The side file ``update.json``: what one client did, as its framework tells. Every field may also be given by hand."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, fields
from typing import Any

from gi_core.errors import BadInput
from gi_core.models.tensor_files import shown

LARGEST = 2**20
"""Bytes of a side file."""
DEEPEST = 16
LARGEST_NUMBER = 10**9

PLACES: dict[str, tuple[str, ...]] = {
    "framework": ("framework",), "framework_version": ("framework_version",), "api": ("api",), "sends": ("sends",),
    "round": ("round",), "client": ("client",), "note": ("note",), "model": ("model",),
    "channels": ("input", "channels"), "side": ("input", "side"), "mean": ("input", "mean"), "std": ("input", "std"),
    "augmentation": ("input", "augmentation"), "pictures": ("training", "pictures"), "batch": ("training", "batch"),
    "epochs": ("training", "epochs"), "optimiser": ("training", "optimiser"), "lr": ("training", "lr"),
    "momentum": ("training", "momentum"), "weight_decay": ("training", "weight_decay"),
    "loss": ("training", "loss"), "mode": ("training", "mode"), "dp_sgd": ("training", "dp_sgd"),
    "filters": ("filters",), "steps": ("steps",), "metrics_sent": ("metrics_sent",), "wire": ("wire",),
    "before": ("files", "before"), "sent": ("files", "sent"), "truth": ("files", "truth"),
}  # fmt: skip
"""Field -> where the side file has it."""


@dataclass(frozen=True)
class Filter:
    """A filter of a framework that the update passed: its name there, and its options."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """What is said of an update; None where nothing is said.

    Attributes:
        sends: "weights", "delta" or "gradient".
        model: component text, or {"arch": name, ...options} as the side file has it.
        channels, side, mean, std: of the pictures, pixels normalised as (p - mean) / std.
        pictures: of the client; batch: per step; epochs, steps; optimiser: "sgd" or "adam"; lr, momentum, weight_decay.
        mode: "train" or "eval"; dp_sgd: {"noise_multiplier": z, "max_grad_norm": C}.
        filters: passed on the way out, in order.
        metrics: numbers that left beside the update, by their last name.
        before, sent, truth: file names.
    """

    framework: str | None = None
    framework_version: str | None = None
    api: str | None = None
    sends: str | None = None
    round: int | None = None
    client: str | None = None
    note: str | None = None
    model: str | dict[str, Any] | None = None
    channels: int | None = None
    side: int | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    augmentation: str | None = None
    pictures: int | None = None
    batch: int | None = None
    epochs: int | None = None
    optimiser: str | None = None
    lr: float | None = None
    momentum: float | None = None
    weight_decay: float | None = None
    loss: str | None = None
    mode: str | None = None
    dp_sgd: dict[str, Any] | None = None
    filters: tuple[Filter, ...] | None = None
    steps: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    before: str | None = None
    sent: str | None = None
    truth: str | None = None


def parse(text: bytes | str) -> dict[str, Any]:
    """A side file as plain data. Raises BadInput for what is no JSON object, too large, too deep, or ambiguous."""
    if len(text) > LARGEST:
        raise BadInput(f"update.json has {len(text):,} bytes: at most {LARGEST:,} are allowed")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        twice = next((key for key in keys if keys.count(key) > 1), None) if len(set(keys)) < len(keys) else None
        if twice is not None:
            raise BadInput(f"update.json has the key {shown(twice)} twice")
        return dict(pairs)

    def refused(constant: str) -> Any:
        raise BadInput(f"update.json holds {constant}, which is no number")

    try:
        found = json.loads(text, object_pairs_hook=once, parse_constant=refused)
    except BadInput:
        raise
    except (ValueError, RecursionError) as error:
        raise BadInput(f"update.json is not JSON ({str(error)[:80]})") from None
    if not isinstance(found, dict):
        raise BadInput("update.json holds no object: {...} is needed")
    if depth(found) > DEEPEST:
        raise BadInput(f"update.json is nested deeper than {DEEPEST} levels")
    if found.get("format", 1) != 1:
        raise BadInput(f"update.json has format {shown(str(found['format']))}: 1 is known")
    return found


def depth(value: Any, above: int = 0) -> int:
    if above > DEEPEST or not isinstance(value, (dict, list)):
        return above
    return max((depth(v, above + 1) for v in (value.values() if isinstance(value, dict) else value)), default=above + 1)


def recipe_of(side: dict[str, Any], given: dict[str, Any] | None = None) -> Recipe:
    """The recipe of a side file, with ``given`` fields (None: not given) in place of its own.

    Raises:
        BadInput: a field of the wrong type or outside its range.
    """
    values: dict[str, Any] = {}
    for name, place in PLACES.items():
        found: Any = side
        for key in place:
            if found is not None and not isinstance(found, dict):
                raise BadInput(f"update.json: {'.'.join(place[:-1])} is {shown(str(found))}, {{...}} is needed")
            found = None if found is None else found.get(key)
        values[name] = found
    values |= {name: value for name, value in (given or {}).items() if value is not None}
    numbers = dict(flat_numbers({"metrics": values.pop("metrics_sent"), "wire": values.pop("wire")}))
    checked = {name: CHECKS[name](name, value) for name, value in values.items() if value is not None}
    return Recipe(**checked, metrics=numbers)


def flat_numbers(value: Any, name: str = "") -> list[tuple[str, float]]:
    """(last name, number) of every number in nested data."""
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in flat_numbers(inner, str(key)[:60])]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= 1e300:
        return [(name, float(value))]
    return []


def text_of(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > 4096:
        raise BadInput(f"{name}={shown(str(value))}: a text is needed")
    return "".join(c if c.isprintable() else " " for c in value)


def whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_NUMBER:
        raise BadInput(f"{name}={shown(str(value))}: a whole number up to {LARGEST_NUMBER:,} is needed")
    return value


def positive(name: str, value: Any) -> int:
    if whole(name, value) < 1:
        raise BadInput(f"{name}={value}: a whole number from 1 is needed")
    return int(value)


def number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= 1e9:
        raise BadInput(f"{name}={shown(str(value))}: a number from 0 to 1e9 is needed")
    if not math.isfinite(value) or value < 0:
        raise BadInput(f"{name}={value}: a number from 0 to 1e9 is needed")
    return float(value)


def rate(name: str, value: Any) -> float:
    if number(name, value) == 0:
        raise BadInput(f"{name}=0: a number above 0 is needed")
    return float(value)


def per_channel(name: str, value: Any) -> tuple[float, ...]:
    entries = value if isinstance(value, (list, tuple)) else [value]
    fits = all(isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) <= 1e6 for v in entries)
    if not fits or not 1 <= len(entries) <= 64 or (name == "std" and min(entries) <= 0):
        raise BadInput(f"{name}={shown(str(value))}: a number per channel is needed{', above 0' * (name == 'std')}")
    return tuple(float(v) for v in entries)


def choice(*allowed: str) -> Any:
    def one(name: str, value: Any) -> str:
        if value not in allowed:
            raise BadInput(f"{name}={shown(str(value))}: allowed are {', '.join(allowed)}")
        return str(value)

    return one


def an_object(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{name}={shown(str(value))}: {{...}} is needed")
    return value


def named_model(name: str, value: Any) -> str | dict[str, Any]:
    if isinstance(value, dict):
        text_of("model.arch", value.get("arch"))
        return value
    return text_of(name, value)


def listed_filters(name: str, value: Any) -> tuple[Filter, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(f, dict) for f in value) or len(value) > 100:
        raise BadInput(f"{name}={shown(str(value))}: a list of {{name, options}} is needed")
    found = []
    for one in value:
        options = {**an_object("filters.server_options", one.get("server_options") or {}),
                   **an_object("filters.options", one.get("options") or {})}  # fmt: skip
        found.append(Filter(text_of("filters.name", one.get("name")), options))
    return tuple(found)


CHECKS: dict[str, Any] = {
    **dict.fromkeys(
        ("framework", "framework_version", "api", "client", "note", "augmentation", "loss", "before", "sent", "truth"),
        text_of,
    ),
    **dict.fromkeys(("channels", "side", "pictures", "batch", "epochs", "steps"), positive),
    **dict.fromkeys(("momentum", "weight_decay"), number),
    **dict.fromkeys(("mean", "std"), per_channel),
    "round": whole, "lr": rate, "model": named_model, "dp_sgd": an_object, "filters": listed_filters,
    "sends": choice("weights", "delta", "gradient"), "optimiser": choice("sgd", "adam", "adamw"),
    "mode": choice("train", "eval"),
}  # fmt: skip
"""Field -> (name, value) -> the value, or BadInput."""
assert {f.name for f in fields(Recipe)} - {"metrics"} == set(CHECKS)
