"""From an update to each picture's activations deep inside the network: maps, labels, scale, then layer by layer down.

The steps: all maps of one layer together (``map_gram``), one by one (``extreme_rays``), their labels and scale
(``map_scale``), and the layers below them (``peeling``). None of them guesses at a picture, and each has a check that
needs no truth: the number of eigenvalues 1, rays as many as pictures, the head's gradient explained, each layer's
gradient explained.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, fx, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gi_core import cancellation
from gi_core.inversion.extreme_rays import extreme_rays
from gi_core.inversion.map_gram import allowed_maps
from gi_core.inversion.map_scale import Head, Scales, scales
from gi_core.inversion.peeling import KeepingValues, Level, Network, Peeling, is_sum, slope, window_of
from gi_core.observation import Observation

LARGEST = 5000
"""Unknowns of the eigenproblem at most: a matrix of 200 MB."""
EXPLAINED = 2e-5
"""Share of a layer's gradient that may be left unexplained, for each equation to spare."""
CONDITION = 1e5
"""Of a layer's equations, at most: single precision ends there."""
PROPORTIONAL = 1e-10
"""Share of features that may not grow with the map, for a network to count as one without biases."""
TYPICAL = 4
"""Random pictures from which a map's usual size is taken."""


@dataclass
class MapReading:
    """What the update says of each picture's activations.

    Attributes:
        labels: (B,); levels: solved layers, from above to below, the one that was begun with first.
        scales: how far the head's gradient is explained; layer: the convolution whose maps were begun with.
        eigenvalues: the largest of its matrix.
    """

    labels: Tensor
    levels: list[Level]
    scales: Scales
    layer: str
    eigenvalues: list[float] = field(default_factory=list)

    def report(self) -> dict[str, object]:
        """Plain data."""
        return {
            "layer": self.layer,
            "eigenvalues": self.eigenvalues,
            "head_unexplained": self.scales.misfit,
            "levels": [
                {"layer": x.node, "unexplained": x.residual, "condition": x.condition, "equations": x.equations,
                 "unknowns": x.unknowns}
                for x in self.levels
            ],
        }  # fmt: skip


def read(observation: Observation, seed: int) -> MapReading | None:
    """The maps; None where no layer of the victim gives them all.

    That is so in training mode, for bodies that ``torch.fx`` cannot trace, for batches with more positions than a layer
    has rows, and for updates of several steps, with noise or with holes.
    """
    victim = copy.deepcopy(observation.victim).double().cpu()
    if any(isinstance(m, _BatchNorm) and m.training for m in victim.modules()):
        return None
    if not isinstance(victim.head, nn.Linear):
        return None
    for module in victim.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    for parameter in victim.parameters():
        parameter.requires_grad_(False)
    names = [n.removeprefix("body.") for n, _ in victim.named_parameters()]
    gradients = dict(zip(names, (t.detach().double().cpu() for t in observation.targets), strict=True))
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.rand(TYPICAL, *observation.image_shape, generator=generator).double()
    try:
        network = Network.of(victim.body, gradients, (pictures[:1] - victim.mean) / victim.std)
    except (fx.proxy.TraceError, TypeError, ValueError, RuntimeError, AttributeError):
        return None
    reader = MapReader(network, victim.head, observation.batch_size, victim.label_smoothing)
    with torch.no_grad():
        KeepingValues(network.graph, reader.typical).run((pictures - victim.mean) / victim.std)
    return next((r for c in reader.candidates() if (r := reader.begin(c, seed)) is not None), None)


def proportional(
    features: Callable[[Tensor], Tensor], usual: float, pictures: int
) -> Callable[[Tensor], Tensor] | None:
    """sizes (B,) -> features (B,d) without the network, where features grow as sizes do: biases and means are zero."""
    sizes = torch.full((pictures,), usual).double()
    one, four = features(sizes), features(4 * sizes)
    if float((four - 4 * one).norm()) > PROPORTIONAL * float(four.norm()):
        return None
    return lambda s: one * (s / usual)[:, None]


class MapReader:
    """The steps, from one convolution on. typical: node name -> its value for random pictures."""

    def __init__(self, network: Network, head: nn.Linear, pictures: int, smoothing: float) -> None:
        self.network, self.pictures = network, pictures
        self.typical: dict[str, Tensor] = {}
        bias = torch.zeros(head.out_features).double() if head.bias is None else head.bias
        db = network.gradients.get("head.bias")
        self.head = Head(
            head.weight, bias, network.gradients["head.weight"] * pictures, None if db is None else db * pictures,
            smoothing,
        )  # fmt: skip

    def candidates(self) -> list[fx.Node]:
        """Convolutions whose gradient may give all their maps, the smallest problem first, the nearest to the head."""
        fitting = []
        for number, node in enumerate(self.network.convolutions()):
            conv = self.network.module(node)
            assert isinstance(conv, nn.Conv2d)
            shape = self.network.shapes[node.all_input_nodes[0].name]
            if max(conv.stride) > 1 or min(conv.kernel_size) < 2 or self.start_of(node) is None:
                continue
            patches = len(window_of(conv, shape).held)
            rank = patches * self.pictures
            if rank < min(conv.out_channels, conv.weight[0].numel()) and patches * rank <= LARGEST:
                fitting.append((patches * rank, not self.network.is_cut(node.all_input_nodes[0]), -number, node))
        return [node for *_, node in sorted(fitting, key=lambda f: f[:3])]

    def start_of(self, conv: fx.Node) -> fx.Node | None:
        """Where the way down may begin: at the convolution's input, if all depends on the picture through it, or at the
        sum that its output goes into, likewise."""
        below = conv.all_input_nodes[0]
        if self.network.is_cut(below):
            return below
        above = self.sum_above(conv)
        return above if self.network.is_cut(above) and above is not conv else None

    def sum_above(self, conv: fx.Node) -> fx.Node:
        node = conv
        while len(node.users) == 1:
            user = next(iter(node.users))
            linear = isinstance(self.network.module(user), _BatchNorm) or is_sum(user)
            if not linear:
                break
            node = user
        return node

    def begin(self, conv: fx.Node, seed: int) -> MapReading | None:
        """The reading that begins with this convolution, or None where a check fails."""
        module, below = self.network.module(conv), conv.all_input_nodes[0]
        assert isinstance(module, nn.Conv2d)
        shape = self.network.shapes[below.name]
        gradient = self.network.gradients[f"{conv.target}.weight"]
        family = allowed_maps(gradient.flatten(1).numpy(), window_of(module, shape), self.pictures)
        rays = None if family is None else extreme_rays(family.basis, seed)
        if family is None or rays is None:
            return None
        maps = torch.from_numpy(rays.T.copy()).view(self.pictures, *shape)
        found = self.sized(below, maps) if self.network.is_cut(below) else self.from_sum(conv, maps)
        if found is None:
            return None
        node, maps, scale = found
        levels = [Level(node.name, maps, 0.0, 1.0, *gradient.flatten(1).shape)]
        for level in self.down(node, maps, scale):
            if level.misfit > EXPLAINED or level.condition > CONDITION:
                break
            levels.append(level)
        return MapReading(scale.labels, levels, scale, str(conv.target), family.eigenvalues.tolist())

    def sized(self, node: fx.Node, maps: Tensor) -> tuple[fx.Node, Tensor, Scales] | None:
        """Maps at a cut node, of their true size."""
        norms = maps.flatten(1).norm(dim=1)
        maps = maps / norms.view(-1, 1, 1, 1)
        usual = float(self.typical[node.name].flatten(1).norm(dim=1).median())

        def features(sizes: Tensor) -> Tensor:
            cancellation.check()
            return self.network.above(node, maps * sizes.view(-1, 1, 1, 1))

        with torch.no_grad():
            quick = proportional(features, usual, self.pictures)
            scale = scales(self.head, quick or features, usual, self.pictures)
        return None if scale is None else (node, maps * scale.sizes.view(-1, 1, 1, 1), scale)

    def from_sum(self, conv: fx.Node, maps: Tensor) -> tuple[fx.Node, Tensor, Scales] | None:
        """From the derivative at a convolution's output, dW U^+, in units of the maps, to the first cut node below."""
        module = self.network.module(conv)
        assert isinstance(module, nn.Conv2d)
        window = {"kernel_size": module.kernel_size, "padding": module.padding, "stride": module.stride}
        columns = nn.functional.unfold(maps, **window).transpose(1, 2).flatten(0, 1)  # type: ignore[arg-type]
        delta = self.network.gradients[f"{conv.target}.weight"].flatten(1) @ torch.linalg.pinv(columns)
        side = self.network.shapes[conv.name][1:]
        delta = delta.view(len(delta), self.pictures, *side).transpose(0, 1)
        node = conv
        while node is not self.sum_above(conv):
            node = next(iter(node.users))
            batchnorm = self.network.module(node)
            delta = delta / slope(batchnorm).view(-1, 1, 1) if isinstance(batchnorm, _BatchNorm) else delta
        for level in Peeling(self.network, node, None, delta, {conv.all_input_nodes[0]: maps}).run():
            below = next(n for n in self.network.graph.graph.nodes if n.name == level.node)
            if level.misfit > EXPLAINED:
                return None
            if self.network.is_cut(below):
                return self.sized(below, level.maps)
        return None

    def down(self, node: fx.Node, maps: Tensor, scale: Scales) -> Iterator[Level]:
        leaf = maps.clone().requires_grad_()
        features = self.network.above(node, leaf)
        errors = self.head.errors(features.detach(), scale.labels) * (scale.factor / self.pictures)
        (derivative,) = torch.autograd.grad((features * (errors @ self.head.weight)).sum(), leaf)
        with torch.no_grad():
            yield from Peeling(self.network, node, maps, derivative).run()
