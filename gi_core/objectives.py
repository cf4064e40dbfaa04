"""Distances between the observed update and the one a guess would produce.

Each objective gives its value *and its gradient with respect to the guess* in closed form. The matching loop
then needs one vector-Jacobian product instead of a graph through the distance.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.components import Component, Registry

Distance = Callable[[list[Tensor]], tuple[Tensor, list[Tensor]]]


@dataclass(frozen=True, kw_only=True)
class Objective(Component):
    """A distance between two updates."""

    @abstractmethod
    def to(self, target: list[Tensor]) -> Distance:
        """The distance to ``target`` as a function ``guess -> (value, d value / d guess)``.

        Args:
            target: the observed update's tensors. Whatever depends on it alone is computed here, once.

        Returns:
            A function of a list of detached tensors of the same shapes: a 0-dim value and a list of cotangents.
        """


objectives: Registry[Objective] = Registry("objective")


def inner(a: list[Tensor], b: list[Tensor]) -> Tensor:
    """Euclidean inner product over all tensors together, 0-dim."""
    return torch.stack([torch.dot(s.reshape(-1), t.reshape(-1)) for s, t in zip(a, b, strict=True)]).sum()


def norm(a: list[Tensor]) -> Tensor:
    """Euclidean norm over all tensors together, 0-dim."""
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(a)))


@objectives.register("cosine")
@dataclass(frozen=True, kw_only=True)
class Cosine(Objective):
    """1 - <g, t> / (|g| |t|): blind to scale (Geiping et al. 2020, eq. 4)."""

    def to(self, target: list[Tensor]) -> Distance:
        unit = torch._foreach_div(target, norm(target).clamp_min(1e-30))

        def distance(guess: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            length = norm(guess).clamp_min(1e-30)
            cosine = inner(guess, unit) / length
            # d(1 - cos)/dg = -(t/|t| - cos g/|g|) / |g|
            cotangent = torch._foreach_mul(guess, cosine / length.square())
            torch._foreach_sub_(cotangent, torch._foreach_div(unit, length))
            return 1 - cosine, cotangent

        return distance


@objectives.register("l2")
@dataclass(frozen=True, kw_only=True)
class L2(Objective):
    """Sum of squared differences (Zhu et al. 2019, eq. 1)."""

    def to(self, target: list[Tensor]) -> Distance:
        def distance(guess: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            residual = torch._foreach_sub(guess, target)
            return norm(residual).square(), torch._foreach_mul(residual, 2.0)

        return distance


@objectives.register("l1")
@dataclass(frozen=True, kw_only=True)
class L1(Objective):
    """Sum of absolute differences (Deng et al. 2021 combine it with L2)."""

    def to(self, target: list[Tensor]) -> Distance:
        def distance(guess: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            residual = torch._foreach_sub(guess, target)
            return torch.stack(torch._foreach_norm(residual, 1)).sum(), torch._foreach_sign(residual)

        return distance


@objectives.register("sign-alignment")
@dataclass(frozen=True, kw_only=True)
class SignAlignment(Objective):
    """1 - <g, s> / |g|_1 for an update s of signs: zero exactly when every sign agrees.

    What an attacker who knows that the client sends signs should match (reconstruction).
    """

    def to(self, target: list[Tensor]) -> Distance:
        signs = torch._foreach_sign(target)

        def distance(guess: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            length = torch.stack(torch._foreach_norm(guess, 1)).sum().clamp_min(1e-30)
            aligned = inner(guess, signs) / length
            # d/dg (1 - <g,s>/|g|_1) = (aligned * sign(g) - s) / |g|_1
            cotangent = torch._foreach_mul(torch._foreach_sign(guess), aligned)
            torch._foreach_sub_(cotangent, signs)
            torch._foreach_div_(cotangent, length)
            return 1 - aligned, cotangent

        return distance
