"""A run on the stage as a file: held in memory, kept in the store, or recorded with the program."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.report import FORMATS
from gi_core.scenario import Scenario
from gi_core.store import PLAIN, address
from gi_core.trace import KeptFrame, Trace
from gi_core.web.server.messages import sentence
from gi_core.web.server.run_service import RunService


def download_with(service: RunService) -> Any:
    def download_run(request: dict[str, Any]) -> dict[str, Any]:
        """A run as a file: {name, type, data in base64}, or an error.

        ``request``: id of the run, its scenario and pictures as its message has them, and the format.
        """
        kind = str(request.get("format", "zip"))
        if kind not in FORMATS:
            return {"error": sentence(f"unknown format {kind[:20]!r}: allowed are {', '.join(FORMATS)}")}
        trace = trace_of(service, request)
        if trace is None:
            return {"forgotten": True}
        content = base64.b64encode(FORMATS[kind].write(trace)).decode()
        return {
            "name": f"run-{trace.scenario.hash[:8]}.{kind}", "type": FORMATS[kind].media_type, "data": content
        }  # fmt: skip

    return download_run


def trace_of(service: RunService, request: dict[str, Any]) -> Trace | None:
    """The Trace of a run that the browser shows; None when nobody holds it any more."""
    if held := service.traces.get(str(request.get("id", ""))):
        return held
    try:
        scenario = Scenario.from_dict(dict(request["scenario"]))
        record = service.store.find(address(scenario, [str(name) for name in request["pictures"]]))
    except (BadInput, KeyError, TypeError, ValueError):
        return None
    if record is None:
        return None
    return record.replay() or recorded_trace(record.message or {})


def recorded_trace(message: dict[str, Any]) -> Trace | None:
    """A recorded run's message as a Trace, pictures in 8 bits and at most TILE pixels wide; None without its record.

    The record is what ``trace.json`` holds, under ``trace`` in the message.
    """
    known = message.get("trace")
    if known is None:
        return None
    count, side = message["size"]["batch"], message["size"]["width"]
    channels = known["scenario"]["channels"]
    frames = [
        KeptFrame(
            frame["iteration"],
            frame["seconds"],
            tiles(frame.get("src") or message["sprite"], count, side, channels, frame.get("row", 0)),
        )
        for frame in message["frames"]
    ]
    return Trace(
        scenario=Scenario.from_dict(known["scenario"]), frames=frames, images=frames[-1].images,
        truth=tiles(message["truth"], count, side, channels), **{name: known[name] for name in PLAIN},
    )  # fmt: skip


def tiles(uri: str, count: int, side: int, channels: int, row: int = 0) -> Tensor:
    """(B,C,H,W) in [0,1] from B tiles side by side, in one row of a data URI's picture."""
    picture = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGB")
    pixels = torch.from_numpy(np.asarray(picture, dtype=np.float32) / 255).permute(2, 0, 1)[
        :channels, row * side : (row + 1) * side
    ]
    return torch.stack([pixels[:, :, i * side : (i + 1) * side] for i in range(count)])
