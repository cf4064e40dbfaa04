"""Gradient matching with the statistics of public pictures that act like the private ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gi_core.attacks.base import attacks
from gi_core.attacks.statistics import StatisticsAttack
from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.models.batchnorm import batchnorm_layers, statistics_kept
from gi_core.observation import Observation
from gi_core.priors.base import Prior, PriorContext
from gi_core.priors.batchnorm import Moments, Statistics, measure, mismatch, recording


@attacks.register("bn-proxy")
@dataclass(frozen=True, kw_only=True)
class BNProxy(StatisticsAttack):
    """Inverting Gradients plus normalisation statistics of auxiliary batches whose gradient aligns with the update.

    "Practical Feasibility of Gradient Inversion Attacks in Federated Learning", for BatchNorm without shared buffers
    and for LayerNorm. Candidate batches carry the known or inferred labels; the ones of highest cosine with the
    observed update are averaged. How many are drawn (64) and kept (5) is our reconstruction.
    """

    assumes: ClassVar[str] = "The attacker has public pictures of the same kind; labels known or inferred."
    fails: ClassVar[str] = "Other pictures' statistics are only near the private ones, less so for small batches."
    defend: ClassVar[str] = "Larger batches, and noise on clipped gradients, which spoils the alignment too."

    candidates: int = option(64, "auxiliary batches drawn", low=1, high=4096)
    kept: int = option(5, "best-aligned batches averaged", low=1, high=256)

    def statistics_prior(self, observation: Observation, labels: Tensor, seed: int) -> Prior:
        return KnownStatistics(weight=self.bn, targets=aligned(observation, labels, self.candidates, self.kept, seed))


def normalisation_layers(victim: Victim) -> dict[str, nn.Module]:
    """BatchNorm and LayerNorm layers by name."""
    layers: dict[str, nn.Module] = dict(batchnorm_layers(victim))
    return layers | {n: m for n, m in victim.named_modules() if isinstance(m, nn.LayerNorm)}


def aligned(observation: Observation, labels: Tensor, candidates: int, kept: int, seed: int) -> Statistics:
    """Average statistics of the ``kept`` auxiliary batches whose gradient has the highest cosine with the update.

    Raises:
        BadInput: no auxiliary pictures, fewer than a batch of them, or no normalisation layers.
    """
    victim, pictures = observation.victim, observation.auxiliary
    layers = normalisation_layers(victim)
    if not layers:
        raise BadInput("the victim has neither BatchNorm nor LayerNorm layers, so there are no statistics to borrow")
    if pictures is None:
        raise BadInput("bn-proxy needs public pictures: knowledge=labels+auxiliary grants them")
    if len(pictures) < observation.batch_size:
        raise BadInput(f"bn-proxy needs at least {observation.batch_size} public pictures, {len(pictures)} are granted")
    generator = torch.Generator().manual_seed(seed)
    targets = observation.targets
    found: list[tuple[Tensor, Statistics]] = []
    for _ in range(candidates):
        batch = pictures[torch.randperm(len(pictures), generator=generator)[: observation.batch_size]]
        with recording(layers) as statistics, statistics_kept(victim):
            gradient = torch.autograd.grad(victim.loss(batch, labels), observation.parameters, materialize_grads=True)
        detached = {n: Moments(m.mean.detach(), m.variance.detach(), m.count) for n, m in statistics.items()}
        found.append((cosine(list(gradient), targets), detached))
    best = torch.stack([alignment for alignment, _ in found]).topk(min(kept, candidates)).indices.tolist()
    chosen = [found[i][1] for i in best]
    return {name: average([s[name] for s in chosen]) for name in chosen[0]}


def average(moments: list[Moments]) -> Moments:
    """Mean of the means and of the variances."""
    mean = torch.stack([m.mean for m in moments]).mean(0)
    variance = torch.stack([m.variance for m in moments]).mean(0)
    return Moments(mean, variance, moments[0].count)


def cosine(a: list[Tensor], b: list[Tensor]) -> Tensor:
    """Cosine of two lists of tensors, each taken as one vector; 0-dim."""
    dot = torch.stack([(p * q).sum() for p, q in zip(a, b, strict=True)]).sum()
    lengths = [torch.stack([t.square().sum() for t in x]).sum().sqrt() for x in (a, b)]
    return dot / (lengths[0] * lengths[1]).clamp_min(1e-30)


@dataclass(frozen=True, kw_only=True)
class KnownStatistics(Prior):
    """Pulls the guess to given statistics; made by an attack, never parsed from text."""

    name: ClassVar[str] = "statistics"

    weight: float
    targets: Statistics

    def __post_init__(self) -> None:
        pass

    def pull(self, images: Tensor, moment: PriorContext) -> tuple[Tensor, Tensor]:
        victim = moment.observation.victim
        layers = {n: m for n, m in normalisation_layers(victim).items() if n in self.targets}
        with torch.enable_grad():
            x = images.detach().requires_grad_()
            value = mismatch(measure(victim, x, layers), self.targets)
            gradient = torch.autograd.grad(value, x)[0]
        return self.weight * value.detach(), gradient.mul_(self.weight)

    @contextmanager
    def watch(self, observation: Observation, victim: Victim) -> Iterator[Callable[[], Tensor]]:
        layers = {n: m for n, m in normalisation_layers(victim).items() if n in self.targets}
        with recording(layers) as found:
            yield lambda: self.weight * mismatch(found, self.targets)
