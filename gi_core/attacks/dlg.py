"""Deep Leakage from Gradients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gi_core.attacks.base import Descent, Restart, attacks
from gi_core.attacks.gradient_matching import GradientMatching
from gi_core.attacks.start import start
from gi_core.components import option
from gi_core.inversion.frame import Evaluation, Frame
from gi_core.inversion.labels import recover
from gi_core.inversion.lbfgs import minimise
from gi_core.inversion.matching import Matcher
from gi_core.inversion.objectives import L2, norm
from gi_core.observation import Observation
from gi_core.priors.base import parse_priors

CONVERGED = 1e-8
"""A start is finished when the squared distance falls below this share of the update's squared norm."""


@attacks.register("dlg")
@dataclass(frozen=True, kw_only=True)
class DeepLeakage(GradientMatching):
    """Match the gradient in squared distance by L-BFGS over pictures and soft labels together.

    Zhu, Liu, Han, "Deep Leakage from Gradients", NeurIPS 2019: 300 outer steps of L-BFGS at lr 1, N(0,1) start,
    no box and no prior. Kept here: the lowest-loss iterate (their code keeps the last); a start whose loss no longer
    falls is ended, and further restarts are skipped once one has converged.
    """

    assumes: ClassVar[str] = "The server knows the weights it sent; nothing else, the labels are optimised along."
    fails: ClassVar[str] = (
        "Built for smooth (sigmoid) networks with wide initial weights and tiny batches; it diverges on about half"
        " of all starts, on ReLU networks nearly always."
    )
    defend: ClassVar[str] = "Any noise, a ReLU network, or a batch of more than a few pictures already stops it."

    steps: int = option(300, "outer L-BFGS steps per restart", low=1, high=10_000)
    lr: float = option(1.0, "L-BFGS step length", low=1e-6, high=10)
    box: bool = option(False, "keep the guess in [0,1] after each outer step")
    patience: int = option(
        15, "end a start whose loss did not halve in this many outer steps; 0: never", low=0, high=10_000
    )
    labels: Literal["joint", "auto", "known", "idlg", "bias-corrected", "ilrg"] = option(
        "joint", "how labels are found; joint (published): soft labels descend along with the pictures"
    )

    def descent(self, observation: Observation, seed: int) -> Descent:
        labels = self.known_labels(observation)
        matcher = Matcher(observation, L2(), parse_priors(self.prior))
        done_below = CONVERGED * float(norm(observation.targets).square())
        converged = False

        def down(restart: Restart) -> Iterator[Frame]:
            nonlocal converged
            if converged:
                return
            own, progress = matcher.fresh(restart.seed), 0.0

            def evaluate(variables: list[Tensor]) -> Evaluation:
                if labels is not None:
                    return own.evaluate(variables[0], labels, progress)
                logits = variables[1].requires_grad_()
                return own.evaluate(variables[0], logits.softmax(-1), progress, extra=(logits,))

            for frame in minimise(
                evaluate, self.variables(observation, labels, restart.seed), steps=self.steps, lr=self.lr, box=self.box,
                patience=self.patience, done_below=done_below,
            ):  # fmt: skip
                progress = frame.iteration / self.steps
                logits = frame.report.pop("variables")
                frame.labels = labels if labels is not None else logits[0].argmax(-1)  # type: ignore[index]
                yield frame
            converged = bool(frame.loss < done_below)

        return down

    def known_labels(self, observation: Observation) -> Tensor | None:
        """(B,) labels that are read off beforehand; None: they descend along. The rule idlg is for one picture."""
        if self.labels == "joint":
            observation.victim.need_linear_head(self.name)
            return None
        batch = self.labels == "idlg" and observation.batch_size > 1
        return recover(observation, "auto" if batch else self.labels)

    def variables(self, observation: Observation, labels: Tensor | None, seed: int) -> list[Tensor]:
        """What descends, at its start: the pictures and, unless they are known, the labels' logits."""
        x = start(self.init, observation, seed) if self.init != "randn" else unboxed(observation, seed)
        return [x] if labels is not None else [x, random_logits(observation, seed + 1).to(x)]


def random_logits(observation: Observation, seed: int) -> Tensor:
    """N(0,1) label logits to start from, (B,K)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(observation.batch_size, observation.num_classes, generator=generator)


def unboxed(observation: Observation, seed: int) -> Tensor:
    """N(0,1) in normalised pixels, not clamped: the published start of DLG and iDLG. (B,C,H,W)."""
    victim = observation.victim
    shape = (observation.batch_size, *observation.image_shape)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(victim.mean) * victim.std + victim.mean
