"""Stand-in viewers: could somebody who has not seen the private picture name what the reconstruction shows?

Two CIFAR-10 classifiers that no attack was tuned on, ResNet-20 and ResNet-56 (He et al., CVPR 2016, section 4.2;
weights by Y. Idelbayev, akamaster/pytorch_resnet_cifar10, BSD-2-Clause; 91.7 % and 93.4 % right on the test pictures).
They were trained on sharp pictures, so of a blurred or noisy one they name less than people would: a strict viewer.
They look twice, at the picture as it is and through half-closed eyes, and say what they take it for on average.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from gi_core.errors import BadInput

FILES = {20: "resnet20_cifar10.safetensors", 56: "resnet56_cifar10.safetensors"}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SQUINT = 0.7
"""Standard deviation in pixels of the second look's blur."""


class Block(nn.Module):
    """conv-BN-ReLU-conv-BN plus a shortcut without weights: every second pixel, zeros for new channels (option A)."""

    def __init__(self, fan_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(fan_in, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        self.stride, self.padding = stride, (width - fan_in) // 2

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.padding, self.padding)))


def stage(fan_in: int, width: int, stride: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(Block(fan_in, width, stride), *(Block(width, width, 1) for _ in range(blocks - 1)))


class CifarResNet(nn.Module):
    """ResNet of depth 6n + 2 for 32x32 pictures: three stages of n blocks, 16, 32 and 64 channels."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        blocks = (depth - 2) // 6
        self.layer1 = stage(16, 16, 1, blocks)
        self.layer2, self.layer3 = stage(16, 32, 2, blocks), stage(32, 64, 2, blocks)
        self.linear = nn.Linear(64, 10)

    def features(self, images: Tensor) -> Tensor:
        """(N,3,32,32) in [0,1] -> (N,64)."""
        shape = (1, 3, 1, 1)
        x = (images - images.new_tensor(MEAN).view(shape)) / images.new_tensor(STD).view(shape)
        x = F.relu(self.bn1(self.conv1(x)))
        return self.layer3(self.layer2(self.layer1(x))).mean((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        return self.linear(self.features(images))


@lru_cache(maxsize=2)
def viewer(depth: int) -> CifarResNet:
    """The trained network of that depth, 20 or 56, from the folder that GI_DATA names. Raises BadInput without it."""
    file = Path(os.environ.get("GI_DATA", "")) / FILES[depth]
    if not file.is_file():
        raise BadInput(f"{FILES[depth]} is missing: GI_DATA must name the folder that holds it")
    network = CifarResNet(depth)
    network.load_state_dict(load_file(file))
    return network.eval().requires_grad_(False)


@torch.no_grad()
def named(images: Tensor) -> Tensor:
    """(N,3,32,32) in [0,1] -> (N,) the class that the viewers take each picture for."""
    looks = [images, blurred(images)]
    return torch.stack([viewer(depth)(look).softmax(1) for depth in FILES for look in looks]).mean(0).argmax(1)


def blurred(images: Tensor) -> Tensor:
    """Through half-closed eyes: a Gaussian blur of SQUINT pixels."""
    steps = torch.arange(-2.0, 3.0)
    kernel = torch.exp(-(steps**2) / (2 * SQUINT**2))
    kernel = (kernel / kernel.sum()).to(images)
    padded = F.pad(images, (2, 2, 2, 2), mode="reflect").flatten(0, 1).unsqueeze(1)
    return F.conv2d(F.conv2d(padded, kernel.view(1, 1, 5, 1)), kernel.view(1, 1, 1, 5)).view(images.shape)
