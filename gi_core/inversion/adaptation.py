"""How an attacker who knows the defense's public parameters matches the defended update (as GIFD does)."""

from __future__ import annotations

import torch
from torch import Tensor

from gi_core.inversion.objectives import Distance, Objective, SignAlignment, Tensors, inner, norm
from gi_core.observation import DefenseFacts, Observation


def distance_to(observation: Observation, objective: Objective) -> Distance:
    """The distance between a guess's raw gradient and the observed, defended one.

    Without knowledge of the defense this is the objective itself. With it, the guess passes what the defense is
    known to do: a kept-entries mask (top-k, pruning), a clip of the whole update, signs; a quantiser's target is
    the nearest gradient that it could have sent as it did.
    """
    targets = observation.targets
    distance = objective.to(targets)
    if any(d.name == "sign" for d in observation.defense or ()):
        distance = SignAlignment().to(targets)
    for defense in reversed(observation.defense or ()):
        if defense.name in ("topk", "prune"):
            distance = _masked(distance, [t != 0 for t in targets])
        elif defense.name == "clip" and _clips_the_update(defense, observation):
            distance = _clipped(distance, float(defense.options["norm"]))
        elif defense.name == "quantize":
            distance = _within_cells(objective, targets, defense)
    return distance


def _clips_the_update(clip: DefenseFacts, observation: Observation) -> bool:
    """Whether the clip acts on the very gradient that the attacker simulates, over all tensors together."""
    whole = clip.options["per"] == "update" or observation.batch_size == 1
    return whole and clip.options["scope"] == "joint" and observation.update.kind == "gradient"


def _masked(distance: Distance, mask: list[Tensor]) -> Distance:
    def masked(guess: Tensors) -> tuple[Tensor, Tensors, Tensor | float]:
        value, cotangent, factor = distance(torch._foreach_mul(guess, mask))
        return value, torch._foreach_mul(cotangent, mask), factor

    return masked


def _clipped(distance: Distance, limit: float) -> Distance:
    """g -> g min(1, C/|g|); where it clips, the pull-back is (C/|g|) (v - <v, g> g / |g|^2)."""

    def clipped(guess: Tensors) -> tuple[Tensor, Tensors, Tensor | float]:
        length = norm(guess)
        scale = (limit / length.clamp_min(1e-30)).clamp_max(1.0)
        value, cotangent, factor = distance(torch._foreach_mul(guess, scale))
        radial = torch.where(length > limit, inner(cotangent, guess) / length.square().clamp_min(1e-30), 0.0)
        tangent = torch._foreach_sub(cotangent, torch._foreach_mul(guess, radial))
        return value, torch._foreach_mul(tangent, scale), factor

    return clipped


def _within_cells(objective: Objective, targets: list[Tensor], defense: DefenseFacts) -> Distance:
    """Match the point of the quantiser's cell that lies nearest to the guess.

    A cell reaches one level to either side of what was sent (half a level where rounding is not stochastic).
    """
    order = float("inf") if defense.options["scale"] == "max" else 2.0
    reach = (1.0 if defense.options["stochastic"] else 0.5) / (2 ** (int(defense.options["bits"]) - 1) - 1)
    cells = [torch.linalg.vector_norm(t, ord=order) * reach for t in targets]

    def quantised(guess: Tensors) -> tuple[Tensor, Tensors, Tensor | float]:
        nearest = [torch.clamp(g, t - c, t + c) for g, t, c in zip(guess, targets, cells, strict=True)]
        return objective.to(nearest)(guess)

    return quantised
