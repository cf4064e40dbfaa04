"""ResNet-18, post-activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from gi_core.components import option
from gi_core.models.base import CIFAR_MEAN, CIFAR_STD, Architecture, Victim, models
from gi_core.models.from_timm import canonical

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
STAGES = ((1, 1), (2, 2), (4, 2), (8, 2))  # (width factor, stride of the first block)


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


def first_convolution(image_shape: tuple[int, int, int], width: int) -> nn.Conv2d:
    """7x7 with stride 2 for canonical pictures, 3x3 with stride 1 for small ones."""
    size, stride = (7, 2) if canonical(image_shape) else (3, 1)
    return nn.Conv2d(image_shape[0], width, size, stride, size // 2, bias=False)


def first_pool(image_shape: tuple[int, int, int]) -> list[nn.Module]:
    """3x3 max-pool with stride 2 for canonical pictures, nothing for small ones."""
    return [nn.MaxPool2d(3, 2, 1)] if canonical(image_shape) else []


def pixel_statistics(image_shape: tuple[int, int, int]) -> dict[str, tuple[float, ...]]:
    if canonical(image_shape):
        return {"mean": IMAGENET_MEAN, "std": IMAGENET_STD}
    return {"mean": CIFAR_MEAN, "std": CIFAR_STD}


@models.register("resnet18")
@dataclass(frozen=True, kw_only=True)
class ResNet18(Architecture):
    """ResNet-18, post-activation: the 7x7 stem from 96 pixels on, a 3x3 stem without pooling below.

    He et al., CVPR 2016: 11,689,512 parameters at 224 pixels and 1000 classes. Small stem as in the CIFAR
    variants: 11.17 M at width 64 and 10 classes.
    """

    width: int = option(64, "channels of the first stage", low=4, high=256)

    timm_name: ClassVar[str] = "resnet18"

    def build(self, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        w = self.width
        stages: list[nn.Module] = [
            first_convolution(image_shape, w), nn.BatchNorm2d(w), nn.ReLU(), *first_pool(image_shape)
        ]  # fmt: skip
        fan_in = w
        for factor, stride in STAGES:
            stages += [BasicBlock(fan_in, w * factor, stride), BasicBlock(w * factor, w * factor, 1)]
            fan_in = w * factor
        body = nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        head = nn.Linear(fan_in, num_classes)
        return Victim(body, head, image_shape=image_shape, **pixel_statistics(image_shape))
