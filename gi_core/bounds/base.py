"""What every bound is: a number, whom it binds, and when it may be shown."""

from __future__ import annotations

import copy
import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from gi_core.components import Component, Registry
from gi_core.defenses.base import Defense, Noise, noise_of
from gi_core.defenses.calibrated import Calibrated
from gi_core.defenses.clip import Clip
from gi_core.defenses.dropout import Dropout
from gi_core.defenses.gaussian import Gaussian
from gi_core.defenses.laplace import Laplace
from gi_core.models.base import Victim
from gi_core.scenario import Scenario

LIVE_WORK = 200_000
"""Parameters times squared batch up to which J's products stand beside a live run (0.1 s for LeNet, one picture)."""

COPY = 60.0
"""PSNR in dB that no picture of 8 bits exceeds without being a copy (mean error 1/4 of a grey level)."""
GREY = 12.0
"""PSNR in dB that a constant grey picture reaches: a bound on unbiased attacks below it says nothing of biased ones."""

Kind = Literal["bound", "reference"]


@dataclass(frozen=True)
class Bound:
    """One limit on what an attack can learn.

    Attributes:
        name: of the rule; value, unit: the number ("dB": a PSNR that cannot be exceeded).
        kind: "bound": a theorem under the stated assumptions; "reference": an estimate that an attack may beat.
        says: the number in one sentence.
        binds: the class of attacks it binds, one sentence.
        assumptions: what has to hold; all of it does where the bound is shown.
        vacuous: it rules nothing out here: a copy or, for a class of attacks, worse than a blind guess is within it.
    """

    name: str
    value: float
    unit: str
    kind: Kind
    says: str
    binds: str
    assumptions: str
    vacuous: bool = False


@dataclass(frozen=True)
class Release:
    """Noise over what it hides, of one release.

    Attributes:
        noise: scale per coordinate, limit of the update's norm, distribution.
        reach: the most that one picture can add to the release, in the norm of the clip (L2 Gaussian, L1 Laplace).
        tensors: how many tensors are clipped on their own (1: all together).
    """

    noise: Noise
    reach: float
    tensors: int

    @property
    def z(self) -> float:
        """Noise scale over the whole update's limit (per tensor, where they are clipped on their own)."""
        return self.noise.sigma / self.noise.clip

    @property
    def z_of_one(self) -> float:
        """Noise scale over one picture's reach."""
        return self.noise.sigma / self.reach


@dataclass(frozen=True)
class Setting:
    """What the bounds need to know of a run. It holds the truth: bounds stand outside the attack.

    Attributes:
        victim: the client's network, model-side defenses applied, in the client's mode.
        stack: the client's defenses.
        batch_size: B; images: (B,C,H,W) and labels (B,), None before a run.
        single_gradient: the update is one client's gradient, not the result of several local steps.
        clients: summed by secure aggregation, each with its own noise.
        statistics: BatchNorm's running statistics of these pictures leave along, without noise: no bound holds then.
    """

    victim: Victim
    stack: tuple[Defense, ...]
    batch_size: int
    images: Tensor | None = None
    labels: Tensor | None = None
    single_gradient: bool = True
    clients: int = 1
    statistics: bool = False

    @classmethod
    def of(
        cls, scenario: Scenario, victim: Victim, images: Tensor | None = None, labels: Tensor | None = None
    ) -> Setting:
        """The setting of a Scenario, with the network that the server sent and the truth where it is at hand."""
        network = copy.deepcopy(victim)
        for defense in scenario.defense_stack:
            defense.on_model(network)
        plain = images is not None and isinstance(labels, Tensor) and labels.dim() == 1
        return cls(
            network, scenario.defense_stack, scenario.batch_size, images if plain else None, labels if plain else None,
            scenario.kind == "gradient" and scenario.clients == 1, scenario.clients,
            "buffers" in scenario.facts and victim.training and any("running_" in n for n, _ in victim.named_buffers()),
        )  # fmt: skip

    @property
    def noise(self) -> Noise | None:
        noise = None if self.statistics else noise_of(self.stack, self.batch_size)
        if noise is None or self.clients == 1:
            return noise
        # the mean of m clients' noises: Gaussian of sigma / sqrt(m); a mean of Laplace draws is not Laplace
        return noise._replace(sigma=noise.sigma / self.clients**0.5) if noise.kind == "gaussian" else None

    @property
    def release(self) -> Release | None:
        """The noisy release of a clipped update; None where there is no noise or nothing is clipped before it."""
        noise = self.noise
        if noise is None or not math.isfinite(noise.clip):
            return None
        tensors = len(list(self.victim.parameters())) if noise.separate else 1
        averaged = self.batch_size if only_clips(self.stack) and _clipped_by_example(self.stack) else 1
        return Release(noise, noise.clip / (averaged * self.clients), tensors)

    @property
    def smooth(self) -> bool:
        """Whether the noise-free update is a differentiable function of the pictures that the code can follow."""
        random = any(isinstance(d, Dropout) and d.p > 0 for d in self.stack) or any(
            isinstance(m, nn.Dropout) and m.training and m.p > 0 for m in self.victim.modules()
        )
        return self.single_gradient and not random and only_clips(self.stack) and not _clips_noise(self.stack)

    @property
    def live(self) -> bool:
        """Whether a few hundred products with the update's Jacobian take a fraction of a second."""
        return sum(p.numel() for p in self.victim.parameters()) * self.batch_size**2 <= LIVE_WORK


def only_clips(stack: tuple[Defense, ...]) -> bool:
    """Whether the stack changes the update by clipping and added noise alone."""
    changes = [d for d in stack if _touches_update(d)]
    return all(isinstance(d, (Clip, Calibrated, Gaussian, Laplace)) for d in changes)


def _touches_update(defense: Defense) -> bool:
    cls = type(defense)
    return cls.on_example is not Defense.on_example or cls.on_update is not Defense.on_update


def _clips_noise(stack: tuple[Defense, ...]) -> bool:
    noisy = False
    for defense in stack:
        clips_update = not defense.per_example and isinstance(defense, (Clip, Calibrated))
        if noisy and clips_update:
            return True
        noisy = noisy or not isinstance(defense, Clip)
    return False


def _clipped_by_example(stack: tuple[Defense, ...]) -> bool:
    clips = [d for d in stack if isinstance(d, Clip) or (isinstance(d, Calibrated) and d.clips)]
    return bool(clips) and all(d.per_example for d in clips)


@dataclass(frozen=True, kw_only=True)
class Rule(Component):
    """How one bound is computed.

    ``binds`` names the class of attacks it binds, ``assumes`` what has to hold: one sentence each.
    ``quick``: fast enough to stand beside every run.
    """

    kind: ClassVar[Kind] = "bound"
    unit: ClassVar[str] = ""
    binds: ClassVar[str] = ""
    assumes: ClassVar[str] = ""
    quick: ClassVar[bool] = True

    @abstractmethod
    def of(self, setting: Setting) -> Bound | None:
        """The bound, or None where its assumptions fail."""

    def bound(self, value: float, says: str, *, vacuous: bool = False) -> Bound:
        return Bound(self.name, value, self.unit, self.kind, says, self.binds, self.assumes, vacuous)


bounds: Registry[Rule] = Registry("bound")


def applicable(setting: Setting, *, slow: bool = False) -> list[Bound]:
    """Every registered bound, with its default options, whose assumptions hold; ``slow`` adds the slow ones."""
    found = (cls().of(setting) for cls in bounds if slow or cls.quick)
    return [bound for bound in found if bound is not None]


def binding(setting: Setting) -> list[Bound]:
    """The quick bounds of :func:`applicable` that rule something out: what is shown beside a run."""
    return [bound for bound in applicable(setting) if not bound.vacuous]
