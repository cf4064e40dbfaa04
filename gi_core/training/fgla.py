"""Training of the FGLA decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gi_core.components import option
from gi_core.data.arrays import Pictures
from gi_core.models.base import Victim
from gi_core.networks.fgla import FGLA
from gi_core.networks.front import solve_ridge
from gi_core.training.base import InverterTraining, psnr, trainings
from gi_core.training.venom import HALF, SHARED, clip_and_noise, draw_noise, fit_front, head_gradient


@trainings.register("fgla")
@dataclass(frozen=True, kw_only=True)
class TrainFGLA(InverterTraining):
    """FGLA decoder: clean features of training pictures -> pictures, pixel MSE."""

    recipe = """Clean features of the victim, as published; closed-form front (standardising, ridge), then a
    convolutional correction by Adam on pixel MSE in bfloat16."""
    fails = """Noise on the gradient, which it never saw; pictures of one class in a batch, which share their features;
    victims other than the one named."""
    undo: ClassVar[bool] = False
    half: ClassVar[tuple[str, ...]] = HALF
    shared: ClassVar[tuple[str, ...]] = SHARED

    width: int = option(64, "channels of the decoder", low=8, high=512)

    def network(self, victim: Victim) -> FGLA:
        return FGLA(victim, width=self.width, undo=self.undo)

    def prepare(self, network: FGLA, victim: Victim, rows: Tensor, pictures: Pictures) -> None:
        fit_front(network.front, victim, rows, pictures)

    def observe(self, rows: Tensor, victim: Victim, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Features as the attacker separates them, (N,d)."""
        return rows

    def loss(
        self, network: FGLA, victim: Victim, rows: Tensor, pictures: Pictures, generator: torch.Generator
    ) -> Tensor:
        with torch.no_grad():
            features = self.observe(rows, victim, pictures.labels, generator)
            inputs, linear = network.inputs(features)
        with torch.autocast("cpu", torch.bfloat16):
            guess = network.decoder(inputs, linear)
        return (guess - pictures.floats(slice(None))).square().mean()

    def validate(self, network: FGLA, victim: Victim, rows: Tensor, pictures: Pictures) -> dict[str, float]:
        with torch.no_grad():
            return {"psnr": psnr(network(rows), pictures.floats(slice(None)))}


@trainings.register("fgla-undo")
@dataclass(frozen=True, kw_only=True)
class TrainFGLAUndo(TrainFGLA):
    """FGLA decoder behind the victim's last layer, undone in closed form."""

    recipe = """As fgla, but the victim's last layer is undone exactly before decoding (with the weights that the server
    knows)."""
    fails = """The least noise: undoing the layer magnifies it about a thousandfold."""
    undo: ClassVar[bool] = True


@trainings.register("fgla-noisy")
@dataclass(frozen=True, kw_only=True)
class TrainFGLANoisy(TrainFGLA):
    """FGLA decoder trained on features separated from noisy gradients: the fair comparison with Venom."""

    recipe = """As fgla, but the features are separated from gradients that were clipped and noised as in Venom's
    training (same draw of z), the label taken as known."""
    fails = """From z = 0.01 on the features are buried. It has no estimate of the noise and compromises between
    levels."""

    def prepare(self, network: FGLA, victim: Victim, rows: Tensor, pictures: Pictures) -> None:
        """As for clean features, but the linear picture is fitted to noisy ones, or it would explode."""
        super().prepare(network, victim, rows, pictures)
        few = pictures.take(slice(0, 20_000))
        features = self.observe(rows[: len(few)], victim, few.labels, torch.Generator().manual_seed(self.seed))
        front = network.front
        inputs = front.standardise(front.rescaled(features))
        front.deep.copy_(solve_ridge(inputs, few.floats(slice(None)).flatten(1) - front.offset, 10.0))

    def observe(self, rows: Tensor, victim: Victim, labels: Tensor, generator: torch.Generator) -> Tensor:
        z = draw_noise(len(rows), generator)
        weight, bias = head_gradient(rows, labels, victim)
        weight, bias = clip_and_noise(weight, z, generator), clip_and_noise(bias, z, generator)
        place = torch.arange(len(rows))
        features = weight[place, labels] / bias[place, labels].unsqueeze(1)
        return torch.where(features.isfinite(), features, 0.0)
