"""What the attacker believes about pictures: a potential and its gradient."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from gi_core.components import Component, Registry, split_top
from gi_core.models.base import Victim
from gi_core.observation import Observation


@dataclass(frozen=True)
class PriorContext:
    """When and where a prior is asked.

    Attributes:
        observation: the attacker's world (victim, BatchNorm buffers, picture shape).
        progress: share of the iterations done, in [0,1].
        generator: the attack's own randomness.
        data_gradient: (B,C,H,W) gradient of the objective with respect to the pictures, for scale balancing.
        memory: what this prior keeps from one moment of a start to the next.
    """

    observation: Observation
    progress: float
    generator: torch.Generator
    data_gradient: Tensor
    memory: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Prior(Component):
    """A weighted potential on pictures.

    Attributes:
        balanced: its force is set against the objective's own gradient, :attr:`PriorContext.data_gradient`.
    """

    balanced: ClassVar[bool] = False

    @abstractmethod
    def pull(self, images: Tensor, context: PriorContext) -> tuple[Tensor, Tensor]:
        """Value (0-dim) and gradient (B,C,H,W) of the weighted potential at ``images`` (B,C,H,W) in [0,1]."""

    def watch(self, observation: Observation, victim: Victim) -> AbstractContextManager[Callable[[], Tensor]] | None:
        """For a potential of what happens inside the victim: a context for its pass over a guess that is due anyway.

        The context's value, called after that pass, is the weighted potential (0-dim), with graph. None: the potential
        does not depend on such a pass.
        """
        return None

    def denoised(self, images: Tensor, context: PriorContext) -> Tensor | None:
        """The picture the prior would rather see (a denoiser's output), (B,C,H,W), where it has one."""
        return None


priors: Registry[Prior] = Registry("prior")


def parse_priors(text: str) -> tuple[Prior, ...]:
    """``none`` -> (); ``tv:weight=0.1+flow`` -> the priors in order. Raises BadInput."""
    return () if text.strip() == "none" else tuple(priors.parse(part) for part in split_top(text, "+"))


def pulls(believed: tuple[Prior, ...], images: Tensor, context: PriorContext) -> tuple[dict[str, Tensor], Tensor]:
    """The potentials by name (0-dim; those of one name summed), and the sum of all gradients (B,C,H,W).

    ``context.memory`` holds a memory for each prior, by its place.
    """
    terms: dict[str, Tensor] = {}
    total = torch.zeros_like(images)
    for place, prior in enumerate(believed):
        own = replace(context, memory=context.memory.setdefault(place, {}))
        potential, pull = prior.pull(images, own)
        add_term(terms, prior.name, potential)
        total += pull
    return terms, total


def add_term(terms: dict[str, Tensor], name: str, potential: Tensor) -> None:
    """Count ``potential`` under ``name``, besides what is there: two priors may share a name."""
    terms[name] = terms[name] + potential if name in terms else potential


def denoised(text: str, observation: Observation, images: Tensor, progress: float) -> Tensor | None:
    """What the first prior of ``text`` that has an denoised would rather see in place of ``images``, for display.

    (B,C,H,W) in [0,1], or None. Repeatable; it touches no randomness of a running attack.
    """
    context = PriorContext(observation, progress, torch.Generator().manual_seed(0), torch.zeros_like(images))
    return next((view for prior in parse_priors(text) if (view := prior.denoised(images, context)) is not None), None)
