"""ResNet-18, pre-activation."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from gi_core.components import option
from gi_core.models.base import Architecture, Victim, models
from gi_core.models.resnet import STAGES, first_convolution, first_pool, pixel_statistics


class PreActBlock(nn.Module):
    """BN-ReLU-conv-BN-ReLU-conv, plus the shortcut with nothing after the sum (He et al., ECCV 2016)."""

    def __init__(self, fan_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(fan_in)
        self.conv1 = nn.Conv2d(fan_in, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.relu = nn.ReLU()
        changes = stride != 1 or fan_in != width
        self.project = nn.Conv2d(fan_in, width, 1, stride, bias=False) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        active = self.relu(self.bn1(x))
        shortcut = x if self.project is None else self.project(active)
        return self.conv2(self.relu(self.bn2(self.conv1(active)))) + shortcut


@models.register("resnet18-preact")
@dataclass(frozen=True, kw_only=True)
class PreActResNet18(Architecture):
    """ResNet-18, pre-activation: normalisation and ReLU stand before each convolution, the skip path is clean.

    He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016: 11,687,720 parameters at 224 pixels and
    1000 classes. Below 96 pixels: 3x3 stem without pooling.
    """

    width: int = option(64, "channels of the first stage", low=4, high=256)

    def build(self, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        stages: list[nn.Module] = [first_convolution(image_shape, self.width), *first_pool(image_shape)]
        fan_in = self.width
        for factor, stride in STAGES:
            width = self.width * factor
            stages += [PreActBlock(fan_in, width, stride), PreActBlock(width, width, 1)]
            fan_in = width
        body = nn.Sequential(*stages, nn.BatchNorm2d(fan_in), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        head = nn.Linear(fan_in, num_classes)
        return Victim(body, head, image_shape=image_shape, **pixel_statistics(image_shape))
