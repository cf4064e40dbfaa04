"""The flow-matching prior: a velocity field as a denoiser that pulls the guess towards pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.networks.flow import Flow, per_image, to_flow, to_pixels
from gi_core.networks.flows import check_net, load_flow
from gi_core.priors.base import Prior, PriorContext, priors


def stopped_pull(flow: Flow, z: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """u - v(z_t, t) = (z - D(z_t, t)) / (1 - t), the network held fixed: one forward pass.

    Its mean over the noise is ((1-t)/t^2) grad KL(N(t z, (1-t)^2 I) || p_t) (methods.md 1.3, derived; the form of
    score distillation, Poole et al. 2023, and RED-diff, Mardani et al. 2024).
    z, noise: (B,C,H,W) in the flow's space; t: (B,1,1,1).
    """
    with torch.no_grad():
        return z - noise - flow.velocity(t * z + (1 - t) * noise, t)


def full_pull(flow: Flow, z: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """Gradient of 1/2 |v(z_t, t) - u|^2 with respect to z, through the network: (t J_v - I)^T (v - u)."""
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        velocity = flow.velocity(t * z + (1 - t) * noise, t)
        return torch.autograd.grad(0.5 * (velocity - (z - noise)).square().sum(), z)[0]


BALANCE = 0.1
"""Distance from guess to denoised guess, root mean square in [0,1] pixels, at which weight 1 pulls as g_0 does."""


@priors.register("flow")
@dataclass(frozen=True, kw_only=True)
class FlowPrior(Prior):
    """Noise the guess, let a flow-matching denoiser look at it, and move towards what it sees (reconstruction).

    After "Deep Leakage with Generative Flow Matching Denoiser" (arXiv 2601.15049), whose exact loss is not available to
    us; reconstruction from methods.md 1.3. With D the denoiser's view of the noised guess and t annealed from ``start``
    to ``end`` (nearly no noise), the potential of each picture is

        weight * |g_0| / BALANCE * |x - D|^2 / 2,   x - D = (1-t) (u - v) / 2 (grad=stop), or by its full gradient

    where g_0, the objective's gradient at the run's first guess, makes ``weight`` mean the same whatever the victim's
    scale. On a small victim the network costs several times the matching, so D is renewed at every ``every``-th guess
    only: at equal seconds 4 to 7 were the same within the spread of 16 or 24 validation pictures without noise, and
    under noise of 3e-4 SSIM fell from 0.30 to 0.285.
    With ``fade`` the weight goes to zero and the update has the last word: right where it is clean (the default). Under
    noise let the prior have it: ``weight=1,fade=0`` and more, the noisier.
    """

    balanced: ClassVar[bool] = True

    weight: float = option(0.3, "force of the prior as a share of the objective's first", low=0, high=1e6)
    net: str = option("auto", "unet (trained here, 32x32x3), gaussian (analytic, any size), auto, or an allowed model")
    grad: Literal["stop", "full"] = option("stop", "hold the network fixed, or differentiate through it (3x the time)")
    start: float = option(0.7, "flow time at the first iteration (0: all noise)", low=0.01, high=0.99)
    end: float = option(0.99, "flow time at the last iteration (1: no noise)", low=0.01, high=0.99)
    jitter: float = option(0.02, "random width around the flow time", low=0, high=0.5)
    draws: int = option(1, "noise draws averaged per look", low=1, high=64)
    fade: float = option(1.0, "the weight falls as (1 - progress)^fade; 0: it stays", low=0, high=8)
    every: int = option(7, "iterations between two looks of the denoiser", low=1, high=1000)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_net(self.net)

    def time(self, progress: float, generator: torch.Generator) -> float:
        """Flow time of an iteration, in [0.01, 0.99]."""
        shift = self.jitter * (2 * float(torch.rand((), generator=generator)) - 1)
        return min(0.99, max(0.01, self.start + progress * (self.end - self.start) + shift))

    def pull(self, images: Tensor, context: PriorContext) -> tuple[Tensor, Tensor]:
        look: Look | None = context.memory.get("look")
        if look is None or look.uses == self.every:
            look = context.memory["look"] = self.look(images, context, look)
        look.uses += 1
        force = self.weight * (1 - context.progress) ** self.fade * look.scale
        away = images - look.seen
        return 0.5 * (force * away.square()).sum(), force * away

    def look(self, images: Tensor, context: PriorContext, last: Look | None) -> Look:
        """Noise the guess and let the denoiser see it; the scale is that of the start's first look."""
        flow = self._flow(images)
        t = per_image(self.time(context.progress, context.generator), images)
        z = to_flow(images.detach())
        pull_of = stopped_pull if self.grad == "stop" else full_pull
        residual = torch.zeros_like(images)
        for _ in range(self.draws):
            residual += pull_of(flow, z, t, _noise(images, context.generator))
        away = residual * (1 - t) / (2 * self.draws)  # x - D in pixels
        if last is not None:
            return Look(images - away, last.scale)
        per_pixel = context.data_gradient.square().mean((1, 2, 3), keepdim=True).sqrt()
        return Look(images - away, per_pixel / BALANCE)

    def denoised(self, images: Tensor, context: PriorContext) -> Tensor:
        """The denoiser's view of the guess at the present flow time, (B,C,H,W) in [0,1]; draws its own noise."""
        generator = torch.Generator().manual_seed(0)
        t = per_image(self.start + context.progress * (self.end - self.start), images)
        with torch.no_grad():
            z_t = t * to_flow(images) + (1 - t) * _noise(images, generator)
            return to_pixels(self._flow(images).denoise(z_t, t)).clamp(0, 1)

    def _flow(self, images: Tensor) -> Flow:
        c, h, w = images.shape[1:]
        return load_flow(self.net, (c, h, w), images.device)


@dataclass
class Look:
    """What the denoiser saw: (B,C,H,W) in [0,1], the prior's scale (B,1,1,1), and how often it was used."""

    seen: Tensor
    scale: Tensor
    uses: int = 0


def _noise(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator).to(like)
