"""ConvNet of Inverting Gradients."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from gi_core.components import option
from gi_core.models.base import CIFAR_MEAN, CIFAR_STD, Architecture, Victim, models


@models.register("convnet")
@dataclass(frozen=True, kw_only=True)
class ConvNet(Architecture):
    """Eight 3x3 convolutions with BatchNorm and ReLU, two 3x3 max-pools, a linear head.

    Geiping et al., "Inverting Gradients", NeurIPS 2020: width 64; 2.90 M parameters at 32x32x3, 10 classes.
    """

    width: int = option(64, "channels of the first block", low=4, high=256)

    def build(self, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        w = self.width
        plan: list[int | None] = [w, 2 * w, 2 * w, 4 * w, 4 * w, 4 * w, None, 4 * w, 4 * w, None]
        layers: list[nn.Module] = []
        fan_in = image_shape[0]
        for step in plan:
            if step is None:
                layers.append(nn.MaxPool2d(3))
            else:
                layers += [nn.Conv2d(fan_in, step, 3, padding=1), nn.BatchNorm2d(step), nn.ReLU()]
                fan_in = step
        body = nn.Sequential(*layers, nn.Flatten())
        with torch.no_grad():
            width_of_head = body.eval()(torch.zeros(1, *image_shape)).shape[1]
        head = nn.Linear(width_of_head, num_classes)
        return Victim(body, head, image_shape=image_shape, mean=CIFAR_MEAN, std=CIFAR_STD)
