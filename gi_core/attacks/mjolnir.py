"""Mjolnir: denoise the gradient by diffusion, then match it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from gi_core.attacks.base import Attack, attacks
from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.inversion.frame import Frame
from gi_core.networks import weights
from gi_core.networks.features import noise_level
from gi_core.networks.gradient_diffusion import GradientDiffusion, gain
from gi_core.networks.head import head_gradient, one_picture
from gi_core.networks.sketch import flat
from gi_core.observation import Observation, Update


@attacks.register("mjolnir")
@dataclass(frozen=True, kw_only=True)
class Mjolnir(Attack):
    """Sample the clean gradient from a diffusion model of gradients, then run an iterative attack on the sample.

    Liu et al., "Mjolnir: Breaking the Shield of Perturbation-Protected Gradients via Adaptive Diffusion", 2024. The
    noise scale, which the paper takes as known, is read off the head's gradient: what a rank-one fit leaves. Where the
    denoiser gained nothing on held-out gradients of that noise, or was never tried at so little, the gradient is passed
    on as it came (ours): a diffusion step without noise only harms.
    """

    assumes: ClassVar[str] = "The server knows the weights and has public pictures, whose gradients it can compute."
    fails: ClassVar[str] = "The denoiser can only return typical gradients: what the noise has hidden stays hidden."
    defend: ClassVar[str] = "Noise calibrated to the clip norm, not to the learning rate."

    then: str = option("dlg:steps=100", "the attack that runs on the denoised gradient")
    steps: int = option(40, "denoising steps at most", low=1, high=1000)

    def __post_init__(self) -> None:
        super().__post_init__()
        if attacks.parse(self.then).name == self.name:
            raise BadInput(f"mjolnir:then={self.then}: it needs another attack")

    @property
    def iterations(self) -> int:
        return attacks.parse(self.then).iterations

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        one_picture(observation, self.name)
        network, card = weights.load(self.name, observation.victim, GradientDiffusion)
        sigma = float(noise_level(*head_gradient(observation, self.name)))
        gained = gain(card.get("validation_as_stored", {}), sigma / float(network.scale))
        report = {"noise": sigma, "denoised": gained > 0, "trained on": card["data"]}
        cleaned = self._denoised(observation, network, sigma, seed) if gained > 0 else observation
        for frame in attacks.parse(self.then).run(cleaned, seed):
            frame.report |= report
            yield frame

    def _denoised(self, observation: Observation, network: GradientDiffusion, sigma: float, seed: int) -> Observation:
        generator = torch.Generator().manual_seed(seed)
        row = network.denoise(flat(observation.targets), sigma, generator, self.steps)[0]
        parameters = list(observation.victim.named_parameters())
        pieces = row.split([p.numel() for _, p in parameters])
        tensors = {n: piece.view_as(p).to(p) for (n, p), piece in zip(parameters, pieces, strict=True)}
        return replace(observation, update=Update(tensors, "gradient", observation.update.examples))
