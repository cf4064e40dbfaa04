"""What the attacks on training-mode BatchNorm share: cosine matching, total variation, and statistics to reach."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from gi_core.attacks.base import Descent, Restart
from gi_core.attacks.gradient_matching import LabelledMatching
from gi_core.attacks.start import start
from gi_core.components import option
from gi_core.inversion.backends.base import Simulate
from gi_core.inversion.backends.plain import gradient_of
from gi_core.inversion.descent import Steps, descend
from gi_core.inversion.frame import Frame
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import objectives
from gi_core.observation import Observation
from gi_core.priors.base import Prior, parse_priors
from gi_core.priors.tv import smoothness

MEDIAN_EVERY = 500


@dataclass(frozen=True, kw_only=True)
class StatisticsAttack(LabelledMatching):
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

    @abstractmethod
    def statistics_prior(self, observation: Observation, labels: Tensor, seed: int) -> Prior:
        """The prior that pulls the guess to known statistics. Raises BadInput where they are not known."""

    def matching(self, observation: Observation, labels: Tensor, seed: int) -> Descent:
        priors = (self.statistics_prior(observation, labels, seed), *smoothness(self.tv), *parse_priors(self.prior))
        simulate = None
        if self.top10:
            observation, simulate = largest_tensors(observation, 10)
        matcher = Matcher(observation, objectives.parse("cosine"), priors, simulate=simulate)
        steps = Steps(self.steps, self.lr, self.signed, self.decay)

        def down(restart: Restart) -> Iterator[Frame]:
            own, x = matcher.fresh(restart.seed), start(self.init, observation, restart.seed)
            return descend(
                lambda v, progress: own.evaluate(v, labels, progress), x, observation, steps,
                reshape=median_filter if self.median else None,
            )  # fmt: skip

        return down


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
