"""Training of the FGLA decoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.models.base import Victim
from gi_core.networks.fgla import FGLA
from gi_core.training.base import Training, psnr, trainings
from gi_core.training.data import Pictures


@trainings.register("fgla")
@dataclass(frozen=True, kw_only=True)
class TrainFGLA(Training):
    """FGLA decoder: clean features of training pictures -> pictures, pixel MSE."""

    recipe = """Clean features of the victim, as published; closed-form front (whitening, the victim's last layer
    undone, ridge), then a convolutional correction by Adam on pixel MSE in bfloat16 autocast."""
    fails = """Any noise on the gradient: the front inverts the victim's last layer exactly and amplifies noise beyond
    use. Batches larger than one. Victims other than the one named."""

    width: int = option(64, "channels of the decoder", low=8, high=512)

    def network(self, victim: Victim) -> FGLA:
        return FGLA(victim, width=self.width)

    def prepare(self, network: FGLA, victim: Victim, train: Pictures) -> None:
        few = train.take(slice(0, 40_000))
        network.front.fit(self.table(victim, few), few.floats(slice(None)))

    def loss(
        self, network: FGLA, victim: Victim, rows: Tensor, pictures: Pictures, generator: torch.Generator
    ) -> Tensor:
        with torch.no_grad():
            inputs, linear = network.front(rows, torch.zeros(len(rows)))
        with torch.autocast("cpu", torch.bfloat16):
            guess = network.decoder(inputs, linear)
        return (guess - pictures.floats(slice(None))).square().mean()

    def validate(self, network: FGLA, victim: Victim, rows: Tensor, pictures: Pictures) -> dict[str, float]:
        with torch.no_grad():
            return {"psnr": psnr(network(rows), pictures.floats(slice(None)))}
