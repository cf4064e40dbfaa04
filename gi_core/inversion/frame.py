"""What a descent takes and gives: an Evaluation of each guess in, a Frame of each iteration out."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor


@dataclass(frozen=True)
class Evaluation:
    """Loss (0-dim), its parts, and its gradients: with respect to the pictures, then to each extra variable."""

    loss: Tensor
    terms: dict[str, Tensor]
    gradient: Tensor
    extra: tuple[Tensor, ...] = ()


@dataclass
class Frame:
    """One moment of an attack. ``images`` is what the attack would return if stopped here.

    Attributes:
        iteration: 0-based count over all restarts; single-pass attacks yield iteration 0 only.
        images: (B,C,H,W) in [0,1]; may be a live buffer that the next iteration overwrites: copy to keep.
        loss: the attacker's own objective now, 0-dim tensor (never synchronised with the host by the attack).
        terms: the objective's parts, 0-dim tensors.
        labels: (B,) the attacker's belief, when it has one.
        restart: 0-based restart that this iteration belongs to.
        pool: (M,C,H,W) all pictures that were found, where these may be more than were asked for.
        report: what the attack found besides a picture (conditioning, intermediate pictures), plain data or tensors.
    """

    iteration: int
    images: Tensor
    loss: Tensor
    terms: dict[str, Tensor] = field(default_factory=dict)
    labels: Tensor | None = None
    restart: int = 0
    pool: Tensor | None = None
    report: dict[str, object] = field(default_factory=dict)
