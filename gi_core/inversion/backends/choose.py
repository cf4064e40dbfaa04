"""Which backend serves: the one place where that is decided, by the victim's shape and the batch's size."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from math import prod

import torch
from torch import Tensor

from gi_core.inversion.adaptation import distance_to
from gi_core.inversion.backends.base import Backend, Simulate
from gi_core.inversion.backends.batched import SideBySide
from gi_core.inversion.backends.chain import chain_of
from gi_core.inversion.backends.factored import factored, few_positions
from gi_core.inversion.backends.plain import plain
from gi_core.inversion.objectives import Objective
from gi_core.observation import Observation
from gi_core.priors.tv import TotalVariation

TINY = 30_000
"""Parameters below which one picture is too little work for oneDNN's convolutions."""
PARAMETERS = 500_000
PRODUCTS = 12_000_000
"""From so many parameters on, or so many products in one forward pass, restarts go one after another: each guess's
gradient is written out here, and takes more than the work it shares. Eight cost, against one (benchmarks/restarts.py,
one CPU thread): on ``lenet`` (0.7 million products per picture of 32 x 32 pixels) 1.9x for one picture, 3.2x for 4,
4.7x for 8, 6.7x for 16, and 9.0x for 32; on ``mlp:width=8`` (24,746 parameters) 1.2x, on ``mlp:width=64`` (201,482)
2.2x, on ``mlp:width=128`` (411,146) 3.3x. On a GPU nothing was measured."""


def choose_backend(observation: Observation, objective: Objective, simulate: Simulate | None = None) -> Backend:
    """The fastest way known for one guess at a time.

    Args:
        simulate: of an attack that models the client by itself (local steps, masks); then only the distance is ours.
    """
    around = plain_convolutions if is_tiny(observation) else nullcontext
    if simulate:
        return Backend(simulate, distance_to(observation, objective), None, around)
    on_cpu = observation.victim.mean.device.type == "cpu"
    positions = few_positions(observation.victim, observation.batch_size) if on_cpu else {}
    chosen = factored(observation, objective, positions) if positions else plain(observation, objective)
    return replace(chosen, around=around)


def side_by_side(
    observation: Observation, labels: Tensor, objective: Objective, priors: tuple[TotalVariation, ...], guesses: int
) -> SideBySide | None:
    """The evaluation of many guesses at once where that pays: the victim is a small chain of layers; else None."""
    parameters = sum(p.numel() for p in observation.parameters)
    if guesses == 1 or observation.defense or parameters >= PARAMETERS:
        return None
    chain = chain_of(observation.victim)
    if chain is None:
        return None
    products = sum(layer.weight.numel() * prod(layer.outputs[1:]) for layer, _ in chain)
    if products * observation.batch_size >= PRODUCTS:
        return None
    return SideBySide(observation, labels, chain, objective, priors)


def is_tiny(observation: Observation) -> bool:
    """One picture through a network of LeNet's size: where oneDNN's set-up costs more than the convolution."""
    return observation.batch_size == 1 and sum(p.numel() for p in observation.parameters) < TINY


def plain_convolutions() -> AbstractContextManager[None]:
    """Convolutions as one matrix product each: 0.6x the time on ``lenet`` at batch 1, 1.5x at batch 8."""
    return torch.backends.mkldnn.flags(enabled=False, allow_tf32=None)
