"""The U-Net that turns decoder inputs and a first linear picture into the picture."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RANK = 128


class DecoderBlock(nn.Module):
    """Residual block of two 3x3 convolutions, modulated by a condition: x (1 + scale) + shift (FiLM).

    The last convolution starts at zero, so that an untrained block passes its input through.
    """

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        self.film = nn.Linear(condition, 2 * width) if condition else None

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        inner = self.first(F.relu(x))
        if self.film is not None and condition is not None:
            factor, shift = self.film(condition)[:, :, None, None].chunk(2, 1)
            inner = inner * (1 + factor) + shift
        return x + self.second(F.relu(inner))


class Decoder(nn.Module):
    """Inputs at a quarter of the picture's side, a linear picture, a condition -> the picture's correction.

    The linear picture is folded to a quarter of its side beside the inputs, so that the network works where it is
    cheap: residual blocks at 1/4 and at 1/2 of the side, pixel shuffles in between [R: Venom and FGLA state no widths
    for small pictures].

    Args:
        inputs: numbers per picture; those that are no maps enter through a linear layer of rank 128.
        image_shape: (C,H,W), H and W multiples of 4.
        maps: (C,H/4,W/4) per group of inputs when they are spatial, else None.
        condition: width of the condition vector, 0 for none.
    """

    def __init__(
        self,
        inputs: int,
        image_shape: tuple[int, int, int],
        maps: tuple[int, int, int] | None,
        *,
        condition: int = 0,
        width: int = 64,
        deep: int = 3,
        wide: int = 2,
    ) -> None:
        super().__init__()
        colours, height, breadth = image_shape
        self.cell = (height // 4, breadth // 4)
        if maps is not None and maps[1:] == self.cell:
            self.enter: nn.Module = nn.Identity()
            channels = inputs // (self.cell[0] * self.cell[1])
        else:
            channels = 16
            self.enter = nn.Sequential(
                nn.Linear(inputs, RANK, bias=False), nn.Linear(RANK, channels * self.cell[0] * self.cell[1])
            )
        half = width // 2
        self.stem = nn.Conv2d(channels + 16 * colours, width, 3, padding=1)
        self.deep = nn.ModuleList(DecoderBlock(width, condition) for _ in range(deep))
        self.up = nn.Conv2d(width, 4 * half, 3, padding=1)
        self.side = nn.Conv2d(4 * colours, half, 3, padding=1)
        self.wide = nn.ModuleList(DecoderBlock(half, condition) for _ in range(wide))
        self.out = nn.Conv2d(half, 4 * colours, 3, padding=1)
        for parameter in self.out.parameters():
            nn.init.zeros_(parameter)

    def forward(self, inputs: Tensor, linear: Tensor, condition: Tensor | None = None) -> Tensor:
        maps = self.enter(inputs).view(inputs.shape[0], -1, *self.cell)
        centred = 4 * (linear - 0.5)
        x = self.stem(torch.cat([maps, F.pixel_unshuffle(centred, 4)], 1))
        for block in self.deep:
            x = block(x, condition)
        x = F.pixel_shuffle(self.up(x), 2) + self.side(F.pixel_unshuffle(centred, 2))
        for block in self.wide:
            x = block(x, condition)
        return linear + F.pixel_shuffle(self.out(F.relu(x)), 2) / 4
