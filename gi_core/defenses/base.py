"""What every defense is: up to four places where a client can protect itself, and what it reveals and costs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gi_core.components import Component, Registry, split_top
from gi_core.errors import BadInput
from gi_core.observation import DefenseFacts, Tensors


@dataclass(frozen=True)
class Batch:
    """What a defense on the client's side can use: the client's own network, pictures and randomness."""

    victim: nn.Module
    images: Tensor
    labels: Tensor
    generator: torch.Generator

    @property
    def size(self) -> int:
        return self.images.shape[0]


@dataclass(frozen=True)
class Privacy:
    """Differential privacy of one release.

    Attributes:
        epsilon, delta: the guarantee, computed by the accounting library (inf: none).
        noise_multiplier: z = sigma / clip (Gaussian) or b / clip (Laplace) of the released mean's sensitivity 1.
        adjacency: which data sets count as neighbours.
        note: what the reader has to know, one sentence.
    """

    epsilon: float
    delta: float
    noise_multiplier: float
    adjacency: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Defense(Component):
    """Protects an update. A subclass overrides the place where it acts; all places default to doing nothing.

    ``does`` says what happens to the update, ``costs`` what it costs: one sentence each, shown in the UI.
    """

    does: ClassVar[str] = ""
    costs: ClassVar[str] = ""

    def on_model(self, victim: nn.Module) -> None:
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

    def privacy(self, batch_size: int) -> Privacy | None:
        """The differential-privacy guarantee of one release, None where there is none to state."""
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


def describe(stack: tuple[Defense, ...]) -> list[dict[str, Any]]:
    """Text, effect and cost of each defense in the stack."""
    return [{"text": d.text, "does": d.does, "costs": d.costs} for d in stack]
