"""Flow matching: one convention, and what follows from it.

Data at t = 1 (Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023, with straight paths):

    z_t = t z + (1 - t) e,   e ~ N(0, I),   u = dz_t/dt = z - e,   v(z_t, t) ~ E[u | z_t]

so a velocity is a denoiser and a noise predictor at once (methods.md 1.3; derived, tested to 1e-10):

    D(z_t, t) = z_t + (1 - t) v = E[z | z_t]        z - D = (1 - t) (u - v)
    N(z_t, t) = z_t - t v       = E[e | z_t]        N - e = t (u - v)
"""

from __future__ import annotations

import itertools
from abc import abstractmethod

import torch
from torch import Tensor, nn


def per_image(t: Tensor | float, like: Tensor) -> Tensor:
    """``t`` as (B,1,1,1), in the type and on the device of ``like`` (B,C,H,W)."""
    t = torch.as_tensor(t, dtype=like.dtype, device=like.device)
    return t.expand(like.shape[0]).view(-1, 1, 1, 1)


def to_flow(images: Tensor) -> Tensor:
    """Pixels in [0,1] -> the flow's space, [-1,1]."""
    return 2 * images - 1


def to_pixels(z: Tensor) -> Tensor:
    """The flow's space -> pixels; [0,1] where z is in [-1,1], not clamped."""
    return (z + 1) / 2


class Flow(nn.Module):
    """A velocity field over pictures in the flow's space [-1,1], data at t = 1."""

    image_shape: tuple[int, int, int]

    @abstractmethod
    def velocity(self, z_t: Tensor, t: Tensor) -> Tensor:
        """v(z_t, t). z_t: (B,C,H,W) in the flow's space; t: (B,1,1,1) in [0,1]."""

    def denoise(self, z_t: Tensor, t: Tensor) -> Tensor:
        """D(z_t, t) = z_t + (1 - t) v(z_t, t)."""
        return z_t + (1 - t) * self.velocity(z_t, t)

    def noise(self, z_t: Tensor, t: Tensor) -> Tensor:
        """N(z_t, t) = z_t - t v(z_t, t)."""
        return z_t - t * self.velocity(z_t, t)

    @torch.no_grad()
    def sample(self, count: int, *, seed: int, steps: int = 50) -> Tensor:
        """``count`` pictures (count,C,H,W) in [0,1]: the ODE dz = v dt from noise by Heun's rule, ``steps`` >= 1."""
        generator = torch.Generator().manual_seed(seed)
        z = torch.randn(count, *self.image_shape, generator=generator)
        z = z.to(next(itertools.chain(self.parameters(), self.buffers())))
        for k in range(steps):
            now, then = per_image(k / steps, z), per_image((k + 1) / steps, z)
            v = self.velocity(z, now)
            ahead = z + v / steps
            z = ahead if k == steps - 1 else z + (v + self.velocity(ahead, then)) / (2 * steps)
        return to_pixels(z).clamp(0, 1)


class NoiseAtOne(Flow):
    """Adapter for fields trained with data at t = 0 (SD3, Flux, rectified flow): z_s = (1-s) z + s e, v = e - z.

    With s = 1 - t the paths agree, and the velocity changes its sign.
    """

    def __init__(self, other: nn.Module, image_shape: tuple[int, int, int]) -> None:
        """``other(z_s, s)``: z_s (B,C,H,W), s (B,) in [0,1] -> (B,C,H,W)."""
        super().__init__()
        self.other = other
        self.image_shape = image_shape

    def velocity(self, z_t: Tensor, t: Tensor) -> Tensor:
        return -self.other(z_t, (1 - t).flatten())
