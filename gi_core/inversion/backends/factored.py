"""Matching without the largest gradients: a layer's weight gradient kept as its two factors.

A convolution y = W u + b of the windows u, rows of U (P,K), has dL/dW = D^T U with D = dL/dy (P,C). Where there are few
positions P, as in a network's deep layers for one small picture, the factors are far smaller than their product, and
the cosine needs no more than they give (the "ghost norm" of private training: Goodfellow 2015; Bu et al. 2022):

    <D^T U, T> = <D, U T^T>        |D^T U|^2 = <D D^T, U U^T>

So dL/dW need not be written, and one pass over the weights falls away. Other distances get it written, D^T U, and still
gain by the products with the weights.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from operator import itemgetter
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import Function

from gi_core.inversion.adaptation import distance_to
from gi_core.inversion.backends.base import Backend
from gi_core.inversion.objectives import Distance, Objective, Tensors
from gi_core.models.base import Victim
from gi_core.models.batchnorm import statistics_kept
from gi_core.observation import Observation

CHANNELS_PER_POSITION = 4
"""A layer with fewer output channels per position gains nothing: its factors are as large as the product."""
WEIGHTS = 100_000
"""Smaller gradients are written sooner than their factors are multiplied."""


class Packed:
    """Products of rows with a constant matrix (C,K), which is laid out once.

    A plain product lays its matrix out anew each time: over ResNet-18's deep layers at one picture, reading the layout
    that oneDNN asks for took 0.45 to 0.9 of its time. Without oneDNN, or in another precision, the product stays plain.
    """

    def __init__(self, matrix: Tensor, positions: int) -> None:
        self.matrix, self.in_layout = matrix, torch.backends.mkldnn.is_available() and matrix.dtype == torch.float32
        if self.in_layout:
            self.matrix = torch.ops.mkldnn._reorder_linear_weight(matrix.contiguous(), positions)

    def __call__(self, rows: Tensor) -> Tensor:
        """(P,K) -> (P,C)."""
        if not self.in_layout:
            return rows @ self.matrix.t()
        return torch.ops.mkldnn._linear_pointwise(rows.contiguous(), self.matrix, None, "none", [], "")


class Product(Function):
    """Rows times the transpose of a constant W, given both ways round."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Packed, transposed: Packed) -> Tensor:
        ctx.weights = transposed, weight
        return weight(rows)

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> tuple[Tensor, None, None]:
        return Product.apply(grad[0], *ctx.weights), None, None


@dataclass(frozen=True)
class Geometry:
    """How windows lie on maps of shape (B,H,W,C)."""

    shape: torch.Size
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]

    def over(self, padded: Tensor) -> Tensor:
        """A view of the padded maps as windows (B,h,w,kh,kw,C)."""
        (kh, kw), (down, right) = self.kernel, self.stride
        return padded.unfold(1, kh, down).unfold(2, kw, right).permute(0, 1, 2, 4, 5, 3)


class Windows(Function):
    """Maps (B,H,W,C) to windows (B,h,w,kh,kw,C). Channels come last, so that whole runs of memory are copied."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, geometry: Geometry) -> Tensor:
        ctx.geometry = geometry
        y, x = geometry.padding
        return geometry.over(F.pad(maps, (0, 0, x, x, y, y))).contiguous()

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> tuple[Tensor, None]:
        return Overlaps.apply(grad[0], ctx.geometry), None


class Overlaps(Function):
    """Windows added up into maps: the transpose of :class:`Windows`."""

    @staticmethod
    def forward(ctx: Any, windows: Tensor, geometry: Geometry) -> Tensor:
        ctx.geometry = geometry
        (batch, height, width, channels), (y, x) = geometry.shape, geometry.padding
        padded = windows.new_zeros(batch, height + 2 * y, width + 2 * x, channels)
        view = geometry.over(padded)
        for i, j in product(*map(range, geometry.kernel)):
            view[:, :, :, i, j] += windows[:, :, :, i, j]
        return padded[:, y : y + height, x : x + width]

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> tuple[Tensor, None]:
        return Windows.apply(grad[0], ctx.geometry), None


class Factored(nn.Module):
    """A convolution as one matrix product that remembers, call by call, its windows (P,K) and its outputs (P,C)."""

    def __init__(self, layer: nn.Conv2d, positions: int) -> None:
        super().__init__()
        self.layer = layer
        weight = as_matrix(layer.weight.detach())
        self.weight, self.transposed = Packed(weight, positions), Packed(weight.t(), positions)
        self.calls: list[tuple[Tensor, Tensor]] = []

    def forward(self, x: Tensor) -> Tensor:
        layer, maps, padding = self.layer, x.movedim(1, 3), self.layer.padding
        assert not isinstance(padding, str)
        windows = Windows.apply(maps, Geometry(maps.shape, layer.kernel_size, layer.stride, padding))
        rows = windows.flatten(3).flatten(0, 2)
        y = Product.apply(rows, self.weight, self.transposed)
        self.calls.append((rows, y))
        maps = y.view(*windows.shape[:3], -1).movedim(3, 1)
        return maps if layer.bias is None else maps + layer.bias.view(1, -1, 1, 1)


def as_matrix(weight: Tensor) -> Tensor:
    """A convolution's (C_out,C_in,kh,kw) as (C_out,K), in the order of :class:`Windows`."""
    return weight.movedim(1, 3).flatten(1)


def as_weight(matrix: Tensor, shape: torch.Size) -> Tensor:
    """(C_out,K) as a convolution's weight of this shape."""
    c_out, c_in, height, width = shape
    return matrix.view(c_out, height, width, c_in).movedim(3, 1)


def factored(observation: Observation, objective: Objective, positions: dict[str, int]) -> Backend:
    """The layers of ``positions`` (:func:`few_positions`) in factors; the cosine needs no more than those."""
    client = FactoredClient(observation, positions)
    if objective.name == "cosine" and not observation.defense:
        return Backend(client.simulate, client.cosine(), client.victim)
    return Backend(client.gradient, distance_to(observation, objective), client.victim)


class FactoredClient:
    """The plain client, one gradient of the loss at w_0, by factors where they pay; and the cosine to what it sent.

    Args:
        observation: what the attacker sees.
        positions: of the layers to factor, by name (:func:`few_positions`).
    """

    def __init__(self, observation: Observation, positions: dict[str, int]) -> None:
        self.victim = copy.deepcopy(observation.victim)
        self.layers: list[Factored] = []
        self.positions = list(positions.values())
        for name, count in positions.items():
            layer = self.victim.get_submodule(name)
            assert isinstance(layer, nn.Conv2d)
            self.layers.append(Factored(layer, count))
            parent, _, child = name.rpartition(".")
            setattr(self.victim.get_submodule(parent), child, self.layers[-1])
        names = [name for name, _ in observation.victim.named_parameters()]
        deep = [names.index(f"{name}.weight") for name in positions]
        rest = [i for i in range(len(names)) if i not in deep]
        self.places = [*deep, *rest]
        factored = {id(layer.layer.weight) for layer in self.layers}
        self.others = [p for p in self.victim.parameters() if id(p) not in factored]
        self.products = [as_matrix(observation.targets[i]) for i in deep]
        self.targets = [observation.targets[i] for i in rest]

    def gradient(self, images: Tensor, labels: Tensor) -> list[Tensor]:
        """The gradients of all parameters, written out, in their order."""
        parts, n = self.simulate(images, labels), len(self.layers)
        written = [
            as_weight(d.t() @ u, layer.layer.weight.shape)
            for u, d, layer in zip(parts[:n], parts[n : 2 * n], self.layers, strict=True)
        ]
        return [g for _, g in sorted(zip(self.places, [*written, *parts[2 * n :]], strict=True), key=itemgetter(0))]

    def simulate(self, images: Tensor, labels: Tensor) -> list[Tensor]:
        """Windows U of each factored layer, then the D of each, then the gradients of all other parameters."""
        for layer in self.layers:
            layer.calls.clear()
        with statistics_kept(self.victim):
            loss = self.victim.loss(images, labels)
        windows, outputs = zip(*(layer.calls[0] for layer in self.layers), strict=True)
        found = torch.autograd.grad(loss, (*outputs, *self.others), create_graph=True, materialize_grads=True)
        return [*windows, *found]

    def cosine(self) -> Distance:
        """1 - <g,t> / (|g| |t|), for a guess as :meth:`simulate` gives it."""
        length = torch.linalg.vector_norm(torch.stack(torch._foreach_norm([*self.products, *self.targets])))
        length = length.clamp_min(1e-30)
        sizes, targets = list(zip(self.products, self.positions, strict=True)), [t / length for t in self.targets]
        products = [Packed(t / length, count) for t, count in sizes]
        transposed = [Packed(t.t() / length, count) for t, count in sizes]
        n = len(products)

        def distance(guess: Tensors) -> tuple[Tensor, Tensors, Tensor | float]:
            windows, deltas, plain = guess[:n], guess[n : 2 * n], guess[2 * n :]
            pulled = [t(u) for t, u in zip(products, windows, strict=True)]
            grams = [(d @ d.t(), u @ u.t()) for d, u in zip(deltas, windows, strict=True)]
            overlap = _inner([*deltas, *plain], [*pulled, *targets])
            size = (_inner(*zip(*grams, strict=True)) + _inner(plain, plain)).sqrt().clamp_min(1e-30)
            share = -overlap / size.square()
            # d(1 - cos) = -(d<g,t> + share d|g|^2 / 2) / |g|, with respect to U, to D, to the other gradients
            to_windows = [
                torch.addmm(t(d), share * dd, u)
                for t, u, d, (dd, _) in zip(transposed, windows, deltas, grams, strict=True)
            ]
            to_deltas = [torch.addmm(p, share * uu, d) for p, d, (_, uu) in zip(pulled, deltas, grams, strict=True)]
            to_plain = [torch.addcmul(t, g, share) for t, g in zip(targets, plain, strict=True)]
            return 1 - overlap / size, [*to_windows, *to_deltas, *to_plain], -1 / size

        return distance


def _inner(a: Tensors, b: Tensors) -> Tensor:
    return torch.stack([torch.dot(s.reshape(-1), t.reshape(-1)) for s, t in zip(a, b, strict=True)]).sum()


def few_positions(victim: Victim, batch_size: int) -> dict[str, int]:
    """Positions by name of the convolutions that pay when factored: called once, wide for their positions."""
    plain = {
        name: m for name, m in victim.named_modules()
        if type(m) is nn.Conv2d and m.groups == 1 and m.dilation == (1, 1) and m.padding_mode == "zeros"
        and not isinstance(m.padding, str)
    }  # fmt: skip
    positions: dict[str, list[int]] = {name: [] for name in plain}

    def note(name: str) -> Callable[..., None]:
        return lambda layer, _, y: positions[name].append(y.numel() // layer.out_channels)

    hooks = [m.register_forward_hook(note(name)) for name, m in plain.items()]
    with torch.no_grad(), statistics_kept(victim):
        victim(victim.mean.new_zeros(batch_size, *victim.image_shape))
    for hook in hooks:
        hook.remove()
    return {
        name: calls[0]
        for name, calls in positions.items()
        if len(calls) == 1
        and plain[name].weight.numel() >= WEIGHTS
        and CHANNELS_PER_POSITION * calls[0] <= plain[name].out_channels
    }
