"""A fully-connected classifier: the victim whose gradient is an equation one can solve by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from gi_core.components import option
from gi_core.models.base import Architecture, Victim, models


@models.register("mlp")
@dataclass(frozen=True, kw_only=True)
class MLP(Architecture):
    """Fully-connected layers of equal or halving width, then a linear head."""

    width: int = option(256, "units of the first hidden layer", low=1, high=4096)
    depth: int = option(2, "number of hidden layers", low=1, high=8)
    shrink: bool = option(False, "halve the width from layer to layer")
    activation: Literal["relu", "sigmoid", "tanh", "leaky-relu"] = option("relu", "non-linearity")
    bias: bool = option(True, "biases in every layer")

    def build(self, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        act = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "leaky-relu": nn.LeakyReLU}[self.activation]
        channels, height, width = image_shape
        layers: list[nn.Module] = [nn.Flatten()]
        fan_in, units = channels * height * width, self.width
        for _ in range(self.depth):
            layers += [nn.Linear(fan_in, units, bias=self.bias), act()]
            fan_in, units = units, max(1, units // 2) if self.shrink else units
        head = nn.Linear(fan_in, num_classes, bias=self.bias)
        return Victim(nn.Sequential(*layers), head, image_shape=image_shape)
