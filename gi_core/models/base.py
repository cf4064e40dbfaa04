"""What every victim is: pixel normalisation, a body that yields features, a linear head."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gi_core.components import Component, Registry
from gi_core.errors import BadInput

CIFAR_MEAN = (0.4914, 0.4822, 0.4465)
CIFAR_STD = (0.2470, 0.2435, 0.2616)


class Victim(nn.Module):
    """A classifier of pictures in [0,1]: ``head(body((x - mean) / std))``.

    Args:
        body: (B,C,H,W) normalised pictures -> (B,d) features.
        head: linear layer (B,d) -> (B,K) logits.
        mean, std: pixel normalisation per channel, part of the victim so that pictures stay in [0,1].
        image_shape: (C,H,W).

    ``label_smoothing`` is 0 unless the client's loss smooths its labels (a model-side defense).
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        body: nn.Module,
        head: nn.Linear,
        *,
        image_shape: tuple[int, int, int],
        mean: tuple[float, ...] = (0.0,),
        std: tuple[float, ...] = (1.0,),
    ) -> None:
        super().__init__()
        self.body = body
        self.head = head
        self.image_shape = image_shape
        self.label_smoothing = 0.0
        channels = image_shape[0]
        if len(mean) != channels:
            mean, std = (sum(mean) / len(mean),) * channels, (sum(std) / len(std),) * channels
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)

    @property
    def num_classes(self) -> int:
        return self.head.out_features

    def features(self, images: Tensor) -> Tensor:
        """(B,C,H,W) in [0,1] -> (B,d): the input of the linear head."""
        return self.body((images - self.mean) / self.std)

    def forward(self, images: Tensor) -> Tensor:
        """(B,C,H,W) in [0,1] -> (B,K) logits."""
        return self.head(self.features(images))

    def loss(self, images: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy. ``targets``: class indices (B,) or class probabilities (B,K)."""
        return F.cross_entropy(self(images), targets, label_smoothing=self.label_smoothing)

    def check_targets(self, targets: Tensor, batch_size: int) -> Tensor:
        """The labels if this victim can learn from them. Raises BadInput naming the value and what is allowed."""
        if targets.shape != (batch_size,) or targets.dtype.is_floating_point:
            given = f"labels of shape {tuple(targets.shape)} ({targets.dtype})"
            raise BadInput(f"{given}: {batch_size} whole numbers are needed")
        if batch_size and not 0 <= int(targets.min()) <= int(targets.max()) < self.num_classes:
            raise BadInput(f"labels {targets.tolist()}: each must be from 0 to {self.num_classes - 1}")
        return targets.long()

    def need_linear_head(self, who: str) -> None:
        """Raises BadInput, naming ``who`` needs it, unless the head is a linear layer."""
        if not isinstance(self.head, nn.Linear):
            raise BadInput(f"{who} works on the gradient of a linear head, and this victim has none")

    def draw_targets(self, batch_size: int, generator: torch.Generator) -> Tensor:
        """Random labels in the form that ``loss`` takes: (B,) class indices."""
        return torch.randint(self.num_classes, (batch_size,), generator=generator)


class LossOf(nn.Module):
    """A victim's loss as a module, so that its parameters can be swapped (``torch.func.functional_call``)."""

    def __init__(self, victim: Victim) -> None:
        super().__init__()
        self.victim = victim

    def forward(self, images: Tensor, targets: Tensor) -> Tensor:
        return self.victim.loss(images, targets)


@dataclass(frozen=True, kw_only=True)
class Architecture(Component):
    """A victim architecture and its options."""

    @abstractmethod
    def build(self, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        """A freshly initialised victim; initial weights come from torch's global generator."""


models: Registry[Architecture] = Registry("model")
