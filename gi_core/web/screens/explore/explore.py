"""Explore: one picture, one wire, one attacker. What the first screen offers, and what it asks the server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from typing import Any

import gradio as gr

from gi_core.attacks import attacks
from gi_core.attacks.threat import threat_of
from gi_core.data.samples import samples
from gi_core.data.sources import open_picture
from gi_core.defenses import defenses
from gi_core.errors import BadInput
from gi_core.models import models, weights
from gi_core.report import FORMATS
from gi_core.scenario import FACTS, Scenario
from gi_core.servers import servers
from gi_core.web import inverters, payload, presets
from gi_core.web.exports import download_with
from gi_core.web.screens.explore import recorded
from gi_core.web.screens.explore.fits import fits_with
from gi_core.web.screens.explore.layers import layers_with
from gi_core.web.screens.explore.single_pass import single_pass, single_pass_curve
from gi_core.web.server import tasks
from gi_core.web.server.backpressure import listener
from gi_core.web.server.controls import controls_with
from gi_core.web.server.cost import TooSlow
from gi_core.web.server.messages import names, sentence
from gi_core.web.server.requests import batch_of, scenario_of, scenario_of_link
from gi_core.web.server.rooms import room_functions
from gi_core.web.server.run_service import RunService
from gi_core.web.widget import widget

SIDE = 32
NETWORKS = ("lenet", "mlp", "resnet18", "vit-tiny")
DEFENSES = {
    "noise": ("gaussian", "sigma"),
    "clip": ("clip", "norm"),
    "topk": ("topk", "keep"),
    "quantize": ("quantize", "bits"),
}
"""What the wire offers: the defense, and the option that its slider moves."""
FIRST = ("cat", "coffee", "rocket", "retina", "tissue", "letters", "galaxies", "blobs")
"""Sample pictures in the order in which they are offered, and mixed in."""
PRIORS = ("none", "flow", "flow:net=gaussian")
LIVE = {
    "any": presets.ATTACKS["ig"],
    "resnet18": "ig:steps=150,tv=0.005,signed=false,lr=0.04",
    "vit-tiny": "ig:steps=150,tv=0.005,signed=false,lr=0.04",
}
"""Attacks that a live run starts with, by network."""
BARE = {"lenet": "dlg:restarts=6", "vit-tiny": "april"}
"""The same where nothing protects a single picture."""


def render(service: RunService) -> gr.HTML:
    """Explore's widget and its events; its catalog comes with the page (see ``preload``)."""
    stage = widget(
        "explore",
        events=("run",),
        server_functions=[
            estimate_with(service),
            update_with(service),
            stop_with(service),
            explore_repeat,
            fits_with(expert()),
            link_with(service),
            download_with(service),
            controls_with(service),
            layers_with(service),
            single_pass,
            single_pass_curve,
            *room_functions(service.rooms),
        ],
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


def catalog() -> dict[str, Any]:
    """What the page is made from: choices, sample pictures, defaults, the atlas's index."""
    defaults = {f.name: f.default for f in fields(Scenario)}
    known = [name for name in FIRST if name in samples()]
    names = [*known, *(name for name in samples() if name not in known)]
    return {
        "side": SIDE,
        "served": True,
        "defaults": defaults,
        "floats": [name for name, default in defaults.items() if isinstance(default, float)],
        "attacks": LIVE,
        "bare": BARE,
        "expert": expert(),
        "threats": {name: asdict(threat) for name in attacks.names() if (threat := threat_of(name))},
        "priors": {name: prior for name in attacks.names() if (prior := getattr(attacks.parse(name), "prior", None))},
        "formats": list(FORMATS),
        "networks": [name for name in NETWORKS if name in models.names()],
        "defenses": list(DEFENSES),
        "usual": {name: getattr(defenses.parse(part), option) for name, (part, option) in DEFENSES.items()},
        "samples": [
            {"name": name, "title": samples()[name].title, "src": payload.strip_uri(open_picture(name, SIDE, 3)[None])}
            for name in names
        ],
        "inverters": inverters.catalog(),
        "atlas": {"base": "atlas/", "sets": recorded.light()},
    }


def expert() -> list[dict[str, Any]]:
    """The drawer's sections: fields of a Scenario and what each may be; passes and prior are read off others."""

    def choice(name: str, options: Iterable[str]) -> dict[str, Any]:
        return {"name": name, "kind": "select", "options": list(options)}

    def typed(name: str, kind: str = "number") -> dict[str, Any]:
        limits = next(f.metadata for f in fields(Scenario) if f.name == name)
        return {"name": name, "kind": kind, "low": limits.get("low"), "high": limits.get("high")}

    return [
        {"title": "picture", "fields": [typed("batch_size"), typed("image_size"), typed("num_classes")]},
        {"title": "victim", "fields": [
            choice("model", models.names()), choice("weights", weights.names()), choice("mode", ("eval", "train")),
        ]},
        {"title": "client", "fields": [
            typed("local_steps"), {"name": "passes", "kind": "number", "low": 1, "high": 1000}, typed("local_batch"),
            typed("local_lr"), typed("local_momentum"), choice("local_order", ("reshuffled", "fixed")),
            choice("update", ("auto", "gradient", "delta")), typed("clients"),
        ]},
        {"title": "defense", "fields": [choice("defense", presets.DEFENSES), typed("defense", "text")]},
        {"title": "attacker", "fields": [
            choice("attack", [presets.ATTACKS.get(name, name) for name in attacks.names()]), choice("prior", PRIORS),
            typed("attack", "text"), {"name": "knowledge", "kind": "checks", "options": list(FACTS)},
        ]},
        {"title": "server", "fields": [choice("server", servers.names()), typed("seed")]},
    ]  # fmt: skip


def explore_repeat(request: dict[str, Any]) -> dict[str, Any]:
    """The command and the program that repeat what is on the stage; one's own picture is a file to fill in."""
    try:
        scenario = Scenario.from_dict({k: str(v) for k, v in dict(request["settings"]).items() if v is not None})
        named = names(list(request["pictures"]))
    except (BadInput, KeyError, TypeError, ValueError) as error:
        return {"error": sentence(str(error))}
    return {"cli": payload.cli_text(scenario, named), "python": payload.python_text(scenario, named)}


def link_with(service: RunService) -> Any:
    def explore_link(request: dict[str, Any]) -> dict[str, Any]:
        """The settings that an address asks for, and a sentence for each that could not be had as asked."""
        scenario, notes = scenario_of_link(str(request.get("search", "")), service.limits)
        return {"settings": scenario.to_dict(), "notes": notes}

    return explore_link


def estimate_with(service: RunService) -> Any:
    def explore_estimate(request: dict[str, Any]) -> dict[str, Any]:
        """Seconds that a run would take here with its control, or why nobody knows, or why it can't run."""
        try:
            scenario = scenario_of(request.get("settings"), service.limits)
            seconds = service.costs.predict(scenario)
            learnt = service.costs.learnt(scenario)
        except TooSlow as error:
            return {"slow": sentence(str(error)), "wait": service.queue.wait()}
        except BadInput as error:
            return {"error": sentence(str(error))}
        return {"seconds": seconds, "learnt": learnt, "load": service.costs.load, "wait": service.queue.wait()}

    return explore_estimate


def update_with(service: RunService) -> Any:
    def explore_update(request: dict[str, Any]) -> dict[str, Any]:
        """The update of settings that nobody ran yet, on sample pictures: its band, its size, its share of noise."""
        try:
            scenario = scenario_of(request.get("settings"), service.limits)
            told: dict[str, Any] = service.light(tasks.wire, scenario, batch_of(request.get("pictures"), scenario))
        except BadInput as error:
            return {"error": sentence(str(error))}
        return told

    return explore_update


def stop_with(service: RunService) -> Any:
    def stop_run(request: dict[str, Any]) -> dict[str, Any]:
        """Ask a run to stop after its present step; ``last``: whether nobody else watches it."""
        return {"last": service.stop(str(request["id"]))}

    return stop_run
