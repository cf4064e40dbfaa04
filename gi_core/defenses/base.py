"""What every defense is: up to four places where a client can protect itself, and what it reveals and costs."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from gi_core.components import Component, Registry, split_top
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.observation import DefenseFacts, Tensors


@dataclass(frozen=True)
class Batch:
    """What a defense on the client's side can use: the client's own network, pictures and randomness.

    ``difference``: factor from the update to a difference of weights: 1 where it is one, -lr for a gradient.
    """

    victim: Victim
    images: Tensor
    labels: Tensor
    generator: torch.Generator
    difference: float = 1.0

    @property
    def size(self) -> int:
        return self.images.shape[0]


@dataclass(frozen=True)
class Privacy:
    """Differential privacy of one release.

    Attributes:
        epsilon, delta: the guarantee, computed by the accounting library (inf: none).
        noise_multiplier: z, the noise (Gaussian sigma or Laplace b) over the most that one protected unit
            can add to the release; 0 where nothing is clipped.
        adjacency: which data sets count as neighbours.
        note: what the reader has to know, one sentence.
    """

    epsilon: float
    delta: float
    noise_multiplier: float
    adjacency: str
    note: str = ""


class Noise(NamedTuple):
    """The noise in a release and the norm of what it hides.

    Attributes:
        sigma: per coordinate of the released update, the Gaussian's standard deviation or the Laplace scale b.
        clip: greatest norm (L2 under Gaussian, L1 under Laplace noise) of the update before the noise; inf: unclipped.
        separate: whether each tensor has that norm on its own; else all tensors together.
        kind: the distribution.
    """

    sigma: float
    clip: float = math.inf
    separate: bool = False
    kind: Literal["gaussian", "laplace"] = "gaussian"


@dataclass(frozen=True, kw_only=True)
class Defense(Component):
    """Protects an update. A subclass overrides the place where it acts; all places default to doing nothing.

    ``does`` says what happens to the update, ``costs`` what it costs: one sentence each, shown in the UI.
    ``can_raise_norm``: the update may come out longer; ``reads_pictures``: it looks at the private pictures themselves.
    """

    does: ClassVar[str] = ""
    costs: ClassVar[str] = ""
    can_raise_norm: ClassVar[bool] = False
    reads_pictures: ClassVar[bool] = False

    def on_model(self, victim: Victim) -> None:
        """Change the client's own network in place, before it computes anything."""

    def on_example(self, tensors: Tensors, batch: Batch) -> Tensors:
        """Change per-example gradients (B, ...) before they are averaged."""
        return tensors

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        """Change the averaged update."""
        return tensors

    @property
    def per_example(self) -> bool:
        """Whether the client must compute one gradient per example."""
        return type(self).on_example is not Defense.on_example

    def privacy(self, batch_size: int, tensors: int = 1) -> Privacy | None:
        """The differential-privacy guarantee of one release, None where there is none to state.

        ``tensors``: how many tensors the update has; it matters where each is clipped on its own.
        """
        return None

    def noise(self, batch_size: int) -> Noise | None:
        """The noise that this defense adds, None where it adds none."""
        return None

    def limit(self) -> tuple[float, bool] | None:
        """(L2 norm, each tensor on its own) that the update cannot exceed after this defense, None: no limit."""
        return None

    def facts(self) -> DefenseFacts:
        """Public parameters, as an attacker who knows the defense sees them."""
        return DefenseFacts(self.name, {f.name: getattr(self, f.name) for f in fields(self)})


defenses: Registry[Defense] = Registry("defense")


def parse_stack(text: str) -> tuple[Defense, ...]:
    """``clip:norm=1+gaussian:sigma=0.01`` -> the defenses in order; ``none`` -> ().

    Raises:
        BadInput: unknown name, key or value.
    """
    if not text.strip():
        raise BadInput("an empty defense: write 'none' for no defense")
    parts = split_top(text, "+")
    if [p.strip() for p in parts] == ["none"]:
        return ()
    return tuple(defenses.parse(part) for part in parts)


def stack_text(stack: tuple[Defense, ...]) -> str:
    return "+".join(d.text for d in stack) or "none"


def norm_of(tensors: Tensors, *, order: float = 2.0, keep_examples: bool = False) -> Tensor:
    """Joint norm over all tensors: 0-dim, or (B,) with ``keep_examples``."""
    start = 1 if keep_examples else 0
    rows = [t.flatten(start) if t.dim() > start else t.unsqueeze(-1) for t in tensors.values()]
    parts = torch.stack([torch.linalg.vector_norm(r, ord=order, dim=-1) for r in rows])
    return torch.linalg.vector_norm(parts, ord=order, dim=0)


def noise_of(stack: tuple[Defense, ...], batch_size: int) -> Noise | None:
    """The last noise that the stack adds, with the norm that the update was limited to before it; None: no noise.

    Defenses on examples act before the average, the others after it, each in the order of the stack.
    """
    found: Noise | None = None
    limit: tuple[float, bool] | None = None
    for defense in [d for d in stack if d.per_example] + [d for d in stack if not d.per_example]:
        noise = defense.noise(batch_size)
        if noise is not None and noise.kind == "gaussian" and noise.clip == math.inf and limit is not None:
            noise = noise._replace(clip=limit[0], separate=limit[1])
        found = noise or found
        limit = defense.limit() or (None if defense.can_raise_norm or noise else limit)
    return found


def describe(stack: tuple[Defense, ...]) -> list[dict[str, Any]]:
    """Text, effect and cost of each defense in the stack."""
    return [{"text": d.text, "does": d.does, "costs": d.costs} for d in stack]
