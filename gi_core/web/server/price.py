"""What a request costs, told from its scenario alone before anything is computed: bytes, and processor seconds.

A victim is measured without numbers (torch's meta device): its parameters P, what a forward pass of one picture leaves
for the backward pass A, its floating point operations F. Then, for B pictures in 4-byte numbers,

    bytes   >= 4 (p P + a B A + 2 frames B pixels + clients B pixels)
    seconds >= 3 F B steps clients / speed   until the attack begins

A backward pass takes twice the operations of a forward pass (Kaplan et al., arXiv:2001.08361, sec. 2.1), and so does
the one through it. p and a are measured peaks; what an attack keeps for itself is not in them, so that the price is
rather too low: what it lets through and does not fit is ended by the worker's own limit.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch.utils.flop_counter import FlopCounterMode

from gi_core.errors import BadInput
from gi_core.models import outline
from gi_core.run import FRAMES_KEPT
from gi_core.scenario import Scenario
from gi_core.web.settings import Limits

PAIR = 2
BASE = 4e8
"""Bytes of a worker that does nothing."""
PARAMETERS, SAVED = (4, 6), (1, 3)
"""p and a, each of an attack in one pass, and of one that differentiates through gradients."""
FASTEST, USUAL = 5e10, 1.5e10
"""Operations a second of one thread: few reach the first."""
STEP, ITERATION = 2e-4, 5e-3
"""Seconds of a training step, and of an attack's iteration, however small the network."""


@dataclass(frozen=True)
class Sizes:
    """Of a victim: its parameters; numbers kept for the backward pass, and operations, of one picture."""

    parameters: int
    saved: int
    operations: int


@dataclass(frozen=True)
class Price:
    """Bytes at the peak and processor seconds until the attack begins, at least; usual ones of the whole run."""

    bytes: float
    before: float
    seconds: float


_measuring = threading.Lock()


def sizes(model: str, shape: tuple[int, int, int], classes: int) -> Sizes:
    """Of a victim, for pictures (C,H,W). Raises BadInput for one that does not fit them."""
    with _measuring:  # a class that begins at once measures once
        return _measured(model, shape, classes)


@lru_cache(maxsize=256)
def _measured(model: str, shape: tuple[int, int, int], classes: int) -> Sizes:
    victim = outline(model, shape, classes)
    own = {p.untyped_storage()._cdata for p in victim.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = storage.nbytes() // 4
        return tensor

    count = FlopCounterMode(display=False)
    with count, torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        victim(torch.empty(PAIR, *shape, device="meta"))  # a BatchNorm in train mode takes no single picture
    numbers = sum(p.numel() for p in victim.parameters())
    return Sizes(numbers, sum(kept.values()) // PAIR, count.get_total_flops() // PAIR)


def price(scenario: Scenario) -> Price:
    """Raises BadInput for a scenario whose victim does not fit its pictures."""
    of, attack = sizes(scenario.model, scenario.image_shape, scenario.num_classes), scenario.attack_component
    batch, pixels = scenario.batch_size, torch.Size(scenario.image_shape).numel()
    p, a = (kind[0 if attack.single_pass else 1] for kind in (PARAMETERS, SAVED))
    frames = 2 * min(FRAMES_KEPT, attack.iterations)
    each = batch if any(part.per_example for part in scenario.defense_stack) else 0
    numbers = (p + each) * of.parameters + a * batch * of.saved + (frames + scenario.clients) * batch * pixels
    trained = min(batch, scenario.local_batch or batch)
    operations, steps = 3 * of.operations * trained, scenario.clients * scenario.local_steps
    iteration = scenario.local_steps * max(ITERATION, 2 * operations / USUAL)
    attacks = 0.0 if attack.single_pass else 2 * attack.iterations * iteration  # its control is one more
    before = steps * max(STEP, operations / FASTEST)
    return Price(BASE + 4 * numbers, before, before + attacks)


def afford(scenario: Scenario, limits: Limits) -> None:
    """Raises BadInput for a scenario that needs more memory than a worker has, or all its time before the attack."""
    asked = price(scenario)
    if asked.bytes > limits.worker_bytes:
        raise BadInput(
            f"model={scenario.model} on {scenario.batch_size} picture(s) of {scenario.image_size} pixels needs"
            f" {asked.bytes / 1e9:.0f} GB of memory or more, and a run has {limits.worker_bytes / 1e9:.1f} GB here:"
            " choose smaller pictures, fewer of them, or a smaller network"
        )
    if asked.before > limits.seconds:
        raise BadInput(
            f"clients={scenario.clients} with local_steps={scenario.local_steps} on model={scenario.model} takes"
            f" {asked.before / 60:.0f} min or more before the attack begins, and a run has {limits.seconds / 60:.0f}"
            " min here: choose fewer clients, fewer steps, or a smaller network"
        )
