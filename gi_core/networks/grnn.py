"""GRNN's generator: from one fixed random code to a picture and a soft label."""

from __future__ import annotations

import itertools
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CODE = 128


class Grow(nn.Module):
    """Nearest-neighbour doubling, 3x3 convolution, batch norm, gated linear unit."""

    def __init__(self, fan_in: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(fan_in, 2 * width, 3, padding=1)
        self.norm = nn.BatchNorm2d(2 * width)

    def forward(self, x: Tensor) -> Tensor:
        return F.glu(self.norm(self.conv(F.interpolate(x, scale_factor=2.0))), 1)


class Generator(nn.Module):
    """Code (B,128) -> pictures (B,C,H,W) in [0,1] and label probabilities (B,K).

    Ren, Deng, Xie, "GRNN: Generative Regression Neural Network", ACM TIST 2022, after the released code: transposed
    4x4 convolution with a gate, doublings with gates up to the picture's side (cropped where it is no power of two
    times four), sigmoid; a linear layer and softmax for the label. Channel widths are ours.
    """

    def __init__(self, image_shape: tuple[int, int, int], num_classes: int, width: int = 128) -> None:
        super().__init__()
        self.image_shape = image_shape
        doublings = max(1, math.ceil(math.log2(max(image_shape[1:]) / 4)))
        widths = [max(16, width // 2**i) for i in range(doublings + 1)]
        self.seed = nn.ConvTranspose2d(CODE, 2 * widths[0], 4)
        self.grow = nn.ModuleList(Grow(a, b) for a, b in itertools.pairwise(widths))
        self.paint = nn.Conv2d(widths[-1], image_shape[0], 3, padding=1)
        self.label = nn.Linear(CODE, num_classes)

    def forward(self, code: Tensor) -> tuple[Tensor, Tensor]:
        x = F.glu(self.seed(code[:, :, None, None]), 1)
        for step in self.grow:
            x = step(x)
        picture = torch.sigmoid(self.paint(x))
        top = (picture.shape[2] - self.image_shape[1]) // 2
        left = (picture.shape[3] - self.image_shape[2]) // 2
        picture = picture[:, :, top : top + self.image_shape[1], left : left + self.image_shape[2]]
        return picture, self.label(code).softmax(1)
