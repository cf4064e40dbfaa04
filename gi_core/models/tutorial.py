"""The network of PyTorch's beginner tutorial, with which first examples of federated learning begin."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gi_core.models.base import Architecture, Victim, models


class Trunk(nn.Module):
    """Two 5x5 convolutions with pooling, two linear layers; the tutorial's names."""

    def __init__(self, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(image_shape[0], 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        sides = [((side - 4) // 2 - 4) // 2 for side in image_shape[1:]]
        self.fc1 = nn.Linear(16 * sides[0] * sides[1], 120)
        self.fc2 = nn.Linear(120, 84)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.conv1(x).relu())
        x = self.pool(self.conv2(x).relu())
        return self.fc2(self.fc1(torch.flatten(x, 1)).relu()).relu()


@models.register("net")
@dataclass(frozen=True, kw_only=True)
class Tutorial(Architecture):
    """The beginner's CNN: two convolutions, three linear layers.

    PyTorch's tutorial "Training a Classifier"; Flower's and NVIDIA FLARE's first examples take it over. At 32x32x3 and
    10 classes: 62,006 parameters. Pixels normalised to [-1,1], as there.
    """

    def build(self, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        half = (0.5,) * image_shape[0]
        return Victim(Trunk(image_shape), nn.Linear(84, num_classes), image_shape=image_shape, mean=half, std=half)
