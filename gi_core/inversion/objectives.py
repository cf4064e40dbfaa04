"""Distances between the observed update and the one a guess would produce.

Each objective gives its value *and its gradient with respect to the guess* in closed form. The matching loop
then needs one vector-Jacobian product instead of a graph through the distance. A factor common to the whole gradient
is handed over apart, so that it multiplies one picture instead of millions of parameters.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.components import Component, Registry

Tensors = list[Tensor] | tuple[Tensor, ...]
Distance = Callable[[Tensors], tuple[Tensor, Tensors, Tensor | float]]
"""guess -> (value, cotangent, scale) with d value / d guess = scale * cotangent."""
Rows = Callable[[Tensor], tuple[Tensor, Tensor | float]]
"""The same for guesses (R,D), each one flat vector: values (R,) and scales, (R,1,1,1,1) or one number.

The cotangents take the guesses' place; an entry that is zero in both updates stays zero."""


@dataclass(frozen=True, kw_only=True)
class Objective(Component):
    """A distance between two updates."""

    @abstractmethod
    def to(self, target: Tensors) -> Distance:
        """The distance to ``target`` as a function ``guess -> (value, cotangent, scale)``.

        Args:
            target: the observed update's tensors. Whatever depends on it alone is computed here, once.

        Returns:
            A function of a list of detached tensors of the same shapes. Its 0-dim value has the gradient
            ``scale * cotangent`` with respect to the guess.
        """

    @abstractmethod
    def rows(self, target: Tensor) -> Rows:
        """The distance to the flat ``target`` (D,) for many guesses at once."""


objectives: Registry[Objective] = Registry("objective")


def inner(a: Tensors, b: Tensors) -> Tensor:
    """Euclidean inner product over all tensors together, 0-dim."""
    return torch.stack([_dot(s, t) for s, t in zip(a, b, strict=True)]).sum()


def _dot(s: Tensor, t: Tensor) -> Tensor:
    """<s, t>, read in the order in which ``t`` lies in memory."""
    if t.dim() == 4 and not t.is_contiguous():
        s, t = s.movedim(1, -1), t.movedim(1, -1)
    return torch.dot(s.reshape(-1), t.reshape(-1))


def norm(a: Tensors) -> Tensor:
    """Euclidean norm over all tensors together, 0-dim."""
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(a)))


@objectives.register("cosine")
@dataclass(frozen=True, kw_only=True)
class Cosine(Objective):
    """1 - <g, t> / (|g| |t|): blind to scale (Geiping et al. 2020, eq. 4)."""

    def to(self, target: Tensors) -> Distance:
        unit = torch._foreach_div(target, norm(target).clamp_min(1e-30))
        cotangent = [torch.empty_like(t) for t in unit]  # reused: fresh memory pages cost more than the sum

        def distance(guess: Tensors) -> tuple[Tensor, Tensors, Tensor | float]:
            length = norm(guess).clamp_min(1e-30)
            cosine = inner(guess, unit) / length
            # d(1 - cos)/dg = -(t/|t| - cos g/|g|) / |g|
            share = -cosine / length
            for t, g, out in zip(unit, guess, cotangent, strict=True):
                torch.addcmul(t, g, share, out=out)
            return 1 - cosine, cotangent, -1 / length

        return distance

    def rows(self, target: Tensor) -> Rows:
        unit = target / torch.linalg.vector_norm(target).clamp_min(1e-30)

        def distance(guesses: Tensor) -> tuple[Tensor, Tensor | float]:
            length = torch.linalg.vector_norm(guesses, dim=1, keepdim=True).clamp_min_(1e-30)
            cosine = guesses @ unit / length.squeeze(1)
            guesses.mul_(cosine.unsqueeze(1) / length).sub_(unit)
            return 1 - cosine, 1 / length.view(-1, 1, 1, 1, 1)

        return distance


@objectives.register("l2")
@dataclass(frozen=True, kw_only=True)
class L2(Objective):
    """Sum of squared differences (Zhu et al. 2019, eq. 1)."""

    def to(self, target: Tensors) -> Distance:
        def distance(guess: Tensors) -> tuple[Tensor, Tensors, Tensor | float]:
            residual = torch._foreach_sub(guess, target)
            return norm(residual).square(), residual, 2.0

        return distance

    def rows(self, target: Tensor) -> Rows:
        def distance(guesses: Tensor) -> tuple[Tensor, Tensor | float]:
            return guesses.sub_(target).square().sum(1), 2.0

        return distance


@objectives.register("l1")
@dataclass(frozen=True, kw_only=True)
class L1(Objective):
    """Sum of absolute differences (Deng et al. 2021 combine it with L2)."""

    def to(self, target: Tensors) -> Distance:
        def distance(guess: Tensors) -> tuple[Tensor, Tensors, Tensor | float]:
            residual = torch._foreach_sub(guess, target)
            return torch.stack(torch._foreach_norm(residual, 1)).sum(), torch._foreach_sign(residual), 1.0

        return distance

    def rows(self, target: Tensor) -> Rows:
        def distance(guesses: Tensor) -> tuple[Tensor, Tensor | float]:
            value = guesses.sub_(target).abs().sum(1)
            guesses.sign_()
            return value, 1.0

        return distance


@objectives.register("sign-alignment")
@dataclass(frozen=True, kw_only=True)
class SignAlignment(Objective):
    """1 - <g, s> / |g|_1 for an update s of signs: zero exactly when every sign agrees.

    What an attacker who knows that the client sends signs should match (reconstruction).
    """

    def to(self, target: Tensors) -> Distance:
        signs = torch._foreach_sign(target)

        def distance(guess: Tensors) -> tuple[Tensor, Tensors, Tensor | float]:
            length = torch.stack(torch._foreach_norm(guess, 1)).sum().clamp_min(1e-30)
            aligned = inner(guess, signs) / length
            # d/dg (1 - <g,s>/|g|_1) = (aligned * sign(g) - s) / |g|_1
            cotangent = torch._foreach_mul(torch._foreach_sign(guess), aligned)
            torch._foreach_sub_(cotangent, signs)
            return 1 - aligned, cotangent, 1 / length

        return distance

    def rows(self, target: Tensor) -> Rows:
        signs = target.sign()

        def distance(guesses: Tensor) -> tuple[Tensor, Tensor | float]:
            length = guesses.abs().sum(1).clamp_min(1e-30)
            aligned = guesses @ signs / length
            guesses.sign_().mul_(aligned.unsqueeze(1)).sub_(signs)
            return 1 - aligned, 1 / length.view(-1, 1, 1, 1, 1)

        return distance
