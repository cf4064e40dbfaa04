"""Exact-GIT: an MLP inverted by pseudo-inverses, nothing trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch

from gi_core.attacks.base import Attack, attacks
from gi_core.components import option
from gi_core.inversion.frame import Frame
from gi_core.networks.git_exact import recursion
from gi_core.networks.head import one_picture
from gi_core.observation import Observation


@attacks.register("git-exact")
@dataclass(frozen=True, kw_only=True)
class ExactGIT(Attack):
    """Peel an MLP from the head down: each layer's input from its gradient, its weights and the layer above.

    "Gradient Inversion Transcript", the exact recursion with the weights that the server knows; it equals R-GAP (Zhu
    & Blaschko, ICLR 2021) for fully-connected layers. The report gives each layer's conditioning.
    """

    assumes: ClassVar[str] = "The victim is fully connected, the server knows its weights, one picture per update."
    fails: ClassVar[str] = (
        "Batches, dead ReLU layers, several local steps, and noise, which every layer's division amplifies."
    )
    defend: ClassVar[str] = "Average over more pictures than the narrowest layer has units, or add noise."
    single_pass: ClassVar[bool] = True

    use_biases: bool = option(False, "read delta off the bias gradients, which skips the recursion where there are any")

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        one_picture(observation, self.name)
        victim = observation.victim
        names = [name for name, _ in victim.named_parameters()]
        steps = recursion(victim, dict(zip(names, observation.targets, strict=True)), use_biases=self.use_biases)
        picture = steps[-1].inputs.view(1, *observation.image_shape).to(victim.mean) * victim.std + victim.mean
        report: dict[str, object] = {
            "layers": [
                {
                    "layer": s.name, "active units": s.active, "amplification": s.amplification,
                    "misfit": s.misfit, "condition of the weights above": s.condition,
                }
                for s in steps
            ]
        }  # fmt: skip
        loss = torch.tensor(steps[-1].misfit)
        yield Frame(
            0, picture.clamp(0, 1), loss, {"misfit": loss}, labels=steps[0].delta.argmin().view(1), report=report
        )
