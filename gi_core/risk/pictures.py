"""The pictures of a recorded run that ship with the project: its reconstruction, and the control's answer."""

from __future__ import annotations

import base64
import io
import json
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gi_core.paths import ASSETS
from gi_core.risk.evidence import Measurement, strip_of
from gi_core.scenario import Scenario

ATLAS = ASSETS / "atlas"
FILM = 17
"""Tiles of a film of the atlas; the last one is the control's answer."""


def kept_pictures(e: Measurement) -> tuple[Tensor, Tensor] | None:
    """(B,C,H,W) reconstructions and the control's answer in [0,1], of 8 bits; None where none was kept."""
    if e.table == "atlas":
        return _of_the_atlas(e)
    return _of_its_lane(e) if e.table == "comparisons" else _of_its_strip(e)


def _of_its_strip(e: Measurement) -> tuple[Tensor, Tensor] | None:
    strip = strip_of(e)
    if strip is None:
        return None
    pixels, size = _pixels(Image.open(strip), e.scenario.channels), e.scenario.image_size
    _, images, control = (torch.stack(row.split(size, 2)) for row in pixels.split(size, 1))
    return images, control


def _of_the_atlas(e: Measurement) -> tuple[Tensor, Tensor] | None:
    """One picture: from its lossless still; several: from the last frame of their film, which lost some colour."""
    found = _cells().get((e.scenario, e.pictures))
    if found is None:
        return None
    chosen, row, last = found
    side, still = chosen["side"], chosen.get("still")
    pixels = _pixels(Image.open(ATLAS / (still or chosen["file"])), e.scenario.channels)
    wide, line = side * chosen["mixed"], pixels[:, row * side : (row + 1) * side]
    images, control = (line[:, :, n * wide : (n + 1) * wide] for n in ((0, 1) if still else (last, FILM - 1)))
    return torch.stack(images.split(side, 2)), torch.stack(control.split(side, 2))


def _of_its_lane(e: Measurement) -> tuple[Tensor, Tensor] | None:
    lane, size = _lanes().get((e.scenario, e.pictures)), e.scenario.image_size
    if lane is None or (lane["size"]["width"], lane["size"]["height"]) != (size, size):
        return None
    shown = lane["frames"][-1]["src"], lane["verdict"]["control"]["src"]
    strips = (
        _pixels(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))), e.scenario.channels) for uri in shown
    )
    images, control = (torch.stack(strip.split(size, 2)) for strip in strips)
    return images, control


@lru_cache(maxsize=1)
def _lanes() -> dict[tuple[Scenario, tuple[str, ...]], dict[str, Any]]:
    """Runs of the comparisons that ship, by what was attacked."""
    files = sorted((ASSETS / "comparisons").glob("*.json"))
    runs = [lane["run"] for file in files for lane in json.loads(file.read_text())["compare"]["lanes"]]
    return {(Scenario.from_dict(run["scenario"]), tuple(run["pictures"])): run for run in runs if run.get("verdict")}


@lru_cache(maxsize=1)
def _cells() -> dict[tuple[Scenario, tuple[str, ...]], tuple[dict[str, Any], int, int]]:
    """Set, row and last frame of every cell of the atlas, by what was attacked."""
    return {
        (Scenario.from_dict(cell["scenario"]), tuple(chosen["pictures"])): (chosen, row, len(cell["frames"]) - 1)
        for chosen in json.loads((ATLAS / "index.json").read_text())["sets"]
        for row, cell in enumerate(chosen["cells"])
    }


def _pixels(picture: Image.Image, channels: int) -> Tensor:
    """(C,H,W) in [0,1]."""
    with picture:
        values = torch.from_numpy(np.asarray(picture.convert("L" if channels == 1 else "RGB")).copy()).float() / 255
    return values.unsqueeze(0) if channels == 1 else values.permute(2, 0, 1)
