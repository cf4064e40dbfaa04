"""Compare: two to six runs that differ in one thing, side by side, each beside its own control.

A lane is a run like any other: the browser asks for one at a time, and repeats it with further seeds on request. It is
told by the messages of :meth:`RunService.live`, each with ``request``, the id that the browser gave.

A recorded comparison (``assets/comparisons/NAME.json``) holds its lanes as they end::

    {"compare": {name, lanes [{settings, pictures, state, run, repeats}]}}

``run`` is what Explore's stage shows (gi_core/web/payload.py), ``repeats`` has one row for each seed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import gradio as gr
import numpy as np

from gi_core.attacks import attacks
from gi_core.data.samples import samples
from gi_core.errors import BadInput
from gi_core.paths import ASSETS
from gi_core.scenario import Scenario
from gi_core.web.presets import ATTACKS
from gi_core.web.server.backpressure import listener
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits
from gi_core.web.widget import asset, widget

FRAMES = 24
"""Frames that a recorded lane keeps."""
FIRST = "noise"
"""The recorded comparison that the room opens with."""
NOISES = ("0.0001", "0.001", "0.003", "0.01", "0.03", "0.1", "1")

Message = dict[str, Any]


def render(service: RunService) -> gr.HTML:
    """The room's widget and its events."""
    room = widget(
        "compare", first=opening(), catalog=catalog(service.limits), events=("run",),
        server_functions=[recorded_comparison, stop_with(service)],
    )  # fmt: skip
    while_heard = listener()

    def run_lane(event: gr.EventData, request: gr.Request) -> Iterator[Message]:
        yield from while_heard(live(service, event._data, request.session_hash or ""), request)

    room.run(
        run_lane, None, room, show_progress="hidden", api_visibility="private", trigger_mode="multiple",
        concurrency_limit=None,
    )  # fmt: skip
    return room


def live(service: RunService, request: Message, session: str = "") -> Iterator[Message]:
    """A run's messages, each naming the request: two lanes never send the browser the same value twice."""
    for message in service.live(request, session):
        yield {**message, "request": str(request.get("id", ""))}


def catalog(limits: Limits) -> Message:
    """What a lane may differ in, with the values on offer, and the set-up to begin with."""
    return {
        "axes": axes(limits),
        "base": {"settings": Scenario(attack=ATTACKS["ig"]).to_dict(), "pictures": [{"sample": "cat"}]},
        "samples": [{"name": name, "title": sample.title} for name, sample in samples().items()],
        "recorded": recorded_names(),
    }


def axes(limits: Limits) -> dict[str, list[Any]]:
    """Fields of the Scenario and the values that are offered for each, as a Scenario writes them."""
    offered: dict[str, list[Any]] = {
        "defense": [
            "none", *(f"clip+gaussian:sigma={noise}" for noise in NOISES), "topk:keep=0.1", "quantize:bits=4", "sign",
        ],
        "batch_size": [n for n in (1, 2, 4, 8) if n <= limits.batch_size],
        "model": ["lenet", "mlp:width=256", "convnet", "resnet18", "vit-tiny"],
        "attack": [ATTACKS.get(name, name) for name in ("ig", *(n for n in attacks.names() if n != "ig"))],
        "local_steps": [1, 2, 5, 10],
        "clients": [1, 2, 8, 32],
        "knowledge": ["labels", "none"],
        "seed": [0, 1, 2],
    }  # fmt: skip
    return {
        name: [getattr(Scenario.from_dict({name: value}), name) for value in values] for name, values in offered.items()
    }


def recorded_names() -> list[str]:
    """Recorded comparisons, the opening one first."""
    found = sorted(file.stem for file in (ASSETS / "comparisons").glob("*.json"))
    return sorted(found, key=lambda name: (name != FIRST, name))


@lru_cache(maxsize=16)
def comparison(name: str) -> Message:
    """A recorded comparison. Raises BadInput for an unknown name."""
    if name not in recorded_names():
        raise BadInput(f"unknown comparison {name[:60]!r}: allowed are {', '.join(recorded_names())}")
    told: Message = json.loads(asset(f"comparisons/{name}.json"))
    return told


def recorded_comparison(request: Message) -> Message:
    """A recorded comparison, for the menu."""
    return comparison(str(request["name"]))


def opening() -> Message | None:
    """The first recorded comparison; None where none was recorded."""
    return comparison(FIRST) if FIRST in recorded_names() else None


def stop_with(service: RunService) -> Any:
    def stop_lane(request: Message) -> None:
        """Ask a lane's run to stop after its present step."""
        service.stop(str(request["id"]))

    return stop_lane


def lane(runs: list[Message], pictures: list[Message]) -> Message:
    """A recorded lane: its first run with at most FRAMES frames, and a row for each of its runs."""
    first = runs[0]
    return {
        "settings": first["scenario"],
        "pictures": pictures,
        "state": "done",
        "run": thinned(first, FRAMES) | {"state": "recorded"},
        "repeats": [repeat(run) for run in runs],
    }


def repeat(run: Message) -> Message:
    """What a run adds to its lane's mean and spread."""
    return {
        "seed": run["scenario"]["seed"], "gain": run["verdict"]["gain"], "psnr": run["scores"]["psnr"],
        "ssim": run["scores"]["ssim"], "level": run["verdict"]["level"], "steps": run["frames"][-1]["iteration"] + 1,
        "seconds": run["seconds"],
    }  # fmt: skip


def thinned(message: Message, count: int) -> Message:
    """At most ``count`` frames, first and last among them."""
    frames = message["frames"]
    chosen = sorted({round(i) for i in np.linspace(0, len(frames) - 1, min(count, len(frames)))})
    return message | {"frames": [frames[i] for i in chosen]}
