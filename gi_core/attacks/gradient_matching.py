"""What the attacks share that match gradients: priors, and labels that are found before."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from gi_core.attacks.base import Descent, IterativeAttack, Restart
from gi_core.components import option
from gi_core.inversion.frame import Frame
from gi_core.inversion.labels import recover
from gi_core.observation import Observation
from gi_core.priors.base import parse_priors


@dataclass(frozen=True, kw_only=True)
class GradientMatching(IterativeAttack):
    """Descends on the distance between a guess's update and the observed one, plus priors."""

    prior: str = option("none", "further priors on pictures, e.g. flow")

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_priors(self.prior)


@dataclass(frozen=True, kw_only=True)
class LabelledMatching(GradientMatching):
    """Finds the labels first, so that only pictures are left to look for."""

    labels: Literal["auto", "known", "idlg", "bias-corrected", "ilrg"] = option("auto", "how labels are found")

    @abstractmethod
    def matching(self, observation: Observation, labels: Tensor, seed: int) -> Descent:
        """As :meth:`IterativeAttack.descent`, with the labels (B,) found."""

    def descent(self, observation: Observation, seed: int) -> Descent:
        labels = recover(observation, self.labels)
        matching = self.matching(observation, labels, seed)

        def labelled(restart: Restart) -> Iterator[Frame]:
            for frame in matching(restart):
                frame.labels = labels
                yield frame

        return labelled
