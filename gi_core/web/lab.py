"""The Lab: one picture, one victim, one defense, one attacker, watched live."""

from __future__ import annotations

import base64
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from gi_core.attacks import attacks
from gi_core.defenses.privacy import privacy_of
from gi_core.errors import BadInput
from gi_core.images import open_picture, samples
from gi_core.models import build, models, weights
from gi_core.report import figure, gif, html
from gi_core.scenario import FACTS, Scenario
from gi_core.trace import Trace
from gi_core.web import payload
from gi_core.web.live import Desk, sentence
from gi_core.web.presets import ATTACKS, DEFAULTS, defense_presets
from gi_core.web.requests import scenario_of, scenario_of_link
from gi_core.web.strings import ATTACK_TITLES, KNOWLEDGE
from gi_core.web.widget import asset, replay_names, widget

SHOWN = 32
"""Side of the sample thumbnails, pixels."""


def render(desk: Desk) -> gr.HTML:
    """The Lab's widget and its events."""
    names = replay_names()
    lab = widget(
        "lab",
        value=replay(names[0]) if names else None,
        catalog=catalog(),
        server_functions=[describe_with(desk), predict_with(desk), stop_with(desk), download_with(desk), recorded_run],
    )

    def run_live(event: gr.EventData) -> Iterator[dict[str, Any]]:
        yield from desk.live(event._data)

    lab.run(
        run_live, None, lab, show_progress="hidden", api_visibility="private", trigger_mode="multiple",
        concurrency_limit=None,
    )  # fmt: skip
    return lab


def catalog() -> dict[str, Any]:
    """What the controls offer, from the registries; attacks with a title come first, in the titles' order."""
    rank = {name: place for place, name in enumerate(ATTACK_TITLES)}
    return {
        "defaults": {f.name: f.default for f in fields(Scenario)} | DEFAULTS,
        "model": [{"value": name, "text": name} for name in models.names()],
        "weights": [{"value": name, "text": name} for name in weights.names()],
        "mode": [{"value": "eval", "text": "eval"}, {"value": "train", "text": "train"}],
        "defenses": defense_presets(),
        "attacks": [
            {"text": ATTACKS.get(name, name), "label": ATTACK_TITLES.get(name, name)}
            for name in sorted(attacks.names(), key=lambda name: (name not in ATTACK_TITLES, rank.get(name, 0), name))
        ],
        "knowledge": [{"name": "weights", "label": "weights", "note": "the network it sent out", "fixed": True}]
        + [{"name": n, "label": KNOWLEDGE[n][0], "note": KNOWLEDGE[n][1], "fixed": False} for n in FACTS],
        "knowledge_separator": "+",
        "samples": [
            {"name": name, "title": s.title, "src": payload.strip_uri(open_picture(name, SHOWN, 3)[None])}
            for name, s in samples().items()
        ],
        "replays": [{"name": name, "label": replay(name)["run"]["title"]} for name in replay_names()],
    }


def replay(name: str) -> dict[str, Any]:
    """A recorded run as a message for the stage. Raises BadInput for an unknown name."""
    if name not in replay_names():
        raise BadInput(f"unknown recorded run {name[:60]!r}: allowed are {', '.join(replay_names())}")
    return {"run": json.loads(asset(f"replays/{name}.json"))}


def recorded_run(request: dict[str, Any]) -> dict[str, Any]:
    """A recorded run, for the menu."""
    return replay(str(request["name"]))


@lru_cache(maxsize=64)
def parameters(model: str, shape: tuple[int, int, int], classes: int) -> int:
    """How many numbers the victim has."""
    return sum(p.numel() for p in build(model, image_shape=shape, num_classes=classes).parameters())


def describe_with(desk: Desk) -> Any:
    def describe(request: dict[str, Any]) -> dict[str, Any]:
        """What the settings (or a link) mean: in words, as a query string, and in seconds where known."""
        notes: list[str] = []
        try:
            if search := request.pop("search", None):
                scenario, notes = scenario_of_link(str(search), desk.limits)
            else:
                scenario = scenario_of(request, desk.limits)
            numel = parameters(scenario.model, scenario.image_shape, scenario.num_classes)
        except BadInput as error:
            return {"error": sentence(str(error))}
        privacy = privacy_of(scenario.defense_stack, scenario.batch_size)
        attack = scenario.attack_component
        waiting = len(desk.line)
        seconds = desk.costs.known(scenario)
        predicted = "" if seconds is None else seconds_words(seconds, desk.limits.seconds)
        line = "Nobody is waiting." if waiting < desk.limits.workers else f"{waiting} before you."
        return {
            "settings": scenario.to_dict() if search else None,
            "query": scenario.to_url(),
            "parameters": f"{numel:,} parameters",
            "epsilon": epsilon_words(privacy.epsilon) if privacy else "",
            "defense": " ".join(f"{d.does} Cost: {d.costs}" for d in scenario.defense_stack),
            "attack": " ".join(filter(None, (attack.assumes, attack.fails, attack.defend))),
            "estimate": " ".join(filter(None, [*notes, predicted, line])),
            "measured": seconds is not None,
        }

    return describe


def predict_with(desk: Desk) -> Any:
    def predict(request: dict[str, Any]) -> dict[str, Any]:
        """Predicted seconds in words; measures first where this kind of run is new to the machine."""
        try:
            seconds = desk.costs.predict(scenario_of(request, desk.limits))
        except BadInput as error:
            return {"error": sentence(str(error))}
        return {"estimate": seconds_words(seconds, desk.limits.seconds)}

    return predict


def stop_with(desk: Desk) -> Any:
    def stop_run(request: dict[str, Any]) -> dict[str, Any]:
        """Ask a run to stop after its present step; ``last``: whether nobody else watches it."""
        return {"last": desk.flights.stop(str(request["id"]))}

    return stop_run


def download_with(desk: Desk) -> Any:
    def download_run(request: dict[str, Any]) -> dict[str, Any]:
        """A finished run as a zip, base64."""
        trace = desk.shelf.get(str(request["id"]))
        if trace is None:
            return {"error": "This run is no longer held in memory: run it again to download it."}
        return {"name": f"run-{trace.scenario.hash[:8]}.zip", "data": base64.b64encode(zipped(trace)).decode()}

    return download_run


def zipped(trace: Trace) -> bytes:
    """What ``Trace.save`` writes, with figures, animation and report, as one zip archive."""
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        trace.save(folder)
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(Path(folder).iterdir()):
                archive.write(file, file.name)
            archive.writestr("run.gif", gif(trace))
            archive.writestr("report.html", html(trace))
            archive.writestr("figure.pdf", figure(trace, "pdf"))
            archive.writestr("figure.svg", figure(trace, "svg"))
    return buffer.getvalue()


def seconds_words(seconds: float, deadline: float) -> str:
    if seconds > deadline:
        return f"About {duration(seconds)} on this machine; it stops after {duration(deadline)}."
    return f"About {duration(seconds)} on this machine."


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(seconds, 0.1):.1f} s" if seconds < 3 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def epsilon_words(epsilon: float) -> str:
    if epsilon == float("inf"):
        return "no ε holds"
    return f"ε ≈ {epsilon:,.0f}" if epsilon >= 100 else f"ε ≈ {epsilon:.3g}"
