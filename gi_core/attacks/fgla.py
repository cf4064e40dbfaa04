"""FGLA: the features of each picture by division, then a trained decoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import torch

from gi_core.attacks.base import Attack, attacks
from gi_core.components import option
from gi_core.inversion.frame import Frame
from gi_core.inversion.labels import recover
from gi_core.networks import weights
from gi_core.networks.fgla import FGLA, separate
from gi_core.networks.head import head_gradient
from gi_core.observation import Observation


@attacks.register("fgla")
@dataclass(frozen=True, kw_only=True)
class FGLAttack(Attack):
    """Separate each picture's features from the head's gradient, decode them with a network trained on such features.

    Xue et al., "Fast Generation-Based Gradient Leakage Attacks" (FGLA). ``decoder=clean`` as published; ``noisy``:
    the same decoder trained on features from noisy gradients, for a fair comparison with Venom; ``undo``: a decoder
    behind the victim's last layer, undone in closed form, which is far sharper without noise and useless with it. The
    decoder at 32x32 is a reconstruction.
    """

    assumes: ClassVar[str] = (
        "The server knows the weights, has public pictures of the same kind, and the batch's labels differ."
    )
    fails: ClassVar[str] = "The division amplifies noise: a little on the gradient and the picture is gone."
    defend: ClassVar[str] = "Add noise to clipped gradients, or classify by prototypes instead of a linear head."
    single_pass: ClassVar[bool] = True

    decoder: Literal["clean", "noisy", "undo"] = option(
        "clean", "trained on clean features (published), noisy ones, or behind the last layer undone (not shipped)"
    )

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        name = "fgla" if self.decoder == "clean" else f"fgla-{self.decoder}"
        network, card = weights.load(name, observation.victim, partial(FGLA, undo=self.decoder == "undo"))
        labels = recover(observation)
        weight, bias = head_gradient(observation, "fgla")
        with torch.no_grad():
            features = separate(weight[0], bias[0], labels.cpu())
            images = network(features).clamp(0, 1).to(observation.targets[0])
        yield Frame(
            0, images, torch.zeros(()), labels=labels, report={"features": features, "trained on": card["data"]}
        )
