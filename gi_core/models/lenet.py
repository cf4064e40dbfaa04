"""LeNet as in Deep Leakage from Gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from gi_core.components import option
from gi_core.models.base import Architecture, Victim, models


@models.register("lenet")
@dataclass(frozen=True, kw_only=True)
class LeNet(Architecture):
    """Three 5x5 convolutions of 12 channels (strides 2, 2, 1) and a linear head.

    Zhu, Liu, Han, "Deep Leakage from Gradients", NeurIPS 2019: sigmoid activations and weights and biases
    from U(-0.5, 0.5), pixels not normalised. At 32x32x3 and 10 classes: 15,826 parameters.
    """

    activation: Literal["sigmoid", "relu"] = option("sigmoid", "non-linearity after each convolution")
    init: Literal["uniform", "default"] = option("uniform", "U(-0.5, 0.5) as published, or PyTorch's default")

    def build(self, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        channels, height, width = image_shape
        act = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}[self.activation]
        body = nn.Sequential(
            nn.Conv2d(channels, 12, 5, stride=2, padding=2), act(),
            nn.Conv2d(12, 12, 5, stride=2, padding=2), act(),
            nn.Conv2d(12, 12, 5, stride=1, padding=2), act(),
            nn.Flatten(),
        )  # fmt: skip
        with torch.no_grad():
            width_of_head = body(torch.zeros(1, channels, height, width)).shape[1]
        victim = Victim(body, nn.Linear(width_of_head, num_classes), image_shape=image_shape)
        if self.init == "uniform":
            for parameter in victim.parameters():
                nn.init.uniform_(parameter, -0.5, 0.5)
        return victim
