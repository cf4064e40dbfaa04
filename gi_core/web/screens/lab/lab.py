"""The Lab: one picture, one victim, one defense, one attacker, watched live."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache
from typing import Any

import gradio as gr

from gi_core.attacks import attacks
from gi_core.data.samples import samples
from gi_core.data.sources import open_picture
from gi_core.defenses.privacy import privacy_of
from gi_core.errors import BadInput
from gi_core.models import models, outline, weights
from gi_core.report import FORMATS
from gi_core.scenario import FACTS, Scenario
from gi_core.trace import finite
from gi_core.web import payload
from gi_core.web.exports import download_with
from gi_core.web.presets import ATTACKS, DEFAULTS, defense_presets
from gi_core.web.server.backpressure import listener
from gi_core.web.server.controls import controls_with
from gi_core.web.server.messages import sentence
from gi_core.web.server.requests import scenario_of, scenario_of_link
from gi_core.web.server.rooms import room_functions
from gi_core.web.server.run_service import RunService
from gi_core.web.widget import asset, replay_names, widget
from gi_core.web.words import ENGLISH

SHOWN = 32
"""Side of the sample thumbnails, pixels."""


def render(service: RunService) -> gr.HTML:
    """The Lab's widget and its events."""
    names = replay_names()
    lab = widget(
        "lab",
        events=("run",),
        first=replay(names[0]) if names else None,
        catalog=catalog(),
        server_functions=[
            describe_with(service),
            predict_with(service),
            stop_with(service),
            download_with(service),
            recorded_run,
            controls_with(service),
            *room_functions(service.rooms),
        ],
    )

    while_heard = listener()

    def run_live(event: gr.EventData, request: gr.Request) -> Iterator[dict[str, Any]]:
        yield from while_heard(service.live(event._data, request.session_hash or ""), request)

    lab.run(
        run_live, None, lab, show_progress="hidden", api_visibility="private", trigger_mode="multiple",
        concurrency_limit=None,
    )  # fmt: skip
    return lab


def catalog() -> dict[str, Any]:
    """What the controls offer, from the registries; attacks with a title come first."""
    rank = {key.removeprefix("attack_"): place for place, key in enumerate(ENGLISH)}
    return {
        "defaults": {f.name: f.default for f in fields(Scenario)} | DEFAULTS,
        "model": [{"value": name, "text": name} for name in models.names()],
        "weights": [{"value": name, "text": name} for name in weights.names()],
        "mode": [{"value": "eval", "text": "eval"}, {"value": "train", "text": "train"}],
        "local_order": [{"value": order, "text": order} for order in ("reshuffled", "fixed")],
        "update": [{"value": kind, "text": kind} for kind in ("auto", "gradient", "delta")],
        "defenses": defense_presets(),
        "priors": {name: prior for name in attacks.names() if (prior := getattr(attacks.parse(name), "prior", None))},
        "attacks": [
            {"text": ATTACKS.get(name, name), "name": name}
            for name in sorted(attacks.names(), key=lambda name: (rank.get(name, len(rank)), name))
        ],
        "knowledge": [{"name": "weights", "fixed": True}, *({"name": name, "fixed": False} for name in FACTS)],
        "knowledge_separator": "+",
        "samples": [
            {"name": name, "title": s.title, "src": payload.strip_uri(open_picture(name, SHOWN, 3)[None])}
            for name, s in samples().items()
        ],
        "replays": replay_names(),
        "formats": list(FORMATS),
    }


def replay(name: str) -> dict[str, Any]:
    """A recorded run as a message for the stage. Raises BadInput for an unknown name."""
    if name not in replay_names():
        raise BadInput(f"unknown recorded run {name[:60]!r}: allowed are {', '.join(replay_names())}")
    run = json.loads(asset(f"replays/{name}.json"))
    return {"run": {key: value for key, value in run.items() if key != "trace"} | {"name": name}}


def recorded_run(request: dict[str, Any]) -> dict[str, Any]:
    """A recorded run, for the menu."""
    return replay(str(request["name"]))


@lru_cache(maxsize=64)
def parameters(model: str, shape: tuple[int, int, int], classes: int) -> int:
    """How many numbers the victim has."""
    return sum(p.numel() for p in outline(model, shape, classes).parameters())


def describe_with(service: RunService) -> Any:
    def describe(request: dict[str, Any]) -> dict[str, Any]:
        """What the settings (or a link) mean: in numbers for the browser's sentences, and as a query string."""
        notes: list[str] = []
        try:
            if search := request.pop("search", None):
                scenario, notes = scenario_of_link(str(search), service.limits)
            else:
                scenario = scenario_of(request, service.limits)
            numel = parameters(scenario.model, scenario.image_shape, scenario.num_classes)
        except BadInput as error:
            return {"error": sentence(str(error))}
        privacy = privacy_of(scenario.defense_stack, scenario.batch_size)
        attack = scenario.attack_component
        return {
            "settings": scenario.to_dict() if search else None,
            "query": scenario.to_url(),
            "parameters": numel,
            "epsilon": finite(privacy.epsilon) if privacy else None,
            "private": privacy is not None,
            "defense": " ".join(f"{d.does} Cost: {d.costs}" for d in scenario.defense_stack),
            "attack": " ".join(filter(None, (attack.assumes, attack.fails, attack.defend))),
            "notes": notes,
            "seconds": service.costs.known(scenario),
            "limit": service.limits.seconds,
            "waiting": max(0, len(service.queue) - service.limits.workers + 1),
            "wait": service.queue.wait(),
        }

    return describe


def predict_with(service: RunService) -> Any:
    def predict(request: dict[str, Any]) -> dict[str, Any]:
        """Predicted seconds; measures first where this kind of run is new to the machine."""
        try:
            return {"seconds": service.costs.predict(scenario_of(request, service.limits))}
        except BadInput as error:
            return {"error": sentence(str(error))}

    return predict


def stop_with(service: RunService) -> Any:
    def stop_run(request: dict[str, Any]) -> dict[str, Any]:
        """Ask a run to stop after its present step; ``last``: whether nobody else watches it."""
        return {"last": service.stop(str(request["id"]))}

    return stop_run
