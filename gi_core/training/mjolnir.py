"""Training of Mjolnir's gradient diffusion."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gi_core.components import option
from gi_core.data.arrays import Pictures
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.networks.gradient_diffusion import RATIOS, STEPS, GradientDiffusion, gain_name
from gi_core.training.base import InverterTraining, trainings
from gi_core.training.lti import mixed_labels, table_of_gradients

AT_ONCE = 8
"""Windows of one gradient that a step looks at."""


@trainings.register("mjolnir")
@dataclass(frozen=True, kw_only=True)
class TrainMjolnir(InverterTraining):
    """Mjolnir: diffusion on the victim's gradients of public pictures, Huber loss on the predicted noise."""

    recipe = """DDPM with 1000 steps, beta 1e-4 to 0.02; gradients of the whole victim, one picture each, the label true
    for half and random for half of them; Adam on the Huber loss in bfloat16. With crop, a gradient too long to hold is
    seen only through random square windows of its folding, 64 a gradient unless the command says otherwise."""
    fails = """Gradients are no pictures: neighbouring numbers have little in common, and what the network learns is
    mostly how large each part of the gradient is; from windows it can't tell which part it looks at. Noise well above
    the gradient; batches."""

    pictures: int = option(4000, "training pictures, 0 for all", low=0, high=10**7)
    batch: int = option(32, "squares per step", low=1, high=4096)
    width: int = option(16, "channels", low=4, high=256)
    crop: int = option(0, "side of the windows of the folded gradient to train on, 0 for the whole", low=0, high=4096)
    windows: int = option(64, "windows per gradient, places drawn at random", low=1, high=100_000)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.crop % 4:
            raise BadInput(f"mjolnir:crop={self.crop}: a multiple of 4 is needed")

    def network(self, victim: Victim) -> GradientDiffusion:
        return GradientDiffusion(victim, self.width)

    def prepare(self, network: GradientDiffusion, victim: Victim, rows: Tensor, pictures: Pictures) -> None:
        network.scale.copy_(rows[:500].square().mean().sqrt())

    def table_name(self) -> str:
        return f"squares-{self.crop}-{self.windows}-{self.seed}"

    def table(self, network: GradientDiffusion, victim: Victim, pictures: Pictures) -> Tensor:
        """(N,windows,side,side): the folded gradients, or windows of them."""
        generator = torch.Generator().manual_seed(self.seed)
        labels = mixed_labels(pictures, victim.num_classes, self.seed)

        def look(rows: Tensor) -> Tensor:
            squares = network.fold(rows)
            if not self.crop:
                return squares
            places = torch.randint(network.side - self.crop + 1, (self.windows, 2), generator=generator).tolist()
            return torch.cat([squares[:, :, y : y + self.crop, x : x + self.crop] for y, x in places], 1)

        return table_of_gradients(victim, pictures, labels, look)

    def loss(
        self, network: GradientDiffusion, victim: Victim, rows: Tensor, pictures: Pictures, generator: torch.Generator
    ) -> Tensor:
        chosen = torch.randint(rows.shape[1], (len(rows), min(AT_ONCE, rows.shape[1])), generator=generator)
        clean = rows[torch.arange(len(rows)).unsqueeze(1), chosen].flatten(0, 1).unsqueeze(1) / network.scale
        step = torch.randint(STEPS, (len(clean),), generator=generator)
        level = network.products[step].view(-1, 1, 1, 1)
        noise = torch.randn(clean.shape, generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            guess = network(level.sqrt() * clean + (1 - level).sqrt() * noise, step)
        return F.huber_loss(guess.float(), noise)

    def validate(
        self, network: GradientDiffusion, victim: Victim, rows: Tensor, pictures: Pictures
    ) -> dict[str, float]:
        squares = rows.flatten(0, 1)
        squares = squares[:: max(1, len(squares) // 16)][:16].unsqueeze(1) / network.scale
        generator, figures = torch.Generator().manual_seed(1), {}
        for ratio in RATIOS:
            noisy = squares + ratio * torch.randn(squares.shape, generator=generator)
            clean = network.denoise_squares(noisy, ratio, generator, most=8)
            before, after = (F.cosine_similarity(s.flatten(), squares.flatten(), 0) for s in (noisy, clean))
            figures[gain_name(ratio)] = float(after - before)
        return figures
