"""From a picture's own maps to the picture: each alone, by L-BFGS, with a test of success that needs no truth."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from gi_core.inversion.frame import Evaluation
from gi_core.inversion.lbfgs import minimise
from gi_core.inversion.peeling import Level
from gi_core.models.base import Victim
from gi_core.priors.tv import total_variation

DEEPEST = 2
"""Levels that are matched: those nearest to the picture, which determine the ones above."""
PHASES = ((0.1, 0.15), (0.01, 0.2), (0.001, 0.2), (0.0, 0.45))
"""Weight of total variation, and the share of the steps it holds for."""
CONSISTENT = 1e-6
"""A picture whose maps are within this share of energy of those read off is the one that was sent."""
FLOOR = 1e-13
"""Loss that single precision does not go below."""
COARSE = 4
"""A further start is smooth noise, drawn on a grid this many times coarser."""


@dataclass(frozen=True)
class OnItsWay:
    """A picture on its way: (1,C,H,W), its loss without smoothing, steps done."""

    images: Tensor
    loss: Tensor
    step: int

    @property
    def consistent(self) -> bool:
        return float(self.loss) < CONSISTENT


class MapsOf:
    """A victim up to some of its nodes: (B,C,H,W) pictures in [0,1] -> values."""

    def __init__(self, victim: Victim, nodes: list[str]) -> None:
        body = copy.deepcopy(victim.body)
        for module in body.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = False
        for parameter in body.parameters():
            parameter.requires_grad_(False)
        traced = fx.symbolic_trace(body)
        by_name = {n.name: n for n in traced.graph.nodes}
        end = next(n for n in traced.graph.nodes if n.op == "output")
        end.args = (tuple(by_name[name] for name in nodes),)
        traced.graph.eliminate_dead_code()
        traced.recompile()
        self.body, self.mean, self.std = traced, victim.mean, victim.std

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        return self.body((images - self.mean) / self.std)  # type: ignore[no-any-return]


class MapGoal:
    """Share of energy between one picture's maps and those read off, mean over the levels, plus total variation."""

    def __init__(self, victim: Victim, levels: list[Level], picture: int) -> None:
        chosen = levels[-DEEPEST:]
        self.maps_of = MapsOf(victim, [x.node for x in chosen])
        self.maps = [x.maps[picture : picture + 1].to(victim.mean) for x in chosen]
        self.energy = [m.square().sum() for m in self.maps]

    def evaluate(self, images: Tensor, smoothing: float) -> Evaluation:
        x = images.detach().requires_grad_()
        loss = self.distance(x)
        (gradient,) = torch.autograd.grad(loss, x)
        loss = loss.detach()
        if not smoothing:
            return Evaluation(loss, {"maps": loss}, gradient)
        variation, pull = total_variation(images)
        total = loss + smoothing * variation
        return Evaluation(total, {"maps": loss, "tv": smoothing * variation}, gradient + smoothing * pull)

    def smoothed(self, smoothing: float) -> Callable[[list[Tensor]], Evaluation]:
        return lambda variables: self.evaluate(variables[0], smoothing)

    def distance(self, x: Tensor) -> Tensor:
        own = self.maps_of(x)
        parts = [(a - b).square().sum() / e for a, b, e in zip(own, self.maps, self.energy, strict=True)]
        return torch.stack(parts).mean()


def descend(goal: MapGoal, x: Tensor, steps: int, inner: int) -> Iterator[OnItsWay]:
    """From ``x`` (1,C,H,W) down, at most ``steps`` outer steps of ``inner`` iterations; ends once it has arrived."""
    done = 0
    for smoothing, share in PHASES:
        last = smoothing == 0
        count = steps - done if last else int(share * steps)
        if not count:
            continue
        frames = minimise(
            goal.smoothed(smoothing), [x], steps=count, inner=inner,
            line_search=True, done_below=FLOOR if last else 0.0, patience=8 if last else 0,
        )  # fmt: skip
        for frame in frames:
            x = frame.images
            if frame.iteration:
                yield OnItsWay(x, frame.terms["maps"], done + frame.iteration)
        done += count


def smooth_noise(shape: tuple[int, ...], seed: int, like: Tensor) -> Tensor:
    """(1,C,H,W) in [0,1], around grey."""
    channels, height, width = shape
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randn(1, channels, max(2, height // COARSE), max(2, width // COARSE), generator=generator)
    noise = F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)
    return (0.5 + 0.15 * noise).clamp(0, 1).to(like)
