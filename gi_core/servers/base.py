"""What every server is: it sends each client a model, and reads the sum of their updates."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from gi_core.components import Component, Registry
from gi_core.data.samples import public_crops
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.observation import ServerFacts, Update
from gi_core.seeds import stream_seed

PUBLIC_PICTURES = 256
"""Pictures of its own from which a server learns how often a measurement takes which value."""

LARGEST_LAYER = 2**26
"""Numbers in a layer that a server adds: 256 MB, 445 rows at 224 pixels."""


@dataclass(frozen=True)
class Sent:
    """What the server sends in one round.

    Attributes:
        target: the network for the target client, one per query (the same pictures answer each).
        others: the network for every other client, one per query.
        facts: what the server knows of its own manipulation; None for an honest one.
    """

    target: tuple[Victim, ...]
    others: tuple[Victim, ...]
    facts: ServerFacts | None = None


@dataclass(frozen=True)
class Reading:
    """What the server makes of the (aggregated, defended) updates it got: the attack's victim and update.

    Attributes:
        labels: of the pictures that the server is after, where it chose them by class; else None.
    """

    victim: Victim
    update: Update
    labels: Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Server(Component):
    """Chooses the model that each client trains. It knows what it sent and what comes back, and nothing else.

    ``changes`` says what it alters, ``needs`` what it has to know, ``fails`` when it gets nothing, ``defend`` what
    the client can do: one sentence each. ``isolates``: one client's share is read out of a sum over clients. ``sok``:
    its letter in the systematisation that ``gi_core/attacks/threat.py`` names.
    """

    changes: ClassVar[Literal["nothing", "parameters", "architecture"]] = "nothing"
    needs: ClassVar[str] = ""
    fails: ClassVar[str] = ""
    defend: ClassVar[str] = ""
    isolates: ClassVar[bool] = False
    sok: ClassVar[str] = "B"

    def send(self, victim: Victim, seed: int) -> Sent:
        """The networks of this round, made from the honest ``victim``, which is not changed."""
        return Sent((victim,), (victim,))

    def sought(self, sent: Sent, images: Tensor, labels: Tensor) -> Tensor:
        """(B,) bool: which of the target's pictures the server is after; scoring looks at these alone."""
        return torch.ones(len(images), dtype=torch.bool, device=images.device)

    def read(self, sent: Sent, updates: tuple[Update, ...], pictures: int) -> Reading:
        """From the updates (one per query) to what the attack works on. ``pictures``: how many it is after."""
        return Reading(sent.target[0], updates[0])


servers: Registry[Server] = Registry("server")


def public_measurements(shape: tuple[int, int, int], measure: Callable[[Tensor], Tensor], seed: int) -> Tensor:
    """``measure`` of the server's own pictures, (256,): 32 pictures (B,C,H,W) in [0,1] at a time."""
    start = stream_seed(seed, "server's pictures")
    return torch.cat([
        measure(public_crops(32, shape[1], shape[0], start + i)).float() for i in range(PUBLIC_PICTURES // 32)
    ])  # fmt: skip


def check_size(server: str, rows: int, shape: tuple[int, int, int]) -> None:
    """Refuse a layer of ``rows`` rows on pictures (C,H,W) that takes more than 256 MB. Raises BadInput."""
    entries = math.prod(shape)
    if rows * entries > LARGEST_LAYER:
        raise BadInput(
            f"{server}={rows} on pictures of {entries} numbers: at most {LARGEST_LAYER // entries} is allowed"
        )


def copied(victim: Victim) -> Victim:
    """A copy that may be altered in place."""
    return copy.deepcopy(victim)


def linear_head(victim: Victim) -> nn.Linear:
    """The victim's head. Raises BadInput where it is no linear layer."""
    victim.need_linear_head("this server")
    return victim.head
