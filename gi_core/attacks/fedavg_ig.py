"""Data leakage from federated averaging: simulate the client's local training, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from gi_core.attacks.base import Descent, Restart, attacks
from gi_core.attacks.gradient_matching import LabelledMatching
from gi_core.attacks.start import start
from gi_core.components import option
from gi_core.inversion.descent import Steps, descend
from gi_core.inversion.frame import Evaluation, Frame
from gi_core.inversion.local_steps import local_steps
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import objectives
from gi_core.observation import Observation
from gi_core.priors.base import parse_priors
from gi_core.priors.tv import smoothness

REMATCH = 25
"""Frames between two matchings of the epochs' pictures."""
EPOCH = 104_729
"""Between the seeds of two epochs' pictures."""


def order_invariant(images: Tensor, passes: int) -> tuple[Tensor, Tensor]:
    """mean over pairs of passes of |phi(X^e) - phi(X^e')|^2 per number, phi the mean over pictures, and its gradient.

    Dimitrov et al. 2022, eq. 8 with their simplest phi: whatever the order, each pass sees the same set.
    """
    n = images.shape[0] // passes
    means = images.view(passes, n, *images.shape[1:]).mean(1)
    away = means - means.mean(0)
    value = 2 * away.square().mean()  # the mean over ordered pairs, e = e' included, is twice the variance
    gradient = (4 * away / (means.numel() * n)).repeat_interleave(n, dim=0)
    return value, gradient


def assignment(images: Tensor, passes: int) -> Tensor:
    """Rows (passes, N) that put every pass in the order of the first, by least squared pixel distance."""
    flat = images.flatten(1).view(passes, -1, images[0].numel())
    rows = [torch.arange(flat.shape[1])]
    for later in flat[1:]:
        order = linear_sum_assignment(torch.cdist(flat[0], later).square().cpu().numpy())[1]
        rows.append(torch.from_numpy(order))
    return torch.stack(rows)


def averaged(images: Tensor, rows: Tensor) -> Tensor:
    """The mean over passes of the matched pictures, (N,C,H,W)."""
    passes, n = rows.shape
    return torch.stack([images[n * e : n * (e + 1)][rows[e]] for e in range(passes)]).mean(0)


@attacks.register("fedavg-ig")
@dataclass(frozen=True, kw_only=True)
class FedAvgInversion(LabelledMatching):
    """Simulate all local steps, differentiate through them, and match the delta they end in.

    Dimitrov, Balunović, Konstantinov, Vechev, "Data Leakage in Federated Averaging", TMLR 2022. Each epoch has
    pictures of its own (the client's order is secret), tied by an order-invariant prior; the answer is their matched
    mean. Defaults: 400 iterations of Adam 0.1 and total variation as published for CIFAR; their per-layer weights
    and learning-rate decay are left out, the cosine objective and the step schedule are those of `ig`.
    """

    assumes: ClassVar[str] = (
        "The server knows the weights, the client's learning rate, number of steps and batch size, and the labels or"
        " can infer them."
    )
    fails: ClassVar[str] = (
        "The cost grows with the number of local steps, and so does the difficulty: many passes over many pictures"
        " leave a delta that many sets of pictures explain."
    )
    defend: ClassVar[str] = "More pictures per client, secure aggregation, and calibrated noise on the clipped delta."

    steps: int = option(400, "iterations per restart", low=1, high=100_000)
    lr: float = option(0.1, "Adam's learning rate in normalised pixel units", low=1e-6, high=100)
    tv: float = option(2e-4, "weight of total variation", low=0, high=1e3)
    pictures: Literal["per-epoch", "shared"] = option("per-epoch", "own pictures in each epoch, or the same in all")
    order: float = option(1e-3, "weight of the order-invariant prior over epochs", low=0, high=1e3)
    objective: Literal["cosine", "l2", "l1"] = option("cosine", "distance between updates")
    signed: bool = option(True, "step along the sign of the gradient")
    decay: bool = option(True, "multiply the learning rate by 0.1 at 3/8, 5/8 and 7/8")
    box: bool = option(True, "keep the guess in [0,1] after each step")

    def matching(self, observation: Observation, labels: Tensor, seed: int) -> Descent:
        own_order = self.pictures == "per-epoch" and observation.training.order == "reshuffled"
        passes = observation.training.epochs if own_order else 1
        priors = smoothness(self.tv) + parse_priors(self.prior)
        matcher = Matcher(
            observation, objectives.parse(self.objective), priors, simulate=local_steps(observation, passes)
        )
        steps = Steps(self.steps, self.lr, self.signed, self.decay, self.box)

        def down(restart: Restart) -> Iterator[Frame]:
            own = matcher.fresh(restart.seed)

            def evaluate(images: Tensor, progress: float) -> Evaluation:
                now = own.evaluate(images, labels, progress)
                if passes == 1 or not self.order:
                    return now
                value, gradient = order_invariant(images, passes)
                return replace(
                    now, loss=now.loss + self.order * value, gradient=now.gradient + self.order * gradient,
                    terms=now.terms | {"order": self.order * value},
                )  # fmt: skip

            x = torch.cat([start(self.init, observation, restart.seed + EPOCH * e) for e in range(passes)])
            for frame in descend(evaluate, x, observation, steps):
                if frame.iteration % REMATCH == 0 or frame.iteration == self.steps:
                    rows = assignment(frame.images, passes)
                frame.images = averaged(frame.images, rows)
                yield frame

        return down
