"""Training of Mjolnir's gradient diffusion."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gi_core.components import option
from gi_core.models.base import Victim
from gi_core.networks.gradient_diffusion import STEPS, GradientDiffusion
from gi_core.training.base import Training, trainings
from gi_core.training.data import Pictures
from gi_core.training.lti import mixed_labels, table_of_gradients


@trainings.register("mjolnir")
@dataclass(frozen=True, kw_only=True)
class TrainMjolnir(Training):
    """Mjolnir: diffusion on the victim's gradients of public pictures, Huber loss on the predicted noise."""

    recipe = """DDPM with 1000 steps, beta 1e-4 to 0.02; gradients of the whole victim, one picture each, the label true
    for half and random for half of them; Adam on the Huber loss in bfloat16."""
    fails = """Gradients are no pictures: neighbouring numbers have little in common, and what the network learns is
    mostly how large each part of the gradient is. Noise well above the gradient; batches."""

    pictures: int = option(4000, "training pictures, 0 for all", low=0, high=10**7)
    batch: int = option(32, "gradients per step", low=1, high=4096)
    width: int = option(16, "channels", low=4, high=256)

    def network(self, victim: Victim) -> GradientDiffusion:
        return GradientDiffusion(victim, self.width)

    def prepare(self, network: GradientDiffusion, victim: Victim, train: Pictures) -> None:
        network.scale.copy_(self.table(victim, train.take(slice(0, 500))).square().mean().sqrt())

    def table(self, victim: Victim, pictures: Pictures) -> Tensor:
        return table_of_gradients(victim, pictures, mixed_labels(pictures, victim.num_classes, self.seed))

    def loss(
        self, network: GradientDiffusion, victim: Victim, rows: Tensor, pictures: Pictures, generator: torch.Generator
    ) -> Tensor:
        clean = network.fold(rows / network.scale)
        step = torch.randint(STEPS, (len(rows),), generator=generator)
        level = network.products[step].view(-1, 1, 1, 1)
        noise = torch.randn(clean.shape, generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            guess = network(level.sqrt() * clean + (1 - level).sqrt() * noise, step)
        return F.huber_loss(guess.float(), noise)

    def validate(
        self, network: GradientDiffusion, victim: Victim, rows: Tensor, pictures: Pictures
    ) -> dict[str, float]:
        rows, generator, figures = rows[:64], torch.Generator().manual_seed(1), {}
        for ratio in (0.3, 1.0, 3.0):
            sigma = ratio * float(network.scale)
            noisy = rows + sigma * torch.randn(rows.shape, generator=generator)
            clean = network.denoise(noisy[:16], sigma, generator, most=8)
            before = F.cosine_similarity(noisy[:16], rows[:16]).mean()
            figures[f"cosine gained at noise {ratio:g} x rms"] = float(
                F.cosine_similarity(clean, rows[:16]).mean() - before
            )
        return figures
