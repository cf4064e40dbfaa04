"""Trained inverters that run in the reader's browser: which files each is made of, and how the page gets them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, PlainTextResponse, Response

from gi_core import models
from gi_core.errors import BadInput
from gi_core.networks import weights
from gi_core.web.server.files import CACHED

PREFIX = "/inverters/"
MODEL, SHAPE, CLASSES = "lenet", (3, 32, 32), 10
"""What they were trained for, as gi_core/web/engine/scenario.js has it too."""
NAMES = ("venom", "fgla", "git")


@lru_cache(maxsize=1)
def parts() -> dict[str, list[dict[str, str]]]:
    """The files of each inverter, and the prefix of the names of their tensors: its own, and those it shares."""
    victim = models.build(MODEL, image_shape=SHAPE, num_classes=CLASSES)
    found = {}
    for name in NAMES:
        try:
            card = weights.find(name, victim)
        except BadInput:
            continue
        shared = [{"prefix": key, "file": part["file"]} for key, part in card.get("shared", {}).items()]
        found[name] = [{"prefix": "", "file": card["file"]}, *shared]
    return found


def files(names: tuple[str, ...] = NAMES) -> dict[str, Path]:
    """The files of these inverters by name, each once."""
    known = parts()
    return {part["file"]: weights.folder() / part["file"] for name in names for part in known.get(name, ())}


def catalog(names: tuple[str, ...] = NAMES) -> dict[str, Any]:
    """What the page is told: where they lie, and what each is made of."""
    known = parts()
    return {"base": PREFIX.lstrip("/"), "parts": {name: known[name] for name in names if name in known}}


def answer(name: str) -> Response:
    """What a browser gets for ``/inverters/NAME``."""
    if (file := files().get(name)) is not None and file.is_file():
        return FileResponse(file, headers=CACHED, media_type="application/octet-stream")
    return PlainTextResponse("No trained network has this name.", status_code=404)
