"""Venom: features that survive noise, then one pass through a denoising network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gi_core.attacks.base import Attack, attacks
from gi_core.components import option
from gi_core.inversion.frame import Frame
from gi_core.networks import weights
from gi_core.networks.diff_lrn import T_MAX, DiffLRN
from gi_core.networks.features import rank_one, spe
from gi_core.networks.head import head_gradient, one_picture
from gi_core.observation import Observation


@attacks.register("venom")
@dataclass(frozen=True, kw_only=True)
class Venom(Attack):
    """Extract the features from the head's noisy gradient, refine them by wavelets, decode them in a single step.

    "Venom" (Structural Prior Extraction, Diff-LRN). ``feature=spe`` as published; ``svd`` is the rank-one fit that
    equals the matched filter without knowing the noise. The decoder, the refinement's wavelets and the standardising
    of features are reconstructions: the paper leaves them open.
    """

    assumes: ClassVar[str] = "The server knows the weights and has public pictures of the same kind."
    fails: ClassVar[str] = (
        "Beyond a noise multiplier of about 0.01 the features are buried: it returns the mean picture of its training."
    )
    defend: ClassVar[str] = (
        "Clip and add noise of the stated epsilon, or classify by prototypes instead of a linear head."
    )
    single_pass: ClassVar[bool] = True
    liquid: ClassVar[bool] = True

    feature: Literal["svd", "spe"] = option("svd", "rank-one fit, or the published energy-weighted fusion")
    strength: Literal["wavelet", "constant", "true", "shuffled"] = option(
        "wavelet", "noise strength T: by wavelets (published), or ablated: mean of training, true noise, some other's"
    )

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        one_picture(observation, self.name)
        network, card = weights.load(self.name, observation.victim, partial(DiffLRN, liquid=self.liquid))
        weight, bias = head_gradient(observation, self.name)
        with torch.no_grad():
            found = {"svd": rank_one, "spe": spe}[self.feature](weight, bias)
            _, refined, measured = network.strength(found)
            features, noise, _ = network.front.features(found)
            strength = self._strength(measured, noise, network, seed)
            images = network(found, strength).clamp(0, 1).to(observation.targets[0])
        report: dict[str, object] = {
            "features": features,
            "mean feature": network.front.mean.unsqueeze(0),
            "refined": refined,
            "T": float(strength),
            "noise on a feature": float(noise),
            "classes fused": int(found.classes.sum()),
            "no class stood out": bool(found.empty),
            "trained on": card["data"],
        }
        yield Frame(0, images, torch.zeros(()), labels=found.delta.argmin(1), report=report)

    def _strength(self, measured: Tensor, noise: Tensor, network: DiffLRN, seed: int) -> Tensor:
        if self.strength == "wavelet":
            return measured
        if self.strength == "constant":
            return network.strengths.mean().expand(1)
        if self.strength == "shuffled":
            generator = torch.Generator().manual_seed(seed)
            return network.strengths[torch.randint(len(network.strengths), (1,), generator=generator)]
        return network.strength_of(noise).clamp(max=T_MAX)


@attacks.register("venom-diff")
@dataclass(frozen=True, kw_only=True)
class VenomDiff(Venom):
    """Venom without liquid dynamics: a plain sinusoidal embedding of T; the paper's ablation."""

    liquid: ClassVar[bool] = False
