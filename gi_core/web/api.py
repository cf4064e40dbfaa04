"""Named HTTP endpoints: ``/run_attack``, ``/seconds``, ``/inspect``, ``/preflight``, ``/audit`` and ``/list``.

Names and values are those of the command line.

The same are the tools of the MCP server, where one is asked for (``GI_MCP=1``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Literal

import gradio as gr

from gi_core import catalogue
from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.web.server import tasks
from gi_core.web.server.audits import audit_endpoint, preflight_endpoint
from gi_core.web.server.backpressure import hearing
from gi_core.web.server.requests import FIELDS, scenario_of, scenario_of_link
from gi_core.web.server.run_service import RunService
from gi_core.web.server.visitor import visitor

PARAMETERS = {"images": "sample names or data: URIs, one per picture of the batch"} | {
    field.name: field.metadata["text"] for field in fields(Scenario)
}
"""What the parameters of ``/run_attack`` mean; without batch_size it is the number of pictures."""


def expose(service: RunService) -> None:
    """Register the endpoints with the Blocks under construction."""
    gr.api(attack_endpoint(service), api_name="run_attack", concurrency_limit=None)
    gr.api(seconds_endpoint(service), api_name="seconds", concurrency_limit=None)
    gr.api(inspect_endpoint(service), api_name="inspect", concurrency_id="inspect", concurrency_limit=1)
    gr.api(preflight_endpoint(service), api_name="preflight", concurrency_limit=None)
    gr.api(audit_endpoint(service), api_name="audit", concurrency_limit=None)
    gr.api(list_, api_name="list", concurrency_limit=None)


def attack_endpoint(service: RunService) -> Callable[..., dict[str, Any]]:
    heard_of = hearing()

    def run_attack(
        images: list[str],
        model: str = "lenet",
        num_classes: int = 10,
        image_size: int = 32,
        channels: int = 3,
        batch_size: int | None = None,
        mode: Literal["eval", "train"] = "eval",
        weights: str = "init",
        local_steps: int = 1,
        local_batch: int = 0,
        local_lr: float = 0.01,
        local_momentum: float = 0.0,
        local_order: Literal["reshuffled", "fixed"] = "reshuffled",
        clients: int = 1,
        update: Literal["auto", "gradient", "delta"] = "auto",
        defense: str = "none",
        knowledge: str = "labels",
        attack: str = "ig",
        server: str = "honest",
        seed: int = 0,
        request: gr.Request | None = None,
    ) -> dict[str, Any]:
        """Attack one update with its pictures; return scores, control, gain, verdict, bounds, history, versions."""
        given = locals()
        size = len(images) if batch_size is None else batch_size
        settings = {name: given[name] for name in FIELDS} | {"batch_size": size}
        try:
            with service.sessions.one_more(visitor()):
                return service.whole(settings, images, heard_of(request))
        except BadInput as error:
            raise gr.Error(str(error), print_exception=False) from None

    run_attack.__doc__ = f"{run_attack.__doc__}\n\nArgs:\n" + "\n".join(
        f"    {name}: {text}" for name, text in PARAMETERS.items()
    )
    return run_attack


def seconds_endpoint(service: RunService) -> Callable[..., dict[str, Any]]:
    def seconds(scenario: str) -> dict[str, Any]:
        """How long a run will take on this machine, its control included, and how long it would wait in line.

        Args:
            scenario: a query string of Scenario fields, as in a link: model=mlp&attack=ig:steps=100
        """
        try:
            chosen, notes = scenario_of_link(scenario, service.limits)
            return {"seconds": service.costs.predict(chosen), "wait": service.queue.wait(), "notes": notes}
        except BadInput as error:
            raise gr.Error(str(error), print_exception=False) from None

    return seconds


def inspect_endpoint(service: RunService) -> Callable[..., dict[str, Any]]:
    def inspect(model: str = "lenet", server: str = "honest", image_size: int = 32, seed: int = 0) -> dict[str, Any]:
        """What a client can see of the model it was sent: level, findings, statistics; no picture is needed.

        Args:
            model: victim architecture
            server: who sends the model
            image_size: picture side in pixels
            seed: of the server's draws
        """
        try:
            settings = {"model": model, "server": server, "image_size": image_size, "seed": seed}
            told: dict[str, Any] = service.light(tasks.inspection, scenario_of(settings, service.limits))
            return told
        except BadInput as error:
            raise gr.Error(str(error), print_exception=False) from None

    return inspect


def list_(kind: str = "") -> dict[str, Any]:
    """Models, attacks, defenses, priors, metrics, samples: names, options, meanings.

    Args:
        kind: one of them; empty: all
    """
    try:
        return catalogue.describe(kind or None)
    except BadInput as error:
        raise gr.Error(str(error), print_exception=False) from None
