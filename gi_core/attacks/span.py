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
from gi_core.inversion.map_descent import MapGoal, OnItsWay, descend, smooth_noise
from gi_core.inversion.map_reading import MapReading, read
from gi_core.inversion.row_space import Layer, MapSpace, RowSpace, map_space, row_spaces, spanning_layers, watched
from gi_core.models.batchnorm import statistics_kept
from gi_core.observation import Observation
from gi_core.priors.tv import total_variation
from gi_core.seeds import restart_seed

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
    """Read each picture's activations off the gradient, layer by layer, and look for the picture that has them.

    Ours. Where a layer's gradient gives all its maps (``inversion.map_reading``: networks of convolutions, BatchNorm in
    inference mode, ReLU and sums, with fewer positions times pictures than rows), labels, scale and the layers below
    follow by linear algebra, and each picture is found alone, from maps near it; a picture whose maps agree is the one
    that was sent, and the report says which do. Elsewhere the objective is the share of the activations' energy outside
    the row space (``inversion.row_space``), plus the direction of the head's gradient, plus total variation.
    """

    assumes: ClassVar[str] = (
        "One gradient step, and a layer in which pictures times positions are fewer than its channels."
    )
    fails: ClassVar[str] = (
        "Noise, pruning and quantising, several local steps, BatchNorm in training mode, and batches with more"
        " positions than channels."
    )
    defend: ClassVar[str] = "Aggregate over more pictures than the narrowest stage can separate, or add noise."

    steps: int = option(60, "outer steps per restart, of five L-BFGS iterations each", low=2, high=100_000)
    init: str = option("grey", "starting point: randn, rand, grey (with a trace of noise), or an attack")
    tv: float = option(0.1, "weight of total variation in the first half", low=0, high=1e3)
    head: float = option(0.1, "weight of the head's gradient", low=0, high=1e3)
    apart: float = option(0.03, "weight that keeps the pictures of a batch apart", low=0, high=1e3)

    tries: int = option(3, "starts of a picture whose maps were read, until its own agree", low=1, high=64)

    @property
    def iterations(self) -> int:
        return max(self.restarts, self.tries) * (self.steps + 1)

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        reading = read(observation, seed)
        known = observation.labels
        if reading is None or (known is not None and known.sort().values.tolist() != sorted(reading.labels.tolist())):
            yield from super().run(observation, seed)
        else:
            yield from self.by_maps(observation, reading, seed)

    def by_maps(self, observation: Observation, reading: MapReading, seed: int) -> Iterator[Frame]:
        """All pictures side by side, each from its own maps; those that do not agree in the end start anew."""
        victim, count = observation.victim, observation.batch_size
        goals = [MapGoal(victim, reading.levels, i) for i in range(count)]
        x = self.beginning(observation, seed) if count == 1 else start("grey", observation, seed)
        found = [OnItsWay(x[i : i + 1], victim.mean.new_tensor(1.0), 0) for i in range(count)]
        done = 0
        for attempt in range(self.tries):
            ways = {i: self.way(goals[i], found[i], attempt, seed + i) for i in range(count) if not found[i].consistent}
            while ways:
                for i in list(ways):
                    now = next(ways[i], None)
                    if now is None:
                        del ways[i]
                    elif not attempt or now.loss < found[i].loss:
                        found[i] = now
                yield self.frame(found, reading, done, attempt)
                done += 1

    def way(self, goal: MapGoal, found: OnItsWay, attempt: int, seed: int) -> Iterator[OnItsWay]:
        x = found.images
        if attempt:
            x = smooth_noise(tuple(x.shape[1:]), restart_seed(seed, attempt), x)
        return descend(goal, x, self.steps, INNER)

    def frame(self, found: list[OnItsWay], reading: MapReading, iteration: int, attempt: int) -> Frame:
        losses = torch.stack([f.loss for f in found])
        report = reading.report() | {
            "losses": losses.tolist(),
            "trusted": int(sum(f.consistent for f in found)),
            "trust": [f.consistent for f in found],
        }
        return Frame(
            iteration, torch.cat([f.images for f in found]), losses.mean(), {"maps": losses.mean()},
            labels=reading.labels.to(losses.device), restart=attempt, report=report,
        )  # fmt: skip

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
