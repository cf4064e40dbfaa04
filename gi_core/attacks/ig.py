"""Inverting Gradients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gi_core.attacks.base import Descent, Restart, attacks
from gi_core.attacks.gradient_matching import LabelledMatching
from gi_core.attacks.start import start
from gi_core.components import option
from gi_core.inversion.backends.choose import side_by_side
from gi_core.inversion.descent import Steps, descend, one_by_one
from gi_core.inversion.frame import Frame
from gi_core.inversion.labels import recover
from gi_core.inversion.lbfgs import minimise
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import objectives
from gi_core.observation import Observation
from gi_core.priors.base import parse_priors
from gi_core.priors.tv import smoothness
from gi_core.seeds import restart_seed


@attacks.register("ig")
@dataclass(frozen=True, kw_only=True)
class InvertingGradients(LabelledMatching):
    """Match the gradient's direction: 1 - cosine plus total variation, by signed Adam in the box [0,1].

    Geiping, Bauermeister, Dröge, Moeller, "Inverting Gradients", NeurIPS 2020. Defaults: their released
    DEFAULT_CONFIG (4,800 steps, Adam 0.1, x0.1 at 3/8, 5/8, 7/8) with the signed gradient of their experiments. Its
    weight of total variation is 0.1, that of their command line 1e-4; between them 0.01 did best on three victims here.
    """

    assumes: ClassVar[str] = (
        "The server is honest but curious, knows the weights it sent, and the labels or can infer them."
    )
    fails: ClassVar[str] = (
        "It fades with larger batches, training-mode BatchNorm, many local steps, trained networks and noise."
    )
    defend: ClassVar[str] = "Aggregate securely over many clients, and add calibrated noise to clipped gradients."

    steps: int = option(4800, "iterations per restart", low=1, high=100_000)
    lr: float = option(0.1, "Adam's learning rate in normalised pixel units (L-BFGS: its step)", low=1e-6, high=100)
    tv: float = option(0.01, "weight of total variation", low=0, high=1e3)
    objective: Literal["cosine", "l2", "l1"] = option("cosine", "distance between updates")
    optimiser: Literal["adam", "lbfgs"] = option("adam", "first-order, or limited-memory BFGS")
    line_search: bool = option(False, "L-BFGS: search along each step (strong Wolfe) instead of taking it whole")
    signed: bool = option(True, "step along the sign of the gradient")
    decay: bool = option(True, "the published step schedule")
    box: bool = option(True, "keep the guess in [0,1] after each step")

    def warmed(self, named: set[str]) -> InvertingGradients:
        """A first step of 0.1 would undo most of what an attack's answer knows; 0.03 keeps it (docs/venom.md)."""
        return self if "lr" in named or self.optimiser == "lbfgs" else replace(self, lr=0.03)

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        """Restarts side by side where that pays, else in turn."""
        yield from self.together(observation, seed) or super().run(observation, seed)

    def together(self, observation: Observation, seed: int) -> Iterator[Frame] | None:
        """All restarts in one computation, where that pays."""
        if self.restarts == 1 or self.optimiser == "lbfgs" or self.prior != "none":
            return None
        labels, objective = recover(observation, self.labels), objectives.parse(self.objective)
        backend = side_by_side(observation, labels, objective, smoothness(self.tv), self.restarts)
        if backend is None:
            return None
        seeds = [restart_seed(seed, n) for n in range(self.restarts)]
        x = torch.stack([start(self.init, observation, s) for s in seeds])
        frames = one_by_one(descend(backend.evaluate, x, observation, self.way))
        return (replace(frame, labels=labels) for frame in frames)

    @property
    def way(self) -> Steps:
        return Steps(self.steps, self.lr, self.signed, self.decay, self.box)

    def matching(self, observation: Observation, labels: Tensor, seed: int) -> Descent:
        priors = smoothness(self.tv) + parse_priors(self.prior)
        matcher = Matcher(observation, objectives.parse(self.objective), priors)

        def down(restart: Restart) -> Iterator[Frame]:
            own, x = matcher.fresh(restart.seed), start(self.init, observation, restart.seed)
            if self.optimiser == "lbfgs":
                evaluate = lambda variables: own.evaluate(variables[0], labels)
                return minimise(evaluate, [x], steps=self.steps, lr=self.lr, line_search=self.line_search, box=self.box)
            return descend(lambda v, progress: own.evaluate(v, labels, progress), x, observation, self.way)

        return down
