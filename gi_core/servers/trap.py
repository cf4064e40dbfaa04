"""A first layer whose random rows switch on for few pictures each.

Boenisch et al., "When the Curious Abandon Honesty: Federated Learning Is Not Private", EuroS&P 2023. In each row a
random half of the entries is negative, -|w|, and the other half alpha times the same values: w ~ N(0, 1/2^2), alpha a
little below 1, bias 0. On pixels in [0,1] the row's answer is a spread around -(1 - alpha) times something positive,
so that it switches on for the few pictures that fit its pattern. A row that one picture switches on holds that
picture.

A row's answer enters the network through two patterns, mixed at random for each row: two rows that blend the same
pictures then blend them differently, and only lone pictures come out twice alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gi_core.components import option
from gi_core.models.base import Victim
from gi_core.observation import ServerFacts
from gi_core.seeds import stream_seed
from gi_core.servers.base import Sent, Server, check_size, copied, linear_head, servers

SIDE = 3 * 32 * 32
"""Entries of the pictures that ``scale`` is meant for."""


class Trapped(nn.Module):
    """``body(x + gain * sum_k r_k (a_k + b_k s))`` with r_k = relu(w_k . pixels), s stripes of +1 and -1.

    Args:
        weight: (K,n); mixture: (K,2), a and b; mean, std: of the victim, to undo its normalisation.
    """

    def __init__(
        self, weight: Tensor, mixture: Tensor, body: nn.Module, gain: float, mean: Tensor, std: Tensor
    ) -> None:
        super().__init__()
        rows, entries = weight.shape
        self.rows = nn.Linear(entries, rows, device="meta").to_empty(device=weight.device)
        with torch.no_grad():
            self.rows.weight.copy_(weight)
            self.rows.bias.zero_()
        self.body, self.gain = body, gain
        for name, tensor in (("mixture", mixture), ("mean", mean), ("std", std)):
            self.register_buffer(name, tensor.clone(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        pixels = x * self.get_buffer("std") + self.get_buffer("mean")
        level, stripe = (F.relu(self.rows(pixels.flatten(1))) @ self.get_buffer("mixture")).unbind(1)
        signs = 1 - 2 * (torch.arange(x.shape[-1], device=x.device) % 2)
        return self.body(x + self.gain * (level.view(-1, 1, 1, 1) + stripe.view(-1, 1, 1, 1) * signs))


@servers.register("trap")
@dataclass(frozen=True, kw_only=True)
class Trap(Server):
    """A first layer of trap weights: each row switches on for few pictures, and holds a lone one whole.

    Boenisch et al., "When the Curious Abandon Honesty", EuroS&P 2023.
    """

    changes: ClassVar = "architecture"
    sok: ClassVar[str] = "G"
    needs: ClassVar[str] = "A network that begins with a linear layer, here put in front of it."
    fails: ClassVar[str] = "Rows that several pictures switch on blend them; many pictures, and any noise, end it."
    defend: ClassVar[str] = "Inspect the model: its rows are paired, and pictures stand alone in them; clip and noise."

    rows: int = option(1024, "rows of the layer", low=2, high=65536)
    scale: float = option(0.97, "positive over negative weights, at 32 x 32 colour pixels", low=0, high=1)
    gain: float = option(0.001, "how strongly the rows act on what follows", low=1e-12, high=1e6)

    def send(self, victim: Victim, seed: int) -> Sent:
        linear_head(victim)
        check_size("trap:rows", self.rows, victim.image_shape)
        victim = copied(victim)
        n = math.prod(victim.image_shape)
        generator = torch.Generator().manual_seed(stream_seed(seed, "trap"))
        weight = trap_weights(self.rows, n, 1 - (1 - self.scale) * (SIDE / n) ** 0.5, generator)
        mixture = torch.randn(self.rows, 2, generator=generator)
        body = Trapped(weight, mixture, victim.body, self.gain, victim.mean.cpu(), victim.std.cpu())
        victim.body = body.to(victim.mean.device)
        victim.train(victim.training)
        facts = ServerFacts("trap", {"rows": self.rows, "pixels": True}, layer="body.rows")
        return Sent((victim,), (victim,), facts)


def trap_weights(rows: int, entries: int, alpha: float, generator: torch.Generator) -> Tensor:
    """(rows, entries): per row, -|w| at a random half of the places and alpha times the same values at the others."""
    half = entries // 2
    sizes = torch.randn(rows, half, generator=generator).abs() / 2
    places = torch.rand(rows, entries, generator=generator).argsort(1)
    weight = torch.zeros(rows, entries)
    weight.scatter_(1, places[:, :half], -sizes)
    return weight.scatter_(1, places[:, half : 2 * half], alpha * sizes)
