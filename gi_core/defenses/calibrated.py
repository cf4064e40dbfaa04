"""Noise calibrated to a stated epsilon: the five conventions found in papers and code, each by name.

With C the clip norm, B the batch, m a data-set size, and z the noise multiplier for norm 1 (``textbook``: the classical
formula sqrt(2 ln(1.25/delta))/epsilon, or 1/epsilon for Laplace; ``exact``: what the accountant calibrates), the noise
on each coordinate of the released average has scale

    analytic       C z_exact / B      clip all tensors together; epsilon is exact when one example is added or removed
    mean-of-m      2 C z_textbook / B clip all tensors together; 2C/B is what replacing one example can change
    alg1           C z_textbook       clip each tensor on its own; the formula knows no batch (Venom, Algorithm 1)
    two-c-over-m   2 C z_textbook / m clip all tensors together; private only if the release really averages m examples
    mjolnir-code   2 lr C z_textbook / m, no clip at all (released Mjolnir code: lr 1e-3, m = 1)

With ``per=update`` the average itself is clipped, the protected unit is the whole client, and analytic is C z_exact.
Reconstruction: what alg1 does for B > 1, and every convention but analytic under Laplace noise, is our reading.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from gi_core.components import option
from gi_core.defenses.base import Batch, Defense, Noise, Privacy
from gi_core.defenses.clip import clip
from gi_core.observation import Tensors


@dataclass(frozen=True, kw_only=True)
class Calibrated(Defense):
    """Clip, then add noise whose scale a convention derives from epsilon."""

    kind: ClassVar[Literal["gaussian", "laplace"]]
    order: ClassVar[float]

    epsilon: float = option(1.0, "epsilon that the noise is meant to buy", low=1e-3, high=1e4)
    delta: float = option(0.0, "probability with which the epsilon bound may fail", low=0.0, high=0.5)
    clip: float = option(1.0, "clip norm C (L2 for Gaussian, L1 for Laplace noise)", low=1e-9, high=1e9)
    convention: Literal["analytic", "mean-of-m", "alg1", "two-c-over-m", "mjolnir-code"] = option(
        "analytic", "which formula turns epsilon into a noise scale"
    )
    per: Literal["example", "update"] = option("example", "clip each example's gradient, or their average")
    m: int | None = option(None, "data-set size in two-c-over-m and mjolnir-code; none: the batch size", low=1)
    lr: float = option(1e-3, "learning rate in mjolnir-code", low=1e-9, high=1e3)

    @abstractmethod
    def exact(self) -> float:
        """Smallest noise multiplier that really gives (epsilon, delta)."""

    @abstractmethod
    def textbook(self) -> float:
        """Noise multiplier by the textbook formula."""

    @abstractmethod
    def epsilon_at(self, z: float) -> float:
        """What the accountant gives for noise multiplier z at this delta."""

    @abstractmethod
    def draw(self, tensors: Tensors, scale: float, batch: Batch) -> Tensors:
        """Tensors plus noise of the given scale."""

    @property
    def clips(self) -> bool:
        return self.convention != "mjolnir-code"

    @property
    def separate(self) -> bool:
        """Each tensor clipped on its own."""
        return self.convention == "alg1"

    @property
    def per_example(self) -> bool:
        return self.clips and self.per == "example"

    def scale(self, batch_size: int) -> float:
        """Noise scale on each coordinate of the released average, by the table at the top of this file."""
        m = self.m or batch_size
        averaged = batch_size if self.per == "example" else 1
        return {
            "analytic": lambda: self.clip * self.exact() / averaged,
            "mean-of-m": lambda: 2 * self.clip * self.textbook() / batch_size,
            "alg1": lambda: self.clip * self.textbook(),
            "two-c-over-m": lambda: 2 * self.clip * self.textbook() / m,
            "mjolnir-code": lambda: 2 * self.lr * self.clip * self.textbook() / m,
        }[self.convention]()

    def multiplier(self, batch_size: int, tensors: int = 1) -> float:
        """z: noise scale over the most that one example (or, per update, one client) can add to the release."""
        if not self.clips:
            return 0.0
        joint = self.clip * (tensors ** (1 / self.order) if self.separate else 1)
        reach = joint / batch_size if self.per == "example" else joint
        return self.scale(batch_size) / reach

    def on_example(self, tensors: Tensors, batch: Batch) -> Tensors:
        if not self.per_example:
            return tensors
        return clip(tensors, self.clip, order=self.order, separate=self.separate, keep_examples=True)

    def on_update(self, tensors: Tensors, batch: Batch) -> Tensors:
        if self.clips and self.per == "update":
            tensors = clip(tensors, self.clip, order=self.order, separate=self.separate)
        return self.draw(tensors, self.scale(batch.size), batch)

    def noise(self, batch_size: int) -> Noise:
        return Noise(self.scale(batch_size), self.clip if self.clips else math.inf, self.separate, self.kind)

    def privacy(self, batch_size: int, tensors: int = 1) -> Privacy:
        z = self.multiplier(batch_size, tensors)
        unit = "one example" if self.per == "example" else "the whole client"
        epsilon, replaced = self.epsilon_at(z), self.epsilon_at(z / 2)
        if not self.clips:
            note = (
                f"No guarantee: the noise of scale {self.scale(batch_size):.3g} lands on the raw, unclipped gradient, "
                "which one example can change without limit."
            )
            return Privacy(epsilon, self.delta, z, f"add or remove {unit}", note)
        remarks = []
        if not math.isclose(epsilon, self.epsilon, rel_tol=1e-3):
            remarks.append(f"{self.convention} promises epsilon {self.epsilon:g} and this noise gives {epsilon:.3g}")
        if self.kind == "gaussian" and self.convention != "analytic" and self.epsilon > 1:
            remarks.append("the classical formula is proved below epsilon 1 only")
        if self.separate and tensors > 1:
            remarks.append(f"{tensors} tensors clipped one by one count together")
        if self.convention == "two-c-over-m" and self.per == "example" and self.m not in (None, batch_size):
            remarks.append(f"the formula divides by m={self.m} but the release averages {batch_size}")
        remarks.append(f"for replacing {unit} epsilon is {replaced:.3g}")
        remarks.append("further rounds add up")
        return Privacy(epsilon, self.delta, z, f"add or remove {unit}", "One release: " + "; ".join(remarks) + ".")
