"""Matching without the largest gradients: a layer's weight gradient kept as its two factors.

A convolution y = W u + b of the columns u of U (K,P) has dL/dW = D U^T with D = dL/dy (C,P). Where there are few
positions P, as in a network's deep layers for one small picture, the factors are far smaller than their product, and
the cosine needs no more than they give (the "ghost norm" of private training: Goodfellow 2015; Bu et al. 2022):

    <D U^T, T> = <D, T U>        |D U^T|^2 = <D^T D, U^T U>

So dL/dW is never written, and one pass over the weights falls away.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import Function

from gi_core.models.base import Victim
from gi_core.models.batchnorm import statistics_kept
from gi_core.objectives import Distance, Tensors
from gi_core.observation import Observation

CHANNELS_PER_POSITION = 4
"""A layer with fewer output channels per position gains nothing: its factors are as large as the product."""
WEIGHTS = 100_000
"""Smaller gradients are written sooner than their factors are multiplied."""


POINTWISE = (0, 0), (1, 1), (1, 1), 1
"""Padding, stride, dilation and groups that make a convolution a matrix product."""


class Packed:
    """A constant matrix (C,K), laid out once for products with (K,P).

    A plain product lays its matrix out anew each time: over ResNet-18's deep layers at one picture, reading the layout
    that oneDNN asks for took 0.45 to 0.9 of its time. Without oneDNN, or in another precision, the product stays plain.
    """

    def __init__(self, matrix: Tensor, positions: int) -> None:
        self.matrix, self.in_layout = matrix, torch.backends.mkldnn.is_available() and matrix.dtype == torch.float32
        if self.in_layout:
            kernel, size = matrix[:, :, None, None].to_mkldnn(), (1, matrix.shape[1], 1, positions)
            self.matrix = torch.ops.aten.mkldnn_reorder_conv2d_weight(kernel, *POINTWISE, size)

    def __matmul__(self, columns: Tensor) -> Tensor:
        if not self.in_layout:
            return self.matrix @ columns
        maps = columns[None, :, None]
        return torch.ops.mkldnn._convolution_pointwise(maps, self.matrix, None, *POINTWISE, "none", [], "")[0, :, 0]


class Product(Function):
    """W @ columns for a constant W given both ways round."""

    @staticmethod
    def forward(ctx: Any, columns: Tensor, weight: Packed, transposed: Packed) -> Tensor:
        ctx.weights = transposed, weight
        return weight @ columns

    @staticmethod
    def backward(ctx: Any, *grad: Tensor) -> tuple[Tensor, None, None]:
        return Product.apply(grad[0], *ctx.weights), None, None


class Factored(nn.Module):
    """A convolution as one matrix product that remembers, call by call, its columns (K,P) and its outputs (C,P)."""

    def __init__(self, layer: nn.Conv2d, positions: int) -> None:
        super().__init__()
        self.layer = layer
        weight = layer.weight.detach().flatten(1)
        self.weight, self.transposed = Packed(weight, positions), Packed(weight.t(), positions)
        self.calls: list[tuple[Tensor, Tensor]] = []

    def forward(self, x: Tensor) -> Tensor:
        layer, padding = self.layer, self.layer.padding
        assert not isinstance(padding, str)
        sizes = zip(x.shape[2:], layer.kernel_size, padding, layer.stride, strict=True)
        height, width = ((side + 2 * pad - kernel) // stride + 1 for side, kernel, pad, stride in sizes)
        columns = F.unfold(x, layer.kernel_size, padding=padding, stride=layer.stride).movedim(0, 1).flatten(1)
        y = Product.apply(columns, self.weight, self.transposed)
        self.calls.append((columns, y))
        maps = y.view(-1, len(x), height, width).movedim(1, 0)
        return maps if layer.bias is None else maps + layer.bias.view(1, -1, 1, 1)


class FactoredClient:
    """The plain client, one gradient of the loss at w_0, in factors where they pay; and the cosine to what it sent.

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
        factored = {id(layer.layer.weight) for layer in self.layers}
        self.others = [p for p in self.victim.parameters() if id(p) not in factored]
        targets = dict(zip((n for n, _ in observation.victim.named_parameters()), observation.targets, strict=True))
        self.products = [targets.pop(f"{name}.weight").flatten(1) for name in positions]
        self.targets = list(targets.values())

    def simulate(self, images: Tensor, labels: Tensor) -> list[Tensor]:
        """Columns U of each factored layer, then the D of each, then the gradients of all other parameters."""
        for layer in self.layers:
            layer.calls.clear()
        with statistics_kept(self.victim):
            loss = self.victim.loss(images, labels)
        columns, outputs = zip(*(layer.calls[0] for layer in self.layers), strict=True)
        found = torch.autograd.grad(loss, (*outputs, *self.others), create_graph=True, materialize_grads=True)
        return [*columns, *found]

    def cosine(self) -> Distance:
        """1 - <g,t> / (|g| |t|), for a guess as :meth:`simulate` gives it."""
        length = torch.linalg.vector_norm(torch.stack(torch._foreach_norm([*self.products, *self.targets])))
        length = length.clamp_min(1e-30)
        sizes, targets = list(zip(self.products, self.positions, strict=True)), [t / length for t in self.targets]
        products = [Packed(t / length, count) for t, count in sizes]
        transposed = [Packed(t.t() / length, count) for t, count in sizes]
        n = len(products)

        def distance(guess: Tensors) -> tuple[Tensor, Tensors, Tensor | float]:
            columns, deltas, plain = guess[:n], guess[n : 2 * n], guess[2 * n :]
            pulled = [t @ u for t, u in zip(products, columns, strict=True)]
            grams = [(d.t() @ d, u.t() @ u) for d, u in zip(deltas, columns, strict=True)]
            overlap = _inner([*deltas, *plain], [*pulled, *targets])
            size = (_inner(*zip(*grams, strict=True)) + _inner(plain, plain)).sqrt().clamp_min(1e-30)
            share = -overlap / size.square()
            # d(1 - cos) = -(d<g,t> + share d|g|^2 / 2) / |g|, with respect to U, to D, to the other gradients
            to_columns = [
                torch.addmm(t @ d, u, share * dd)
                for t, u, d, (dd, _) in zip(transposed, columns, deltas, grams, strict=True)
            ]
            to_deltas = [torch.addmm(p, d, share * uu) for p, d, (_, uu) in zip(pulled, deltas, grams, strict=True)]
            to_plain = [torch.addcmul(t, g, share) for t, g in zip(targets, plain, strict=True)]
            return 1 - overlap / size, [*to_columns, *to_deltas, *to_plain], -1 / size

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
