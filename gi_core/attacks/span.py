"""Pictures whose activations lie where the gradient says they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from gi_core.attacks.base import Descent, IterativeAttack, Restart, attacks
from gi_core.attacks.start import start
from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.inversion.frame import Evaluation, Frame
from gi_core.inversion.labels import recover
from gi_core.inversion.lbfgs import minimise
from gi_core.inversion.row_space import Layer, MapSpace, RowSpace, map_space, row_spaces, spanning_layers, watched
from gi_core.models.batchnorm import statistics_kept
from gi_core.observation import Observation
from gi_core.priors.tv import total_variation

INNER = 5
"""L-BFGS iterations between two frames."""
PATIENCE = 12
"""Outer steps after which a descent that did not halve its loss ends."""
TRACE = 0.05
"""Noise on a grey start, in normalised pixels: two pictures that start alike would stay alike."""
LAST = 0.01
"""Share of the smoothing that is left in the second half, where the spans alone can finish."""


@attacks.register("span")
@dataclass(frozen=True, kw_only=True)
class Span(IterativeAttack):
    """Read off the gradient where a layer's inputs lie, and look for the picture whose activations lie there.

    Ours. The row space of a layer with fewer positions than channels is the span of its inputs
    (``inversion.row_space``). The objective is the share of the activations' energy outside it, plus the direction of
    the head's gradient, which follows from logits and features and fixes the scale, plus total variation. It takes
    the victim's forward and one backward to the picture, where gradient matching differentiates a gradient; it is
    zero at the truth, and L-BFGS with a line search finds it. Layers used: up to the first whose maps the gradient
    determines, or all of them.
    """

    assumes: ClassVar[str] = (
        "One gradient step, and a layer in which pictures times positions are fewer than its channels."
    )
    fails: ClassVar[str] = (
        "Noise as strong as the gradient's small singular values, pruning and quantising, several local steps, and"
        " batches with more positions than channels."
    )
    defend: ClassVar[str] = "Aggregate over more pictures than the narrowest stage can separate, or add noise."

    steps: int = option(60, "outer steps per restart, of five L-BFGS iterations each", low=2, high=100_000)
    init: str = option("grey", "starting point: randn, rand, grey (with a trace of noise), or an attack")
    tv: float = option(0.1, "weight of total variation in the first half", low=0, high=1e3)
    head: float = option(0.1, "weight of the head's gradient", low=0, high=1e3)
    apart: float = option(0.03, "weight that keeps the pictures of a batch apart", low=0, high=1e3)

    def descent(self, observation: Observation, seed: int) -> Descent:
        spaces = informative(observation, seed)
        labels = recover(observation)

        def down(restart: Restart) -> Iterator[Frame]:
            x, done = self.beginning(observation, restart.seed), 0
            goal = SpanObjective(observation, labels, spaces, x, self)
            half = self.steps // 2
            for smoothing, steps in ((self.tv, half), (LAST * self.tv, self.steps - half - 1)):
                for frame in minimise(
                    goal.smoothed(smoothing), [x], steps=steps, inner=INNER, line_search=True, patience=PATIENCE
                ):
                    frame.iteration += done
                    frame.labels, frame.report = labels, {"layers": [s.layer for s in spaces]}
                    yield frame
                x, done = frame.images, frame.iteration + 1

        return down

    def beginning(self, observation: Observation, seed: int) -> Tensor:
        x = start(self.init, observation, seed)
        if self.init != "grey":
            return x
        trace = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed)).to(x)
        return x + TRACE * observation.victim.std * trace


class SpanObjective:
    """The objective, each part but the smoothing as a share of what it is at the start.

    Args:
        labels: (B,) class indices.
        spaces: where activations lie, in the order of the layers.
        x: (B,C,H,W) in [0,1], the start.
    """

    def __init__(
        self, observation: Observation, labels: Tensor, spaces: list[RowSpace | MapSpace], x: Tensor, weights: Span
    ) -> None:
        self.victim, self.labels, self.spaces, self.weights = observation.victim, labels, spaces, weights
        self.layers = spanning_layers(self.victim)
        name = next(n for n, m in self.victim.named_modules() if m is self.victim.head)
        tensors = dict(zip((n for n, _ in self.victim.named_parameters()), observation.targets, strict=True))
        self.head_name = name
        self.head = [tensors[n].flatten() for n in (f"{name}.weight", f"{name}.bias") if n in tensors]
        with torch.no_grad():
            outside, head, _ = self.parts(x)
        self.outside_at_start, self.head_at_start = outside.clamp_min(1e-12), head.clamp_min(1e-12)

    def smoothed(self, smoothing: float) -> Callable[[list[Tensor]], Evaluation]:
        return lambda variables: self.evaluate(variables[0], smoothing)

    def evaluate(self, images: Tensor, smoothing: float) -> Evaluation:
        """At ``images`` (B,C,H,W); ``smoothing``: weight of total variation, in normalised pixels."""
        x = images.detach().requires_grad_()
        outside, head, alike = self.parts(x)
        span, head = (outside / self.outside_at_start).mean(), head / self.head_at_start
        loss = span + self.weights.head * head + self.weights.apart * alike
        (gradient,) = torch.autograd.grad(loss, x)
        variation, pull = total_variation(images / self.victim.std)
        terms = {"span": span.detach(), "head": head.detach(), "tv": smoothing * variation}
        return Evaluation(loss.detach() + terms["tv"], terms, gradient + smoothing * pull / self.victim.std)

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Shares outside each space (S,), distance to the head's gradient, and how alike the pictures are, 0-dim."""
        with watched(self.victim, self.layers) as calls, statistics_kept(self.victim):
            logits = self.victim(x)
        inputs = {name: call[0][0] for name, call in calls.items()}
        outside = torch.stack([s.outside(self.layers[s.layer], inputs[s.layer]) for s in self.spaces])
        errors = (logits.softmax(1) - nn.functional.one_hot(self.labels, logits.shape[1])) / len(x)
        guess = [(errors.t() @ inputs[self.head_name]).flatten(), errors.sum(0)][: len(self.head)]
        return outside, 1 - cosine(guess, self.head), likeness(self.spaces, inputs)


def informative(observation: Observation, seed: int) -> list[RowSpace | MapSpace]:
    """The spaces up to the first convolution whose maps they determine, which replace its columns; or all.

    Raises:
        BadInput: no layer's gradient says where its inputs lie, or the victim is no classifier with a linear head.
    """
    layers, victim = spanning_layers(observation.victim), observation.victim
    found = row_spaces(observation, seed)
    with torch.no_grad(), watched(victim, layers) as calls, statistics_kept(victim):
        victim(victim.mean.new_zeros(observation.batch_size, *observation.image_shape))
    spaces: list[RowSpace | MapSpace] = []
    for space in found:
        layer: Layer = layers[space.layer]
        if isinstance(layer, nn.Conv2d) and max(layer.kernel_size) > 1 and max(layer.stride) == 1:
            shape = calls[space.layer][0][0].shape[1:]
            maps = map_space(space, layer, shape, observation.batch_size)
            if maps is not None:
                return [*spaces, maps]
        spaces.append(space)
    if not spaces:
        raise BadInput(
            f"span needs a layer with fewer positions than channels, and no layer of the victim has that at"
            f" batch_size={observation.batch_size}: use a smaller batch, or another attack"
        )
    return spaces


def cosine(a: list[Tensor], b: list[Tensor]) -> Tensor:
    return nn.functional.cosine_similarity(torch.cat(a), torch.cat(b), dim=0)


def likeness(spaces: list[RowSpace | MapSpace], inputs: dict[str, Tensor]) -> Tensor:
    """-log det of the cosines between the pictures' places in the map space: infinite where two are the same."""
    last = spaces[-1]
    if not isinstance(last, MapSpace) or last.basis.shape[1] == 1:
        return last.basis.new_zeros(())
    places = nn.functional.normalize(last.places(inputs[last.layer]), dim=1)
    return -torch.logdet(places @ places.t() + 1e-6 * torch.eye(len(places)).to(places))
