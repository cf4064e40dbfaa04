"""Surrogate model extension: an update of many steps as one gradient, somewhere on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gi_core.attacks.base import Descent, Restart, attacks
from gi_core.attacks.gradient_matching import LabelledMatching
from gi_core.attacks.start import start
from gi_core.components import option
from gi_core.inversion.descent import Steps, descend
from gi_core.inversion.frame import Evaluation, Frame
from gi_core.inversion.local_steps import surrogate_gradient
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import objectives
from gi_core.observation import Observation
from gi_core.priors.base import parse_priors
from gi_core.priors.tv import smoothness


@attacks.register("sme")
@dataclass(frozen=True, kw_only=True)
class SurrogateModel(LabelledMatching):
    """Match the delta's direction by one gradient at learnt weights between w_0 and w_T.

    Zhu, Yao, Blaschko, "Surrogate Model Extension", ICML 2023: one dummy picture per private one, the position
    alpha on the line learnt along (start 0.5, Adam 1e-3), the cost of one-step matching whatever the number of
    local steps. Their code: 1,000 iterations, Adam 1.0 without sign, x0.1 at 3/8, 5/8, 7/8, total variation 0.01 on
    half of ours. ``alpha=0,learn=false`` is gradient matching at w_0. A raw gradient holds no w_T: alpha is then 0.
    """

    assumes: ClassVar[str] = (
        "The server knows the weights before and after the client's training, and the labels or can infer them."
    )
    fails: ClassVar[str] = (
        "The gradients along the client's path turn away from one line: many steps at a large learning rate, momentum"
        " or Adam, or mini-batches of very different pictures."
    )
    defend: ClassVar[str] = "Aggregate securely over many clients, and add calibrated noise to the clipped delta."

    steps: int = option(1000, "iterations per restart", low=1, high=100_000)
    lr: float = option(1.0, "Adam's learning rate in normalised pixel units", low=1e-6, high=100)
    tv: float = option(0.005, "weight of total variation", low=0, high=1e3)
    alpha: float = option(0.5, "first guess of the position between w_0 (0) and w_T (1)", low=0, high=1)
    learn: bool = option(True, "learn alpha along with the pictures")
    alpha_lr: float = option(1e-3, "Adam's learning rate of alpha", low=1e-8, high=1)
    objective: Literal["cosine", "l2", "l1"] = option("cosine", "distance between updates")
    signed: bool = option(False, "step along the sign of the gradient")
    decay: bool = option(True, "the published step schedule")
    box: bool = option(True, "keep the guess in [0,1] after each step")

    def matching(self, observation: Observation, labels: Tensor, seed: int) -> Descent:
        objective, priors = objectives.parse(self.objective), smoothness(self.tv) + parse_priors(self.prior)
        steps = Steps(self.steps, self.lr, self.signed, self.decay, self.box)
        between = observation.update.kind == "delta"

        def down(restart: Restart) -> Iterator[Frame]:
            alpha = torch.full((), self.alpha if between else 0.0).to(observation.victim.mean)
            learnt = (alpha.requires_grad_(),) if between and self.learn else ()
            simulate = surrogate_gradient(observation, alpha) if between else None
            matcher = Matcher(observation, objective, priors, seed=restart.seed, simulate=simulate)

            def evaluate(images: Tensor, progress: float) -> Evaluation:
                return matcher.evaluate(images, labels, progress, extra=learnt)

            x = start(self.init, observation, restart.seed)
            for frame in descend(evaluate, x, observation, steps, extra=list(learnt), extra_lr=self.alpha_lr):
                frame.report["alpha"] = alpha.detach()
                if observation.training.momentum:
                    frame.report["warning"] = "the client used momentum: its delta is no mean of gradients"
                yield frame

        return down
