"""ResNet-18 for small pictures."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from gi_core.components import option
from gi_core.models.base import CIFAR_MEAN, CIFAR_STD, Architecture, Victim, models


class BasicBlock(nn.Module):
    """conv-BN-ReLU-conv-BN, plus the shortcut, then ReLU (He et al. 2016, post-activation)."""

    def __init__(self, fan_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(fan_in, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.shortcut = nn.Sequential()
        if stride != 1 or fan_in != width:
            self.shortcut = nn.Sequential(nn.Conv2d(fan_in, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


@models.register("resnet18")
@dataclass(frozen=True, kw_only=True)
class ResNet18(Architecture):
    """ResNet-18, post-activation, with a 3x3 stem and no first pooling, for pictures of 28 to 64 pixels.

    He et al., CVPR 2016; stem as in the CIFAR variants. 11.17 M parameters at width 64 and 10 classes.
    """

    width: int = option(64, "channels of the first stage", low=4, high=256)

    def build(self, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        w = self.width
        stages: list[nn.Module] = [nn.Conv2d(image_shape[0], w, 3, 1, 1, bias=False), nn.BatchNorm2d(w), nn.ReLU()]
        fan_in = w
        for factor, stride in ((1, 1), (2, 2), (4, 2), (8, 2)):
            stages += [BasicBlock(fan_in, w * factor, stride), BasicBlock(w * factor, w * factor, 1)]
            fan_in = w * factor
        body = nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        head = nn.Linear(fan_in, num_classes)
        return Victim(body, head, image_shape=image_shape, mean=CIFAR_MEAN, std=CIFAR_STD)
