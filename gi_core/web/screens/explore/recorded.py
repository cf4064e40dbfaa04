"""The recorded atlas for the browser: a light index in the page, each set's cells and sprite when they are wanted."""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from typing import Any

from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from gi_core.paths import ASSETS
from gi_core.web.server.files import CACHED

ATLAS = ASSETS / "atlas"
PREFIX = "/atlas/"
SPRITES = ("file", "still")
"""Fields of a set that name a picture: its frames, and its ends without loss."""
LINE_UP = "line-up.webp"


@lru_cache(maxsize=1)
def index() -> dict[str, Any]:
    """The atlas as it was recorded; without sets where none is there."""
    file = ATLAS / "index.json"
    told: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {"pictures": {}, "sets": []}
    return told


def light() -> list[dict[str, Any]]:
    """The sets without their cells: what can be chosen, and where it lies on the ruler."""
    kept = ("id", "network", "defense", "mixed", "pictures", "side", "numel", *SPRITES)
    return [
        {name: one[name] for name in kept if name in one} | {"strengths": [cell["strength"] for cell in one["cells"]]}
        for one in index()["sets"]
    ]


def cells(set_id: str) -> list[dict[str, Any]] | None:
    """The cells of one set; None where there is no such set."""
    return next((one["cells"] for one in index()["sets"] if one["id"] == set_id), None)


def whole(one: dict[str, Any]) -> dict[str, Any]:
    """A set for a page without a server: its cells by its id, its sprites by their file names."""
    return {one["id"]: one["cells"]} | {one[field]: source(one[field]) for field in SPRITES if field in one}


def source(name: str) -> str:
    """A picture of the atlas as a data URI."""
    return f"data:image/webp;base64,{base64.b64encode((ATLAS / name).read_bytes()).decode()}"


def files() -> set[str]:
    """Names of the pictures that belong to a set, and of the line-up for verdicts made in the browser."""
    return {one[field] for one in index()["sets"] for field in SPRITES if field in one} | {LINE_UP}


def answer(name: str) -> Response:
    """What a browser gets for ``/atlas/NAME``: the cells of ``ID.json``, or a sprite named in the index."""
    stem, _, kind = name.rpartition(".")
    if kind == "json" and (found := cells(stem)) is not None:
        return JSONResponse({"cells": found}, headers=CACHED)
    if name in files():
        return FileResponse(ATLAS / name, headers=CACHED)
    return PlainTextResponse("No recording has this name.", status_code=404)
