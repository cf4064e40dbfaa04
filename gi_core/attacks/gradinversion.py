"""GradInversion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gi_core.attacks.base import Descent, Restart, attacks
from gi_core.attacks.gradient_matching import LabelledMatching
from gi_core.attacks.start import start
from gi_core.components import option
from gi_core.inversion.descent import Steps, descend
from gi_core.inversion.frame import Evaluation, Frame
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import objectives
from gi_core.observation import Observation
from gi_core.priors.base import Prior, parse_priors
from gi_core.priors.batchnorm import BatchNormPrior, running, shared
from gi_core.priors.group import consensus
from gi_core.priors.norm import SquaredNorm
from gi_core.priors.tv import smoothness
from gi_core.seeds import restart_seed

REGISTER_EVERY = 50
LANGEVIN = 104_729
"""Between the seeds of two guesses' noise."""


@attacks.register("gradinversion")
@dataclass(frozen=True, kw_only=True)
class GradInversion(LabelledMatching):
    """L2 gradient matching with BatchNorm statistics, and several seeds that are pulled to their registered mean.

    Yin et al., "See through Gradients: Image Batch Recovery via GradInversion", CVPR 2021. Weights as published:
    gradient 1e-3, total variation 1e-4 (theirs sums over pixels), norm 1e-6, BatchNorm 0.1, group 0.01, Langevin
    noise 0.2; 20,000 steps of Adam 0.1. Ours differs in the step schedule (x0.1 at 3/8, 5/8, 7/8 for a cosine), in
    registering by translation, and in 4 seeds for 8. Group consistency sets in after a quarter of the steps.
    """

    assumes: ClassVar[str] = "The victim has BatchNorm whose running statistics fit the private pictures; labels known."
    fails: ClassVar[str] = "Fresh or ill-fitting running statistics mislead it, and seeds that disagree blur the mean."
    defend: ClassVar[str] = "Use GroupNorm or LayerNorm, aggregate securely, and add calibrated noise."

    steps: int = option(20_000, "iterations, each of all seeds", low=1, high=100_000)
    lr: float = option(0.1, "Adam's learning rate in normalised pixel units", low=1e-6, high=100)
    seeds: int = option(4, "guesses that descend side by side", low=1, high=32)
    gradient: float = option(1e-3, "weight of the squared L2 distance of gradients", low=1e-12, high=1e6)
    tv: float = option(1e-4, "weight of total variation, summed over a picture's pixels", low=0, high=1e3)
    norm: float = option(1e-6, "weight of the pixels' squared norm", low=0, high=1e3)
    bn: float = option(0.1, "weight of the statistics' mismatch; 0 for victims without BatchNorm", low=0, high=1e3)
    source: Literal["running", "shared", "exact"] = option(
        "running", "statistics to reach: those of the sent weights, those after the client's step, or the batch's own"
    )
    group: float = option(0.01, "weight of the squared distance to the registered mean of the seeds", low=0, high=1e3)
    langevin: float = option(0.2, "noise added to each step, as a share of the learning rate", low=0, high=10)
    decay: bool = option(True, "learning rate x0.1 at 3/8, 5/8, 7/8")

    def priors(self, observation: Observation) -> tuple[Prior, ...]:
        """Weights relative to the gradient term, whose own is 1 in the sum. Raises BadInput without statistics."""
        pixels = prod(observation.image_shape)
        chosen: list[Prior] = []
        if self.bn:
            (running if self.source == "running" else lambda _: shared(observation))(observation.victim)
            chosen.append(BatchNormPrior(weight=self.bn / self.gradient, source=self.source))
        chosen += smoothness(self.tv * pixels / self.gradient)
        if self.norm:
            chosen.append(SquaredNorm(weight=self.norm / self.gradient))
        return (*chosen, *parse_priors(self.prior))

    def matching(self, observation: Observation, labels: Tensor, seed: int) -> Descent:
        matcher = Matcher(observation, objectives.parse("l2"), self.priors(observation))

        def down(restart: Restart) -> Iterator[Frame]:
            numbers = range(self.seeds * restart.number, self.seeds * (restart.number + 1))
            ensemble = Ensemble(self, matcher, labels, seed, numbers)
            lowest = torch.full((self.seeds,), torch.inf)
            for i, frames in enumerate(ensemble.frames()):
                losses = torch.stack([f.loss for f in frames])
                lowest = torch.minimum(lowest.to(losses), losses.nan_to_num(torch.inf))
                images = torch.stack([f.images for f in frames]).index_select(0, lowest.argmin().view(1))[0]
                terms = {name: torch.stack([f.terms[name] for f in frames]).mean() for name in frames[0].terms}
                yield Frame(i, images, losses.min(), terms)

        return down


class Ensemble:
    """Guesses that descend side by side, each from a seed of its own, drawn to what they agree on.

    Args:
        numbers: of the guesses' seeds, one for each.
    """

    def __init__(self, attack: GradInversion, matcher: Matcher, labels: Tensor, seed: int, numbers: range) -> None:
        self.attack, self.matcher, self.labels, self.seed = attack, matcher, labels, seed
        self.observation = matcher.observation
        self.now = [start(attack.init, self.observation, restart_seed(seed, n)) for n in numbers]
        self.agreed: Tensor | None = None
        self.descents = [self.descent(place, number) for place, number in enumerate(numbers)]

    def frames(self) -> Iterator[list[Frame]]:
        """A Frame of each guess, iteration by iteration; from a quarter on they are registered now and then."""
        steps, together = self.attack.steps, self.attack.group > 0 and len(self.now) > 1
        for i in range(steps + 1):
            late = i - steps // 4
            if together and late >= 0 and late % REGISTER_EVERY == 0:
                self.agreed = consensus(torch.stack(self.now))
            yield [next(descent) for descent in self.descents]

    def descent(self, place: int, number: int) -> Iterator[Frame]:
        attack, own = self.attack, self.matcher.fresh(restart_seed(self.seed, number))
        noise = torch.Generator().manual_seed(self.seed + LANGEVIN * (number + 1))

        def evaluate(images: Tensor, progress: float) -> Evaluation:
            self.now[place] = images
            return self.drawn(place, images, own.evaluate(images, self.labels, progress))

        def jitter(step: int, pixels: Tensor) -> None:
            shares = (3 / 8, 5 / 8, 7 / 8) if attack.decay else ()
            passed = sum(step >= int(attack.steps * share) for share in shares)
            draw = torch.randn(pixels.shape, generator=noise).to(pixels)
            pixels.add_(draw, alpha=attack.langevin * attack.lr * 0.1**passed)

        steps = Steps(attack.steps, attack.lr, signed=False, decay=attack.decay)
        return descend(evaluate, self.now[place], self.observation, steps, reshape=jitter if attack.langevin else None)

    def drawn(self, place: int, images: Tensor, value: Evaluation) -> Evaluation:
        """``value`` with the pull to what the group agrees on, once it does."""
        if self.agreed is None:
            return value
        std, pull = self.observation.victim.std, self.attack.group / self.attack.gradient
        apart = (images - self.agreed[place]) / std
        distance = pull * apart.square().sum() / len(apart)
        gradient = value.gradient + (2 * pull / len(apart)) * apart / std
        return replace(value, terms=value.terms | {"group": distance}, gradient=gradient)
