"""Everything an attack may see: the defended update and the public facts. No reference to the truth.

The attacker is the server: it wrote the model it sent out, so it holds the victim. An honest-but-curious one sent what
was agreed on; a malicious one knows besides what it changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from torch import Tensor

from gi_core.models.base import Victim

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Update:
    """What leaves the device.

    Attributes:
        tensors: parameter name -> gradient, or weight delta w_T - w_0, same shapes as the parameters.
        kind: "gradient" or "delta".
        examples: number of training examples behind it (summed over aggregated clients).
        buffers: BatchNorm running statistics after the step, where the client shares them; else None.
    """

    tensors: Tensors
    kind: Literal["gradient", "delta"] = "gradient"
    examples: int = 1
    buffers: Tensors | None = None

    def norm(self) -> float:
        """L2 norm over all tensors together."""
        return float(sum(t.double().square().sum() for t in self.tensors.values()) ** 0.5)


@dataclass(frozen=True)
class Training:
    """The client's public training recipe.

    Attributes:
        steps: SGD steps in the round (1 with kind "gradient": no step, the raw gradient).
        epochs: passes over the client's pictures.
        batch: pictures per step.
        lr: learning rate; momentum: SGD momentum.
        order: of the mini-batches, reshuffled each pass or fixed.
    """

    steps: int = 1
    epochs: int = 1
    batch: int = 1
    lr: float = 0.01
    momentum: float = 0.0
    order: Literal["reshuffled", "fixed"] = "reshuffled"


@dataclass(frozen=True)
class DefenseFacts:
    """Public parameters of one defense: its name and its options."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ServerFacts:
    """What a malicious server knows of its own manipulation.

    Attributes:
        name, options: of the server; layer: name, in the victim, of the linear layer whose gradient is to be read.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    layer: str | None = None


@dataclass(frozen=True)
class Observation:
    """The attacker's whole world.

    Attributes:
        victim: the attacker's own copy of the network with the weights it sent (w_0), in the client's mode.
        update: the defended update.
        batch_size: B, number of pictures to rebuild.
        labels: (B,) class indices when knowledge grants them, else None.
        defense: the stack's public parameters when knowledge grants them, else None.
        training: the client's recipe.
        auxiliary: (N,C,H,W) public pictures of the same kind when knowledge grants them, else None.
        server: what a malicious server knows of what it sent, None for an honest one.
    """

    victim: Victim
    update: Update
    batch_size: int
    labels: Tensor | None = None
    defense: tuple[DefenseFacts, ...] | None = None
    training: Training = Training()
    auxiliary: Tensor | None = None
    server: ServerFacts | None = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C,H,W)."""
        return self.victim.image_shape

    @property
    def num_classes(self) -> int:
        return self.victim.num_classes

    @property
    def parameters(self) -> list[Tensor]:
        """The victim's parameters, in the order of ``targets``."""
        return list(self.victim.parameters())

    @cached_property
    def targets(self) -> list[Tensor]:
        """The update's tensors as a *gradient*, in the order of ``parameters``.

        A weight delta is turned into the mean gradient it amounts to: -delta / (lr * steps).
        """
        tensors = [self.update.tensors[name] for name, _ in self.victim.named_parameters()]
        if self.update.kind == "delta":
            return [t / (-self.training.lr * self.training.steps) for t in tensors]
        return tensors
