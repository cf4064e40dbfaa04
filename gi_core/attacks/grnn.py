"""GRNN: a generator trained on one update, its target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gi_core.attacks.base import Attack, attacks
from gi_core.components import option
from gi_core.inversion.frame import Frame
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import L2
from gi_core.networks.grnn import CODE, Generator
from gi_core.observation import Observation
from gi_core.priors.base import PriorContext, parse_priors, pulls
from gi_core.seeds import seeded


@attacks.register("grnn")
@dataclass(frozen=True, kw_only=True)
class GRNN(Attack):
    """Train a generator on this one update: its picture and label must give the observed gradient.

    Ren, Deng, Xie, "GRNN: Generative Regression Neural Network", ACM TIST 2022: RMSprop, lr 1e-4, momentum 0.99, 1000
    iterations; loss S + sqrt(S) + tv * squared differences, S = |g - g'|^2 over all tensors. The "Wasserstein" term of
    the paper is sqrt(S) in the released code, and here.
    """

    assumes: ClassVar[str] = "The server knows the weights it sent; nothing else, the labels are learnt along."
    fails: ClassVar[str] = "Noise, larger batches and deep networks; each target costs a training of its own."
    defend: ClassVar[str] = "Clip and add noise, or aggregate securely over many clients."

    steps: int = option(1000, "iterations", low=1, high=100_000)
    lr: float = option(1e-4, "RMSprop's learning rate", low=1e-7, high=1.0)
    momentum: float = option(0.99, "RMSprop's momentum", low=0.0, high=0.9999)
    tv: float = option(1e-3, "weight of squared differences (released: 1e-3 LeNet, 1e-6 ResNet-18)", low=0.0, high=1e3)
    prior: str = option("none", "priors on the generator's pictures, e.g. flow (published: none)")

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_priors(self.prior)

    @property
    def iterations(self) -> int:
        return self.steps + 1

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        matcher, priors = Matcher(observation, L2(), seed=seed), parse_priors(self.prior)
        device = observation.targets[0].device
        with seeded(seed):
            generator = Generator(observation.image_shape, observation.num_classes).to(device)
            code = torch.randn(observation.batch_size, CODE).to(device)
        optimiser = torch.optim.RMSprop(generator.parameters(), lr=self.lr, momentum=self.momentum)
        best: tuple[Tensor, Tensor, Tensor] | None = None
        for step in range(self.steps + 1):
            images, labels = generator(code)
            soft = labels.detach().requires_grad_()
            now = matcher.evaluate(images, soft, step / self.steps, extra=(soft,))
            root = now.loss.sqrt()
            smooth = self.tv * (images.diff(dim=-1).square().mean() + images.diff(dim=-2).square().mean())
            share = 1 + 0.5 / root.clamp_min(1e-12)  # d (S + sqrt S) / d S
            pull = share * now.gradient
            moment = PriorContext(observation, step / self.steps, matcher.generator, pull, matcher.memory)
            potentials, belief = pulls(priors, images.detach(), moment)
            loss = now.loss + root + smooth.detach() + sum(potentials.values())
            if best is None:
                best = (loss, images.detach(), labels.detach())
            else:
                better = loss < best[0]
                best = (
                    torch.where(better, loss, best[0]),
                    torch.where(better, images.detach(), best[1]),
                    torch.where(better, labels.detach(), best[2]),
                )
            terms = {**now.terms, "root": root, "smooth": smooth.detach(), **potentials}
            yield Frame(step, best[1], loss, terms, labels=best[2].argmax(1))
            if step == self.steps:
                return
            optimiser.zero_grad()
            torch.autograd.backward([images, labels, smooth], [pull + belief, share * now.extra[0], None])
            optimiser.step()
