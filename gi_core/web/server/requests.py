"""What a browser or an API client asks for, checked: settings -> Scenario, pictures -> tensor, all by BadInput."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from typing import Any
from urllib.parse import parse_qsl

import torch
from torch import Tensor

from gi_core.data.pictures import pixels_of
from gi_core.data.samples import samples
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.web.server.price import afford
from gi_core.web.settings import Limits

FIELDS = [f.name for f in dataclasses.fields(Scenario)]
PICTURE_BYTES = 8_000_000
TOGETHER = 36_000_000
"""Pixels of all pictures of a request, before they are scaled down."""
TEXT = 1000
"""Characters of a field's value."""
LINK = 4000
"""Characters of a link that are read."""
WEIGHTS = ("init", "trained")
"""Sources of weights that a request may name: the others read the server's files or download."""


def scenario_of(settings: Any, limits: Limits) -> Scenario:
    """A Scenario that this deployment allows and can afford, from an object of its fields. Raises BadInput."""
    if not isinstance(settings, dict):
        raise BadInput(f"settings of type {type(settings).__name__}: an object with a Scenario's fields is needed")
    given = {name: value for name, value in settings.items() if value is not None}
    long = next((name for name, value in given.items() if len(str(value)) > TEXT), None)
    if long:
        raise BadInput(f"{str(long)[:40]} has more than {TEXT} characters: a shorter text is needed")
    empty = next((name for name, value in given.items() if value == ""), None)
    if empty:
        raise BadInput(f"{empty} is empty: a value is needed")
    scenario = Scenario.from_dict({name: str(value) for name, value in given.items()})
    source = scenario.weights.partition(":")[0]
    if source not in WEIGHTS:
        raise BadInput(f"weights={source}: on a server only {' and '.join(WEIGHTS)} are allowed, no files or downloads")
    for name, most in (("image_size", limits.image_size), ("batch_size", limits.batch_size)):
        if getattr(scenario, name) > most:
            raise BadInput(f"{name}={getattr(scenario, name)}: at most {most} is allowed on this server")
    afford(scenario, limits)
    return scenario


def scenario_of_link(query: str, limits: Limits) -> tuple[Scenario, list[str]]:
    """The Scenario that a link asks for, and a sentence for each field that could not be had as asked.

    A link is read leniently: a number out of range becomes the nearest one allowed, any other bad value the default.
    Whatever is no field of a Scenario, a picture above all, is not read.
    """
    notes: list[str] = []
    good: dict[str, Any] = {}
    asked = dict(parse_qsl(query.rpartition("?")[2][:LINK], keep_blank_values=True))
    for name in (name for name in FIELDS if name in asked):
        value = asked[name]
        try:
            scenario_of({**good, name: value}, limits)
            good[name] = value
        except BadInput as error:
            nearest = clamped(name, value, limits)
            try:
                scenario_of({**good, name: nearest}, limits)
                good[name] = nearest
                notes.append(f"The link's {name}={value[:40]} is out of range: {nearest} is used.")
            except BadInput:
                notes.append(f"The link's {str(error)[:300]}. The default is used.")
    return scenario_of(good, limits), notes


def clamped(name: str, value: str, limits: Limits) -> str:
    """The number nearest to ``value`` that a field may have here; empty for what is no number."""
    field = next(f for f in dataclasses.fields(Scenario) if f.name == name)
    low, high = field.metadata["low"], field.metadata["high"]
    try:
        number = float(value)
    except ValueError:
        return ""
    if low is None or high is None or number != number:
        return ""
    nearest = min(max(number, low), high, getattr(limits, name, high))
    return str(int(nearest) if isinstance(field.default, int) else nearest)


def picture_of(given: Any, scenario: Scenario) -> Tensor:
    """(C,H,W) in [0,1] from a sample name, or a picture file as (a data URI of) base64. Raises BadInput.

    ``given``: text, or an object with ``sample`` or ``data``.
    """
    if not isinstance(given, dict | str):
        raise BadInput(f"a picture of type {type(given).__name__}: a sample's name or a data: URI is needed")
    if isinstance(given, str):
        given = {"data": given} if given.startswith("data:") else {"sample": given}
    if "data" not in given:
        name = str(given.get("sample", ""))
        if name not in samples():
            raise BadInput(f"unknown sample {name[:60]!r}: allowed are {', '.join(samples())}, or a data: URI")
        return open_picture(name, scenario.image_size, scenario.channels)
    return open_picture(decoded(str(given["data"])), scenario.image_size, scenario.channels)


def decoded(text: str) -> bytes:
    """The content of a data: URI or of bare base64. Raises BadInput."""
    if len(text) > PICTURE_BYTES * 4 / 3:
        raise BadInput(f"a picture of more than {PICTURE_BYTES // 1_000_000} MB: a smaller one is needed")
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("a picture that is not valid base64: a data: URI is needed") from None


def batch_of(pictures: Any, scenario: Scenario) -> Tensor:
    """(B,C,H,W) from a list of as many pictures as the Scenario's batch. Raises BadInput."""
    if not isinstance(pictures, list | tuple):
        raise BadInput(f"pictures of type {type(pictures).__name__}: a list is needed")
    if len(pictures) != scenario.batch_size:
        raise BadInput(f"{len(pictures)} pictures for batch_size={scenario.batch_size}: as many are needed")
    check_pixels(pictures)
    return torch.stack([picture_of(p, scenario) for p in pictures])


def check_pixels(pictures: list[Any] | tuple[Any, ...]) -> None:
    """Raises BadInput for pictures that are too large together, by what their heads say: decoding would take minutes.

    A picture that comes several times counts as often.
    """
    texts = [str(p.get("data", "")) if isinstance(p, dict) else str(p) for p in pictures]
    total = sum(pixels_of(decoded(text)) for text in texts if text.startswith("data:"))
    if total > TOGETHER:
        raise BadInput(
            f"{len(texts)} pictures of {total / 1e6:.0f} megapixels together: at most {TOGETHER / 1e6:.0f} are allowed"
        )
