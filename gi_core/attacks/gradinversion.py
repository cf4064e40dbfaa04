"""GradInversion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gi_core.attacks.base import Attack, attacks, check_init
from gi_core.attacks.start import start
from gi_core.components import option
from gi_core.inversion.descent import Steps, descend
from gi_core.inversion.frame import Frame
from gi_core.inversion.labels import recover
from gi_core.inversion.matching import Evaluation, Matcher
from gi_core.inversion.objectives import objectives
from gi_core.observation import Observation
from gi_core.priors.base import Prior, parse_priors
from gi_core.priors.batchnorm import BatchNormPrior, running, shared
from gi_core.priors.group import consensus
from gi_core.priors.norm import SquaredNorm
from gi_core.priors.tv import TotalVariation

REGISTER_EVERY = 50


@attacks.register("gradinversion")
@dataclass(frozen=True, kw_only=True)
class GradInversion(Attack):
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
    init: str = option("randn", "starting point: randn, rand, grey, or an attack")
    labels: Literal["auto", "known", "idlg", "bias-corrected", "ilrg"] = option("auto", "how labels are found")
    prior: str = option("none", "further priors on pictures, e.g. flow")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_init(self.init)
        parse_priors(self.prior)

    @property
    def iterations(self) -> int:
        return self.steps + 1

    def priors(self, observation: Observation) -> tuple[Prior, ...]:
        """Weights relative to the gradient term, whose own is 1 in the sum. Raises BadInput without statistics."""
        pixels = observation.image_shape[0] * observation.image_shape[1] * observation.image_shape[2]
        chosen: list[Prior] = []
        if self.bn:
            (running if self.source == "running" else lambda _: shared(observation))(observation.victim)
            chosen.append(BatchNormPrior(weight=self.bn / self.gradient, source=self.source))
        if self.tv:
            chosen.append(TotalVariation(weight=self.tv * pixels / self.gradient))
        if self.norm:
            chosen.append(SquaredNorm(weight=self.norm / self.gradient))
        return (*chosen, *parse_priors(self.prior))

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        labels = recover(observation, self.labels)
        matcher = Matcher(observation, objectives.parse("l2"), self.priors(observation), seed=seed)
        steps = Steps(self.steps, self.lr, signed=False, decay=self.decay)
        std = observation.victim.std
        pull = self.group / self.gradient
        now: list[Tensor] = [start(self.init, observation, seed + 7919 * s) for s in range(self.seeds)]
        agreed: Tensor | None = None

        def member(number: int) -> Iterator[Frame]:
            noise = torch.Generator().manual_seed(seed + 104_729 * (number + 1))
            own = matcher.fresh(seed + 7919 * number)

            def evaluate(images: Tensor, progress: float) -> Evaluation:
                now[number] = images
                value = own.evaluate(images, labels, progress)
                if agreed is None:
                    return value
                apart = (images - agreed[number]) / std
                distance = pull * apart.square().sum() / len(apart)
                gradient = value.gradient + (2 * pull / len(apart)) * apart / std
                return replace(value, terms=value.terms | {"group": distance}, gradient=gradient)

            def jitter(step: int, pixels: Tensor) -> None:
                passed = sum(step >= int(self.steps * share) for share in (3 / 8, 5 / 8, 7 / 8)) if self.decay else 0
                draw = torch.randn(pixels.shape, generator=noise).to(pixels)
                pixels.add_(draw, alpha=self.langevin * self.lr * 0.1**passed)

            return descend(
                evaluate, now[number], observation, steps, restart=number, reshape=jitter if self.langevin else None
            )

        members = [member(number) for number in range(self.seeds)]
        lowest = torch.full((self.seeds,), torch.inf)
        for i in range(self.steps + 1):
            late = self.group > 0 and self.seeds > 1 and i >= self.steps // 4
            if late and (i - self.steps // 4) % REGISTER_EVERY == 0:
                agreed = consensus(torch.stack(now))
            frames = [next(m) for m in members]
            losses = torch.stack([f.loss for f in frames])
            lowest = torch.minimum(lowest.to(losses), losses.nan_to_num(torch.inf))
            best = lowest.argmin()
            images = torch.stack([f.images for f in frames]).index_select(0, best.view(1))[0]
            terms = {name: torch.stack([f.terms[name] for f in frames]).mean() for name in frames[0].terms}
            yield Frame(i, images, losses.min(), terms, labels=labels)
