"""Mjolnir's denoiser: a diffusion model of gradients, folded into squares."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gi_core.models.base import Victim
from gi_core.networks.decoder import DecoderBlock
from gi_core.networks.diff_lrn import Sinusoid

STEPS = 1000
RATIOS = (0.3, 1.0, 3.0)
"""Noise over the gradients' root mean square at which a denoiser is validated."""


def noise_schedule() -> Tensor:
    """(1000,) products alpha-bar_t of 1 - beta, beta linear from 1e-4 to 0.02 (Ho et al. 2020)."""
    return (1 - torch.linspace(1e-4, 0.02, STEPS, dtype=torch.float64)).cumprod(0).float()


def gain_name(ratio: float) -> str:
    """Under which name a card keeps what the denoiser gained on held-out gradients at this noise."""
    return f"cosine gained at noise {ratio:g} x rms"


def gain(validation: dict[str, float], ratio: float) -> float:
    """What the denoiser is known to gain in cosine at ``ratio``: at the next lower level that was validated, else 0."""
    below = [level for level in RATIOS if level <= ratio]
    return validation.get(gain_name(below[-1]), 0.0) if below else 0.0


class GradientDiffusion(nn.Module):
    """U-Net that predicts the noise in gradients of one victim.

    The flattened gradient is divided by its root mean square over training gradients, padded with its mean to a square
    and folded twice. Two scales instead of the published three and far narrower: a reconstruction that a CPU can train.
    """

    scale: Tensor
    products: Tensor

    def __init__(self, victim: Victim, width: int = 16) -> None:
        super().__init__()
        self.length = sum(p.numel() for p in victim.parameters())
        self.side = 8 * math.ceil(math.sqrt(self.length) / 8)
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("products", noise_schedule(), persistent=False)
        self.time = Sinusoid(64)
        self.enter = nn.Conv2d(4, width, 3, padding=1)
        self.fine = DecoderBlock(width, 64)
        self.down = nn.Conv2d(4 * width, 2 * width, 3, padding=1)
        self.coarse = nn.ModuleList(DecoderBlock(2 * width, 64) for _ in range(2))
        self.up = nn.Conv2d(2 * width, 4 * width, 3, padding=1)
        self.last = DecoderBlock(width, 64)
        self.out = nn.Conv2d(width, 4, 3, padding=1)

    def fold(self, rows: Tensor) -> Tensor:
        """(N,P) -> (N,1,side,side), padded with each row's mean."""
        missing = self.side**2 - self.length
        padded = torch.cat([rows, rows.mean(1, keepdim=True).expand(-1, missing)], 1)
        return padded.view(-1, 1, self.side, self.side)

    def forward(self, squares: Tensor, step: Tensor) -> Tensor:
        """Noise in ``squares`` (N,1,side,side) at time steps (N,)."""
        condition = self.time(step.float() / STEPS * 10)
        top = self.fine(self.enter(F.pixel_unshuffle(squares, 2)), condition)
        x = self.down(F.pixel_unshuffle(top, 2))
        for block in self.coarse:
            x = block(x, condition)
        x = self.last(top + F.pixel_shuffle(self.up(x), 2), condition)
        return F.pixel_shuffle(self.out(F.relu(x)), 2)

    def denoise(self, rows: Tensor, sigma: float, generator: torch.Generator, most: int = 40) -> Tensor:
        """(N,P) gradients + N(0, sigma^2) -> samples of the gradients by ancestral steps, at most ``most``."""
        noise = sigma / float(self.scale)
        squares = self.denoise_squares(self.fold(rows / self.scale), noise, generator, most)
        return squares.flatten(1)[:, : self.length] * self.scale

    @torch.no_grad()
    def denoise_squares(self, squares: Tensor, noise: float, generator: torch.Generator, most: int = 40) -> Tensor:
        """(N,1,side,side) squares + N(0, noise^2) -> samples of the squares.

        With M the noise, the square times 1/sqrt(1 + M^2) is what the forward process gives at the first t with
        alpha-bar_t < 1/(1 + M^2); from there t runs down to 0 (DDPM; strided as in DDIM with eta = 1).
        """
        first = int((self.products >= 1 / (1 + noise**2)).sum().clamp(max=STEPS - 1))
        times = torch.linspace(first, 0, min(most, first + 1)).round().long().tolist()
        x = squares / math.sqrt(1 + noise**2)
        for now, later in zip(times, [*times[1:], -1], strict=True):
            level = self.products[now]
            below = self.products[later] if later >= 0 else torch.ones(())
            error = self(x, torch.tensor([now]).expand(len(x)))
            clean = (x - (1 - level).sqrt() * error) / level.sqrt()
            spread = ((1 - below) / (1 - level) * (1 - level / below)).clamp_min(0).sqrt()
            x = below.sqrt() * clean + (1 - below - spread**2).clamp_min(0).sqrt() * error
            x = x + spread * torch.randn(x.shape, generator=generator)
        return x
