"""A victim that is a chain of layers, each a matrix on columns, and its transpose the same.

A convolution multiplies the columns of its windows; channels lie last in them, so that a window's rows are copied
whole. Its transpose is a convolution too, one per residue of the stride (sub-pixel convolution, Shi et al. 2016):
nothing is scattered. At LeNet's sizes that takes half the time of unfold and fold.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gi_core.models.base import Victim


@dataclass(frozen=True)
class Activation:
    """s, and s' and s'' / s' as functions of the output s."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    bend: Callable[[Tensor], Tensor | float]


ACTIVATIONS: dict[type[nn.Module], Activation] = {
    nn.Identity: Activation(lambda z: z, torch.ones_like, lambda s: 0.0),
    nn.ReLU: Activation(torch.relu, lambda s: (s > 0).to(s.dtype), lambda s: 0.0),
    nn.Sigmoid: Activation(torch.sigmoid, lambda s: s * (1 - s), lambda s: 1 - 2 * s),
    nn.Tanh: Activation(torch.tanh, lambda s: 1 - s * s, lambda s: -2 * s),
}


class Layer(ABC):
    """A linear map of R guesses at B pictures: a matrix (O,K) on P columns for each picture.

    Maps are matrices, channels by positions: (R,C,B H W) go in, (R,O,B h w) come out.

    Attributes: weight (O,K); transposed, the same turned; bias (O,1), or 0-dim zero where there is none; inputs
    (C,H,W) and outputs (O,h,w).
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.weight = self.matrix(weight.detach())
        self.transposed = self.turn(self.weight)
        self.has_bias = bias is not None
        self.bias = self.weight.new_zeros(()) if bias is None else bias.detach()[:, None]

    @abstractmethod
    def matrix(self, weight: Tensor) -> Tensor:
        """A parameter-shaped tensor as (O,K)."""

    @abstractmethod
    def columns(self, x: Tensor) -> Tensor:
        """(R,C,B H W) -> (R,B P,K); it may lie in memory that the next call writes anew."""

    @abstractmethod
    def turn(self, weight: Tensor, beyond: float = 0.0) -> Tensor:
        """(O,K) -> the matrix of the transposed map on :meth:`spread`, ``beyond`` where the kernel has no tap."""

    @abstractmethod
    def spread(self, y: Tensor) -> Tensor:
        """(R,O,B P) -> (R,B Q,M), the columns of the transposed map; as with ``columns``, till the next call."""

    @abstractmethod
    def pull(self, turned: Tensor, spread: Tensor, onto: Tensor | None = None) -> Tensor:
        """W^T y for turned matrices, one for all or one for each guess, added to ``onto``, before :meth:`assemble`."""

    @abstractmethod
    def assemble(self, pulled: Tensor) -> Tensor:
        """What :meth:`pull` gave -> (R,C,B H W)."""

    def push(self, weight: Tensor, columns: Tensor, onto: Tensor | None = None) -> Tensor:
        """W x for matrices (O,K), one for all or one for each guess, added to ``onto``: (R,O,B P)."""
        return _product(weight.expand(len(columns), -1, -1), columns.mT, onto)


class Dense(Layer):
    def matrix(self, weight: Tensor) -> Tensor:
        return weight

    def columns(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, prod(self.inputs[1:]))).movedim(2, 1).flatten(2)

    def turn(self, weight: Tensor, beyond: float = 0.0) -> Tensor:
        return weight

    def spread(self, y: Tensor) -> Tensor:
        return y.mT

    def pull(self, turned: Tensor, spread: Tensor, onto: Tensor | None = None) -> Tensor:
        return _product(spread, turned.expand(len(spread), -1, -1), onto)

    def assemble(self, pulled: Tensor) -> Tensor:
        return pulled.unflatten(-1, (self.inputs[0], -1)).movedim(1, 2).flatten(2)


class Convolution(Layer):
    def __init__(self, layer: nn.Conv2d, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> None:
        assert not isinstance(layer.padding, str)
        self.kernel, self.stride, padding = layer.kernel_size, layer.stride, layer.padding
        axes = [(k, s, p, n) for k, s, p, n in zip(self.kernel, self.stride, padding, inputs[1:], strict=True)]
        self.taps = [-(-k // s) for k, s, _, _ in axes]
        self.strides = [range(p // s, (n - 1 + p) // s + 1) for _, s, p, n in axes]
        self.edges = [p % s for _, s, p, _ in axes]
        borders = [(t - 1 - r.start, r.stop - n) for t, r, n in zip(self.taps, self.strides, outputs[1:], strict=True)]
        self._columns = Windows(inputs, [(p, p) for p in padding], self.kernel, self.stride)
        self._spread = Windows(outputs, borders, self.taps, (1, 1))
        super().__init__(layer.weight, layer.bias, inputs, outputs)

    def matrix(self, weight: Tensor) -> Tensor:
        return weight.movedim(1, -1).flatten(1)

    def columns(self, x: Tensor) -> Tensor:
        return self._columns(x)

    def turn(self, weight: Tensor, beyond: float = 0.0) -> Tensor:
        (high, wide), (down, across), (rows, cols) = self.kernel, self.stride, self.taps
        w = weight.unflatten(-1, (high, wide, self.inputs[0]))
        w = F.pad(w, (0, 0, 0, cols * across - wide, 0, rows * down - high), value=beyond)
        w = w.unflatten(2, (cols, across)).unflatten(1, (rows, down)).flip(1, 3)
        return w.permute(2, 4, 5, 1, 3, 0).flatten(3).flatten(0, 2)

    def spread(self, y: Tensor) -> Tensor:
        return self._spread(y)

    def pull(self, turned: Tensor, spread: Tensor, onto: Tensor | None = None) -> Tensor:
        return _product(turned.expand(len(spread), -1, -1), spread.mT, onto)

    def assemble(self, pulled: Tensor) -> Tensor:
        (channels, height, width), (down, across), (high, wide) = self.inputs, self.stride, self.edges
        x = pulled.unflatten(-1, (-1, *map(len, self.strides))).unflatten(1, (down, across, channels))
        x = x.permute(0, 3, 4, 5, 1, 6, 2).flatten(5).flatten(3, 4)
        return x[..., high : high + height, wide : wide + width].flatten(2)


class Windows:
    """Windows of maps with a border of zeros, one row each, (R,C,B H W) -> (R,B P,i j C).

    Border and rows keep their memory for the next call: fresh pages cost more than the copy.
    """

    def __init__(
        self, maps: tuple[int, ...], borders: Sequence[tuple[int, int]], kernel: Sequence[int], stride: Sequence[int]
    ) -> None:
        self.maps, self.borders, self.kernel, self.stride = maps, borders, kernel, stride
        self.inside = torch.empty(0)

    def __call__(self, x: Tensor) -> Tensor:
        x = x.unflatten(-1, (-1, *self.maps[1:]))
        if self.inside.shape != x.shape:
            self._lay_out(x)
        self.inside.copy_(x)
        self.copies.copy_(self.windows)
        return self.rows

    def _lay_out(self, x: Tensor) -> None:
        (guesses, channels, batch, height, width), ((top, bottom), (left, right)) = x.shape, self.borders
        padded = x.new_zeros(guesses, batch, top + height + bottom, left + width + right, channels)
        self.inside = padded[:, :, top : top + height, left : left + width].movedim(-1, 1)
        (high, wide), (down, across) = self.kernel, self.stride
        self.windows = padded.unfold(2, high, down).unfold(3, wide, across).movedim(4, -1)
        self.copies = self.windows.contiguous()
        self.rows = self.copies.flatten(4).flatten(1, 3)


def _product(a: Tensor, b: Tensor, onto: Tensor | None) -> Tensor:
    return torch.bmm(a, b) if onto is None else onto.baddbmm_(a, b)


Chain = list[tuple[Layer, Activation]]


def chain_of(victim: Victim) -> Chain | None:
    """The victim as layers and activations, the head last, or None where it is no such chain."""
    if type(victim) is not Victim or not isinstance(victim.body, nn.Sequential) or type(victim.head) is not nn.Linear:
        return None
    chain: Chain = []
    shape: tuple[int, ...] = victim.image_shape
    modules = [*victim.body, victim.head]
    with torch.no_grad():
        x = victim.mean.new_zeros(1, *shape)
        for module in modules:
            if isinstance(module, nn.Linear) and x.dim() != 2:
                return None
            x = module(x)
            outputs = (x.shape[1], 1, 1) if x.dim() == 2 else tuple(x.shape[1:])
            if type(module) is nn.Linear:
                chain.append((Dense(module.weight, module.bias, shape, outputs), ACTIVATIONS[nn.Identity]))
            elif isinstance(module, nn.Conv2d) and _is_plain(module):
                chain.append((Convolution(module, shape, outputs), ACTIVATIONS[nn.Identity]))
            elif type(module) in ACTIVATIONS and chain and chain[-1][1] is ACTIVATIONS[nn.Identity]:
                chain[-1] = chain[-1][0], ACTIVATIONS[type(module)]
            elif not (type(module) is nn.Flatten and module.start_dim == 1 and module.end_dim == -1):
                return None
            else:
                continue
            shape = outputs
    return chain


def _is_plain(layer: nn.Conv2d) -> bool:
    return (
        type(layer) is nn.Conv2d and layer.groups == 1 and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
        and all(p < k for p, k in zip(layer.padding, layer.kernel_size, strict=True))
    )  # fmt: skip
