"""Improved Deep Leakage from Gradients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from gi_core.attacks.base import Attack, Frame, attacks
from gi_core.attacks.dlg import CONVERGED, unboxed
from gi_core.components import option
from gi_core.descent import check_init, keep_best, start
from gi_core.labels import recover
from gi_core.lbfgs import minimise
from gi_core.matching import Matcher
from gi_core.objectives import L2, norm
from gi_core.observation import Observation


@attacks.register("idlg")
@dataclass(frozen=True, kw_only=True)
class ImprovedDeepLeakage(Attack):
    """Read the label off the last layer first, then match the gradient as DLG does.

    Zhao, Mopuri, Bilen, "iDLG", 2020: for one picture the true class is the only one whose row of the head's
    gradient points against the features. 300 outer steps of L-BFGS at lr 1, N(0,1) start.
    """

    assumes: ClassVar[str] = "The server knows the weights it sent; the label follows from the head's gradient."
    fails: ClassVar[str] = "As DLG: it needs a smooth network; for batches the labels have to be told apart first."
    defend: ClassVar[str] = (
        "Noise, a ReLU network or larger batches; the label itself leaks much longer than the picture."
    )

    steps: int = option(300, "outer L-BFGS steps per restart", low=1, high=10_000)
    lr: float = option(1.0, "L-BFGS step length", low=1e-6, high=10)
    restarts: int = option(1, "independent starts; the lowest loss wins", low=1, high=64)
    box: bool = option(False, "keep the guess in [0,1] after each outer step")
    patience: int = option(
        15, "end a start whose loss did not halve in this many outer steps; 0: never", low=0, high=10_000
    )
    init: str = option("randn", "starting point: randn, rand, grey, or an attack")
    labels: Literal["auto", "known", "idlg", "bias-corrected", "ilrg"] = option("idlg", "how labels are found")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_init(self.init)

    @property
    def iterations(self) -> int:
        return self.restarts * (self.steps + 1)

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        rule = self.labels if observation.batch_size == 1 or self.labels != "idlg" else "auto"
        labels = recover(observation, rule)
        matcher = Matcher(observation, L2(), seed=seed)
        done_below = CONVERGED * float(norm(observation.targets).square())
        converged = False

        def restart(number: int) -> Iterator[Frame]:
            nonlocal converged
            if converged:
                return
            own_seed = seed + 7919 * number
            x = start(self.init, observation, own_seed) if self.init != "randn" else unboxed(observation, own_seed)
            for frame in minimise(
                lambda v: matcher.evaluate(v[0], labels), [x], steps=self.steps, lr=self.lr, box=self.box,
                patience=self.patience, done_below=done_below, first=number * (self.steps + 1), restart=number,
            ):  # fmt: skip
                frame.labels = labels
                yield frame
            converged = bool(frame.loss < done_below)

        yield from keep_best(restart(n) for n in range(self.restarts))
