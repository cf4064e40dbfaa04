"""Gradient Inversion Transcript: a trained network shaped like the victim's own backward pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch

from gi_core.attacks.base import Attack, attacks
from gi_core.components import option
from gi_core.inversion.frame import Frame
from gi_core.networks import weights
from gi_core.networks.git import CoarseGIT
from gi_core.networks.head import head_gradient, one_picture
from gi_core.networks.sizes import clipped_apart, restored
from gi_core.networks.sketch import flat
from gi_core.observation import Observation


@attacks.register("git")
@dataclass(frozen=True, kw_only=True)
class GradientInversionTranscript(Attack):
    """From the head down, one small network per stage turns that stage's output and gradient into its input.

    "Gradient Inversion Transcript", the coarse variant: structure as published, sizes and the exact first step are
    ours. Tensors that were clipped one by one are first given back their sizes (ours). As a warm start of an iterative
    attack: ``git+ig``, ``git+dlg``.
    """

    assumes: ClassVar[str] = "The server knows the weights and has public pictures, whose gradients it can compute."
    fails: ClassVar[str] = "Blurred; useless for other weights than it was trained on, and for batches."
    defend: ClassVar[str] = "Clip and add noise; each round's new weights already force it to be trained anew."
    single_pass: ClassVar[bool] = True

    pairs: int | None = option(None, "use the network trained on so many pairs; none: the most there are", low=1)

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        one_picture(observation, self.name)
        network, card = weights.load(self.name, observation.victim, CoarseGIT, pictures=self.pairs)
        head, targets = head_gradient(observation, self.name), observation.targets

        @torch.no_grad()
        def answer(row: torch.Tensor) -> torch.Tensor:
            return network(row).clamp(0, 1)

        apart = clipped_apart(*head, observation.victim)
        row = restored(targets, *head, observation.victim, answer) if apart else flat(targets)
        images = answer(row).to(targets[0])
        report: dict[str, object] = {
            "clipped apart": apart,
            "stages": [s.name for s in reversed(network.stages)],
            "trained on": card["data"],
        }
        yield Frame(0, images, torch.zeros(()), report=report)
