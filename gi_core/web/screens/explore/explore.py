"""Explore: one picture, one wire, one attacker. What the first screen offers, and what it asks the server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import gradio as gr

from gi_core.data.samples import samples
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput
from gi_core.models import models
from gi_core.scenario import Scenario
from gi_core.trace import finite
from gi_core.web import payload
from gi_core.web.presets import ATTACKS
from gi_core.web.screens.explore import recorded
from gi_core.web.server.backpressure import listener
from gi_core.web.server.requests import batch_of, scenario_of
from gi_core.web.server.run_service import RunService, sentence
from gi_core.web.widget import widget

SIDE = 32
NETWORKS = ("lenet", "mlp", "resnet18", "vit-tiny")
DEFENSES = ("noise", "clip", "topk", "quantize")
FIRST = ("cat", "coffee", "rocket", "retina", "tissue", "letters", "galaxies", "blobs")
"""Sample pictures in the order in which they are offered, and mixed in."""
LIVE = {
    "any": ATTACKS["ig"],
    "bare": "dlg:restarts=6",
    "resnet18": "ig:steps=150,tv=0.005,signed=false,lr=0.04",
    "vit-tiny": "ig:steps=150,tv=0.005,signed=false,lr=0.04",
}
"""Attacks that a live run starts with, by network; ``bare``: nothing protects a single picture."""


def render(service: RunService) -> gr.HTML:
    """Explore's widget and its events; its catalog comes with the page (see ``preload``)."""
    stage = widget(
        "explore",
        events=("run",),
        server_functions=[estimate_with(service), update_with(service), stop_with(service)],
    )
    while_heard = listener()

    def run_live(event: gr.EventData, request: gr.Request) -> Iterator[dict[str, Any]]:
        yield from while_heard(numbered(service, event._data, request.session_hash or ""), request)

    stage.run(
        run_live, None, stage, show_progress="hidden", api_visibility="private", trigger_mode="multiple",
        concurrency_limit=None,
    )  # fmt: skip
    return stage


def numbered(service: RunService, request: dict[str, Any], session: str) -> Iterator[dict[str, Any]]:
    """A run's messages with the request's id and a number: Gradio passes no message on that equals the one before."""
    for number, message in enumerate(service.live(request, session)):
        yield {**message, "request": str(request.get("id", "")), "number": number}


def catalog(*, inline: bool = False) -> dict[str, Any]:
    """What the page is made from: choices, sample pictures, defaults, the atlas's index.

    Args:
        inline: with the whole atlas in it, for a page without a server.
    """
    defaults = {f.name: f.default for f in fields(Scenario)}
    known = [name for name in FIRST if name in samples()]
    names = [*known, *(name for name in samples() if name not in known)]
    return {
        "side": SIDE,
        "served": not inline,
        "defaults": defaults,
        "attacks": LIVE,
        "networks": [name for name in NETWORKS if name in models.names()],
        "defenses": list(DEFENSES),
        "samples": [
            {"name": name, "title": samples()[name].title, "src": payload.strip_uri(open_picture(name, SIDE, 3)[None])}
            for name in names
        ],
        "atlas": {"base": "atlas/", "sets": recorded.light(), "inline": recorded.inline() if inline else {}},
    }


def estimate_with(service: RunService) -> Any:
    def explore_estimate(request: dict[str, Any]) -> dict[str, Any]:
        """Seconds that a run would take here with its control, or why it can't run."""
        try:
            scenario = scenario_of(request.get("settings"), service.limits)
            seconds = service.costs.predict(scenario)
            learnt = service.costs.learnt(scenario)
        except BadInput as error:
            return {"error": sentence(str(error))}
        return {"seconds": seconds, "learnt": learnt, "load": service.costs.load, "wait": service.queue.wait()}

    return explore_estimate


def update_with(service: RunService) -> Any:
    def explore_update(request: dict[str, Any]) -> dict[str, Any]:
        """The update of settings that nobody ran yet, on sample pictures: its band, its size, its share of noise."""
        try:
            scenario = scenario_of(request.get("settings"), service.limits)
            run = service.prepared(scenario, batch_of(request.get("pictures"), scenario))
        except BadInput as error:
            return {"error": sentence(str(error))}
        return finite(payload.wire(run))

    return explore_update


def stop_with(service: RunService) -> Any:
    def stop_run(request: dict[str, Any]) -> dict[str, Any]:
        """Ask a run to stop after its present step; ``last``: whether nobody else watches it."""
        return {"last": service.stop(str(request["id"]))}

    return stop_run
