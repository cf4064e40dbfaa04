"""What if the server cheats? Photographs, a layer slipped into the model, and the client that looks first."""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import gradio as gr
import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.paths import ASSETS
from gi_core.scenario import Scenario
from gi_core.web.screens.cheat import tasks
from gi_core.web.screens.cheat.reading import COLUMNS
from gi_core.web.server.backpressure import listener
from gi_core.web.server.messages import content_key, failed, sentence
from gi_core.web.server.requests import batch_of, scenario_of
from gi_core.web.server.run_service import RunService
from gi_core.web.server.visitor import Visitor, visitor
from gi_core.web.settings import Limits
from gi_core.web.widget import widget

SIDE = 224
SERVERS = {"honest": "honest", "stealthy": "imprint:questions=1", "greedy": "imprint:connect=logit,gain=4"}
"""Who sends the model: by the name that the page gives it. The greedy one leaves nothing but its layer at work."""
NETWORKS = ("lenet", "resnet18", "vit-tiny")
BATCHES, CLIENTS = (8, 16, 32, 64), (1, 4, 10)
NOISES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
FOLDER = ASSETS / "cheat"
CHECKED = 8
"""Own photographs with which a client looks at the model."""

Message = dict[str, Any]


def render(service: RunService) -> gr.HTML:
    """The scene's widget and its events."""
    room = widget(
        "cheat", catalog=catalog(service.limits), events=("run",),
        server_functions=[cheat_recorded, inspect_with(service), stop_with(service)],
    )  # fmt: skip
    while_heard = listener()

    def read_live(event: gr.EventData, request: gr.Request) -> Iterator[Message]:
        yield from while_heard(numbered(service, event._data, request.session_hash or ""), request)

    room.run(
        read_live, None, room, show_progress="hidden", api_visibility="private", trigger_mode="multiple",
        concurrency_limit=None,
    )  # fmt: skip
    return room


def catalog(limits: Limits, *, served: bool = True) -> Message:
    """What the scene offers. ``side``: of live photographs; ``most``: how many of them one update may mix here."""
    return {
        "servers": list(SERVERS), "networks": list(NETWORKS), "batches": list(BATCHES), "clients": list(CLIENTS),
        "noises": list(NOISES), "side": min(SIDE, limits.image_size), "most": min(64, limits.batch_size),
        "served": served,
    }  # fmt: skip


def scenario(choice: Message, side: int) -> Scenario:
    """The Scenario of a choice: network, server, batch, clients, noise. Raises BadInput."""
    if choice["server"] not in SERVERS:
        raise BadInput(f"server={str(choice['server'])[:60]}: allowed are {', '.join(SERVERS)}")
    try:
        noise = float(choice["noise"])
    except (TypeError, ValueError):
        raise BadInput(f"noise={str(choice['noise'])[:60]}: a number is needed") from None
    return Scenario.from_dict({
        "model": str(choice["network"]), "image_size": str(side), "batch_size": str(choice["batch"]),
        "clients": str(choice["clients"]), "server": SERVERS[choice["server"]], "attack": "imprint",
        "defense": f"clip:norm=1,per=update+gaussian:sigma={noise:g}" if noise else "none",
    })  # fmt: skip


@lru_cache(maxsize=1)
def recorded() -> Message:
    """The recorded rounds and their photographs as one message; without any where none was recorded."""
    file = FOLDER / "cheat.json"
    if not file.is_file():
        return {"runs": [], "inspections": {}, "photos": None}
    told: Message = json.loads(file.read_text())
    photos = base64.b64encode((FOLDER / told["photos"]["file"]).read_bytes()).decode()
    return told | {"photos": told["photos"] | {"src": f"data:image/webp;base64,{photos}"}}


def cheat_recorded(request: Message) -> Message:
    """What was recorded, when the scene is first looked at."""
    return recorded()


@lru_cache(maxsize=1)
def photographs() -> Tensor:
    """(64,3,224,224) in [0,1]: those that come with the scene."""
    sheet = np.asarray(Image.open(io.BytesIO((FOLDER / "photos.webp").read_bytes())).convert("RGB"))
    lines = sheet.reshape(-1, SIDE, COLUMNS, SIDE, 3).swapaxes(1, 2).reshape(-1, SIDE, SIDE, 3)
    return torch.from_numpy(lines.copy()).permute(0, 3, 1, 2).float() / 255


def pictures_of(request: Message, wanted: Scenario) -> Tensor:
    """(B,C,H,W): the visitor's own, or as many of the recorded ones. Raises BadInput."""
    if request.get("pictures") is not None:
        return batch_of(request["pictures"], wanted)
    images = photographs()[: wanted.batch_size]
    if wanted.image_size != SIDE:
        size = (wanted.image_size, wanted.image_size)
        images = torch.nn.functional.interpolate(images, size=size, mode="area")
    return images


def numbered(service: RunService, request: Message, session: str) -> Iterator[Message]:
    """A round's messages with the request's id and a number: Gradio passes no message on that equals the last."""
    for number, message in enumerate(live(service, request, session)):
        yield {**message, "request": str(request.get("id", "")), "number": number}


def live(service: RunService, request: Message, session: str = "") -> Iterator[Message]:
    """Messages of one round: queued*, working, then done with its reading, or failed.

    ``request``: id, choice (server, network, batch, clients, noise), pictures (data URIs; None: the recorded ones).
    """
    watcher = str(request.get("id", ""))
    try:
        asked = scenario(dict(request["choice"]), min(SIDE, service.limits.image_size))
        wanted = scenario_of(asked.to_dict(), service.limits)
        images = pictures_of(request, wanted)

        def compute(stop: threading.Event) -> Iterator[Message]:
            return service.compute(tasks.read_round, (wanted, images, SIDE), stop, service.deadline())

        def begin(flight: str) -> Iterator[Message]:
            try:
                yield from service.in_line(flight, compute, service.costs.known(wanted))
            except BadInput as error:
                yield failed(flight, error)

        key = f"cheat {content_key(wanted, images, [])}"
        with service.sessions.one_more(Visitor(visitor().address, session)):
            yield from service.shared.watch(watcher, key, begin)
    except (BadInput, KeyError, TypeError, ValueError) as error:
        told = error if isinstance(error, BadInput) else BadInput("a request that names no choice: it is needed")
        yield failed(watcher, told)


def inspect_with(service: RunService) -> Any:
    def cheat_inspect(request: Message) -> Message:
        """What the client sees of the model before it trains, with up to eight of its own photographs."""
        choice, given = dict(request["choice"]), request.get("pictures")
        count = CHECKED if given is None else min(CHECKED, len(given))
        asked = scenario(choice | {"batch": count, "clients": 1, "noise": 0}, min(SIDE, service.limits.image_size))
        wanted = scenario_of(asked.to_dict(), service.limits)
        shown = request if given is None else {"pictures": list(given)[:count]}
        try:
            return {"inspection": service.light(tasks.look, wanted, pictures_of(shown, wanted))}
        except BadInput as error:
            return {"error": sentence(str(error))}

    return cheat_inspect


def stop_with(service: RunService) -> Any:
    def cheat_stop(request: Message) -> None:
        """Leave the line, or end the round."""
        service.stop(str(request["id"]))

    return cheat_stop
