"""A small U-Net velocity field for 32x32 pictures: the learned flow prior."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gi_core.networks.flow import Flow

DATA_STD = 0.5


class VelocityBlock(nn.Module):
    """norm-SiLU-conv, scale and shift by time, norm-SiLU-conv, plus the shortcut."""

    def __init__(self, fan_in: int, width: int, time_width: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(8, fan_in)
        self.conv1 = nn.Conv2d(fan_in, width, 3, padding=1)
        self.time = nn.Linear(time_width, 2 * width)
        self.norm2 = nn.GroupNorm(8, width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.shortcut = nn.Conv2d(fan_in, width, 1) if fan_in != width else nn.Identity()
        start_at_zero(self.conv2)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        scale, shift = self.time(time)[:, :, None, None].chunk(2, dim=1)
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.norm2(h) * (1 + scale) + shift
        return self.shortcut(x) + self.conv2(F.silu(h))


class Attention(nn.Module):
    """Self-attention over all positions, written out so that it can be differentiated twice."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(8, width)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        start_at_zero(self.out)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(b, 3, self.heads, c // self.heads, h * w).unbind(1)
        weight = (q.transpose(-2, -1) @ k / math.sqrt(c // self.heads)).softmax(-1)
        return x + self.out((v @ weight.transpose(-2, -1)).reshape(b, c, h, w))


def start_at_zero(layer: nn.Conv2d) -> None:
    """A residual branch that begins as nothing."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


class VelocityNet(Flow):
    """U-Net on 2x2 patches (16x16 and 8x8 for 32x32 pictures), attention at the coarse level.

    The network F sees unit-variance input and gives unit-variance output (Karras et al., EDM, NeurIPS 2022,
    carried over to straight paths): with s^2 = t^2 d^2 + (1-t)^2 and d the data's standard deviation,

        v(z_t, t) = ((t d^2 - (1-t)) / s^2) z_t + (d / s) F(z_t / s, t)

    where the first term is the best linear guess of the velocity.

    Args:
        image_shape: (C,H,W), H and W multiples of 4.
        width: channels of the fine level; the coarse level has twice as many.
        depth: blocks per level, each way.
    """

    frequencies: Tensor

    def __init__(self, image_shape: tuple[int, int, int] = (3, 32, 32), width: int = 64, depth: int = 2) -> None:
        super().__init__()
        self.image_shape = image_shape
        patch, time_width, coarse = 4 * image_shape[0], 4 * width, 2 * width
        self.register_buffer("frequencies", torch.exp(torch.linspace(0, math.log(1000), width // 2)), persistent=False)
        self.embed = nn.Sequential(
            nn.Linear(width, time_width), nn.SiLU(), nn.Linear(time_width, time_width), nn.SiLU()
        )
        self.stem = nn.Conv2d(patch, width, 3, padding=1)
        self.fine_down = nn.ModuleList(VelocityBlock(width, width, time_width) for _ in range(depth))
        self.down = nn.Conv2d(width, coarse, 3, stride=2, padding=1)
        self.coarse_down = nn.ModuleList(VelocityBlock(coarse, coarse, time_width) for _ in range(depth))
        self.middle = nn.ModuleList([VelocityBlock(coarse, coarse, time_width), Attention(coarse)])
        self.coarse_up = nn.ModuleList(VelocityBlock(2 * coarse, coarse, time_width) for _ in range(depth))
        self.up = nn.Conv2d(coarse, width, 3, padding=1)
        self.fine_up = nn.ModuleList(VelocityBlock(2 * width, width, time_width) for _ in range(depth))
        last = nn.Conv2d(width, patch, 3, padding=1)
        start_at_zero(last)
        self.last = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), last)

    def _unet(self, x: Tensor, t: Tensor) -> Tensor:
        angle = t.view(-1, 1) * self.frequencies
        time = self.embed(torch.cat([angle.cos(), angle.sin()], dim=1))
        h = self.stem(F.pixel_unshuffle(x, 2))
        fine, coarse = [], []
        for block in self.fine_down:
            h = block(h, time)
            fine.append(h)
        h = self.down(h)
        for block in self.coarse_down:
            h = block(h, time)
            coarse.append(h)
        block, attention = self.middle
        h = attention(block(h, time))
        for block in self.coarse_up:
            h = block(torch.cat([h, coarse.pop()], dim=1), time)
        h = self.up(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        for block in self.fine_up:
            h = block(torch.cat([h, fine.pop()], dim=1), time)
        return F.pixel_shuffle(self.last(h), 2)

    def velocity(self, z_t: Tensor, t: Tensor) -> Tensor:
        variance = (t * DATA_STD) ** 2 + (1 - t) ** 2
        spread = variance.sqrt()
        guess = (t * DATA_STD**2 - (1 - t)) / variance * z_t
        return guess + DATA_STD / spread * self._unet(z_t / spread, t).to(z_t.dtype)
