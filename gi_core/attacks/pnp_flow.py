"""Plug-and-play flow matching: match the update, denoise, and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from gi_core.attacks.base import Attack, attacks, check_init
from gi_core.attacks.start import start
from gi_core.components import option
from gi_core.inversion.frame import Frame
from gi_core.inversion.labels import recover
from gi_core.inversion.local_steps import surrogate_gradient
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import objectives
from gi_core.networks.flow import per_image, to_flow, to_pixels
from gi_core.networks.flows import check_net, load_flow
from gi_core.observation import Observation


@attacks.register("pnp-flow")
@dataclass(frozen=True, kw_only=True)
class PlugAndPlayFlow(Attack):
    """Alternate steps that match the update with a flow-matching denoiser as the proximal step.

    Martin et al., "PnP-Flow", ICLR 2025, algorithm 3, carried over to gradient matching (reconstruction): with
    t = k / steps, z = x - lr (1-t)^a g and x = mean over noise of D(t z + (1-t) e, t). Their fidelity gradient is
    scaled by the operator's norm; here g has unit root mean square per picture, and ``inner`` such steps are taken.
    A delta of several local steps is matched at the surrogate weights half-way (``alpha``).
    """

    assumes: ClassVar[str] = (
        "The server knows the weights, the labels or can infer them, and has a denoiser of pictures of this kind."
    )
    fails: ClassVar[str] = (
        "Few, coarse steps on a hard matching problem: it follows the prior sooner than the update does. Where the"
        " update says little the picture is the prior's."
    )
    defend: ClassVar[str] = "Aggregate securely over many clients, and add calibrated noise to clipped updates."

    steps: int = option(100, "denoising steps", low=1, high=10_000)
    inner: int = option(5, "matching steps before each denoising", low=1, high=1000)
    lr: float = option(0.05, "length of a matching step, root mean square in [0,1] pixels", low=1e-6, high=10)
    power: float = option(1.0, "a: how the matching step shrinks, (1-t)^a", low=0, high=4)
    draws: int = option(2, "noise draws averaged per denoising", low=1, high=64)
    alpha: float = option(0.5, "surrogate weights between w_0 (0) and w_T (1), for deltas", low=0, high=1)
    net: str = option("auto", "unet (trained here, 32x32x3), gaussian (analytic, any size), auto, or an allowed model")
    objective: Literal["cosine", "l2", "l1"] = option("cosine", "distance between updates")
    init: str = option("randn", "starting point: randn, rand, grey, or an attack")
    labels: Literal["auto", "known", "idlg", "bias-corrected", "ilrg"] = option("auto", "how labels are found")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_init(self.init)
        check_net(self.net)

    @property
    def iterations(self) -> int:
        return self.steps

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        labels = recover(observation, self.labels)
        generator = torch.Generator().manual_seed(seed)
        x = start(self.init, observation, seed)
        flow = load_flow(self.net, observation.image_shape, x.device)
        simulate = None
        if observation.update.kind == "delta":
            simulate = surrogate_gradient(observation, torch.tensor(self.alpha).to(x))
        matcher = Matcher(observation, objectives.parse(self.objective), seed=seed, simulate=simulate)
        for k in range(self.steps):
            progress = k / self.steps
            length = self.lr * (1 - progress) ** self.power
            for _ in range(self.inner):
                now = matcher.evaluate(x, labels, progress)
                size = now.gradient.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-30)
                x = (x - length * now.gradient / size).clamp(0, 1)
            t, z = per_image(progress, x), to_flow(x)
            with torch.no_grad():
                seen = [
                    flow.denoise(t * z + (1 - t) * torch.randn(x.shape, generator=generator).to(x), t)
                    for _ in range(self.draws)
                ]
            x = to_pixels(torch.stack(seen).mean(0)).clamp(0, 1)
            yield Frame(k, x, now.loss, now.terms, labels=labels)
