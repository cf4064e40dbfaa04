"""Learning To Invert: a trained network from the whole gradient to the picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch

from gi_core.attacks.base import Attack, attacks
from gi_core.components import option
from gi_core.inversion.frame import Frame
from gi_core.networks import weights
from gi_core.networks.head import head_gradient, lost_scale, one_picture
from gi_core.networks.lti import LTI
from gi_core.networks.sizes import clipped_apart, restored
from gi_core.networks.sketch import flat
from gi_core.observation import Observation


@attacks.register("lti")
@dataclass(frozen=True, kw_only=True)
class LearningToInvert(Attack):
    """One pass through a plain network that maps gradients to pictures.

    Wu, Chen, Guo, Weinberger, "Learning To Invert: Simple Adaptive Attacks for Gradient Inversion in Federated
    Learning", UAI 2023; layers narrower than published, see the card. The network was trained on raw gradients, so a
    clipped update is first given back its size, which the head's softmax tells, and tensors clipped one by one their
    own (ours).
    """

    assumes: ClassVar[str] = "The server knows the weights and has public pictures, whose gradients it can compute."
    fails: ClassVar[str] = "Blurred; useless for other weights than it was trained on, and for batches."
    defend: ClassVar[str] = "Clip and add noise; each round's new weights already force it to be trained anew."
    single_pass: ClassVar[bool] = True

    pairs: int | None = option(None, "use the network trained on so many pairs; none: the most there are", low=1)

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        one_picture(observation, self.name)
        network, card = weights.load(self.name, observation.victim, LTI, pictures=self.pairs)
        head, targets = head_gradient(observation, self.name), observation.targets

        @torch.no_grad()
        def answer(row: torch.Tensor) -> torch.Tensor:
            return network(row).clamp(0, 1)

        apart = clipped_apart(*head, observation.victim)
        if apart:
            row = restored(targets, *head, observation.victim, answer)
        else:
            row = lost_scale(*head, observation.victim.head) * flat(targets)
        images = answer(row).to(targets[0])
        yield Frame(0, images, torch.zeros(()), report={"clipped apart": apart, "trained on": card["data"]})
