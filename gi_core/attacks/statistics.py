"""What the attacks on training-mode BatchNorm share: cosine matching, total variation, and statistics to reach."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from gi_core.attacks.base import IterativeAttack
from gi_core.attacks.start import start
from gi_core.components import option
from gi_core.inversion.descent import Steps, descend, keep_best
from gi_core.inversion.frame import Frame
from gi_core.inversion.labels import recover
from gi_core.inversion.matching import Matcher, Simulate, gradient_of
from gi_core.inversion.objectives import objectives
from gi_core.observation import Observation
from gi_core.priors.base import Prior, parse_priors
from gi_core.priors.tv import TotalVariation

MEDIAN_EVERY = 500


@dataclass(frozen=True, kw_only=True)
class StatisticsAttack(IterativeAttack):
    """1 - cosine + tv * total variation + bn * mismatch of normalisation statistics, by signed Adam in [0,1].

    Defaults of Huang et al., NeurIPS 2021, as used in "Practical Feasibility of Gradient Inversion Attacks in
    Federated Learning": 10,000 steps, Adam 0.1, x0.1 at 3/8, 5/8, 7/8, tv 0.052, bn 1.6e-4.
    """

    steps: int = option(10_000, "iterations per restart", low=1, high=100_000)
    lr: float = option(0.1, "Adam's learning rate in normalised pixel units", low=1e-6, high=100)
    tv: float = option(0.052, "weight of total variation", low=0, high=1e3)
    bn: float = option(1.6e-4, "weight of the statistics' mismatch", low=0, high=1e3)
    signed: bool = option(True, "step along the sign of the gradient")
    decay: bool = option(True, "the published step schedule")
    median: bool = option(False, f"3x3 median filter on the guess every {MEDIAN_EVERY} steps")
    top10: bool = option(False, "match only the ten tensors of largest gradient norm")
    labels: Literal["auto", "known", "idlg", "bias-corrected", "ilrg"] = option("auto", "how labels are found")
    prior: str = option("none", "further priors on pictures, e.g. flow")

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_priors(self.prior)

    @abstractmethod
    def statistics_prior(self, observation: Observation, labels: Tensor, seed: int) -> Prior:
        """The prior that pulls the guess to known statistics. Raises BadInput where they are not known."""

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        labels = recover(observation, self.labels)
        priors: list[Prior] = [self.statistics_prior(observation, labels, seed)]
        if self.tv:
            priors.append(TotalVariation(weight=self.tv))
        simulate = None
        if self.top10:
            observation, simulate = largest_tensors(observation, 10)
        matcher = Matcher(
            observation, objectives.parse("cosine"), (*priors, *parse_priors(self.prior)), seed=seed, simulate=simulate
        )
        steps = Steps(self.steps, self.lr, self.signed, self.decay)

        def restart(number: int) -> Iterator[Frame]:
            own = matcher.fresh(seed + 7919 * number)
            for frame in descend(
                lambda x, progress: own.evaluate(x, labels, progress),
                start(self.init, observation, seed + 7919 * number),
                observation,
                steps,
                first=number * (self.steps + 1),
                restart=number,
                reshape=median_filter if self.median else None,
            ):
                frame.labels = labels
                yield frame

        yield from keep_best(restart(n) for n in range(self.restarts))


def median_filter(step: int, pictures: Tensor) -> None:
    """Every 500th step, each pixel becomes the median of its 3x3 neighbourhood, in place (edges replicated)."""
    if (step + 1) % MEDIAN_EVERY:
        return
    padded = F.pad(pictures, (1, 1, 1, 1), mode="replicate")
    neighbours = padded.unfold(2, 3, 1).unfold(3, 3, 1).flatten(4)
    pictures.copy_(neighbours.median(-1).values)


def largest_tensors(observation: Observation, count: int) -> tuple[Observation, Simulate]:
    """The observation with all but the ``count`` tensors of largest norm set to zero, and a client that does so too."""
    tensors = observation.update.tensors
    names = [name for name, _ in observation.victim.named_parameters()]
    norms = torch.stack([tensors[name].norm() for name in names])
    kept = set(norms.topk(min(count, len(names))).indices.tolist())
    masked = {name: tensors[name] if i in kept else torch.zeros_like(tensors[name]) for i, name in enumerate(names)}
    full = gradient_of(observation)

    def simulate(images: Tensor, targets: Tensor) -> list[Tensor]:
        gradient = full(images, targets)
        return [g if i in kept else torch.zeros_like(g) for i, g in enumerate(gradient)]

    return replace(observation, update=replace(observation.update, tensors=masked)), simulate
