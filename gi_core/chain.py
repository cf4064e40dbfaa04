"""A victim that is a chain of layers, each a matrix on columns, and its transpose the same.

A convolution multiplies the columns of its windows; channels lie last in them, so that a window's rows are copied
whole. Its transpose is a convolution too, one per residue of the stride (sub-pixel convolution, Shi et al. 2016):
nothing is scattered. At LeNet's sizes that takes half the time of unfold and fold.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gi_core.models.base import Victim


@dataclass(frozen=True)
class Activation:
    """s, and s' and s'' as functions of the output s."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    bend: Callable[[Tensor], Tensor | float]


ACTIVATIONS: dict[type[nn.Module], Activation] = {
    nn.Identity: Activation(lambda z: z, torch.ones_like, lambda s: 0.0),
    nn.ReLU: Activation(torch.relu, lambda s: (s > 0).to(s.dtype), lambda s: 0.0),
    nn.Sigmoid: Activation(torch.sigmoid, lambda s: s * (1 - s), lambda s: s * (1 - s) * (1 - 2 * s)),
    nn.Tanh: Activation(torch.tanh, lambda s: 1 - s * s, lambda s: -2 * s * (1 - s * s)),
}


class Layer(ABC):
    """A linear map of N maps (N,C,H,W), its matrix (O,K) applied to P columns each.

    Attributes: weight (O,K); bias (O,1), or 0-dim zero where there is none; inputs (C,H,W) and outputs (O,h,w).
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.weight = self.matrix(weight.detach())
        self.has_bias = bias is not None
        self.bias = self.weight.new_zeros(()) if bias is None else bias.detach()[:, None]
        self.transposed = self.turn(self.weight)

    @abstractmethod
    def matrix(self, weight: Tensor) -> Tensor:
        """A parameter-shaped tensor as (O,K)."""

    @abstractmethod
    def columns(self, x: Tensor) -> Tensor:
        """(N,C,H,W) -> (N,P,K)."""

    @abstractmethod
    def turn(self, weight: Tensor) -> Tensor:
        """(...,O,K) -> (...,S,M), the matrix of the transposed map on :meth:`columns_of_outputs`."""

    @abstractmethod
    def columns_of_outputs(self, y: Tensor) -> Tensor:
        """(N,O,P) -> (N,Q,M)."""

    @abstractmethod
    def assemble(self, x: Tensor) -> Tensor:
        """(N,S,Q), what the transposed map gave, -> (N,C,H,W)."""

    def __call__(self, columns: Tensor) -> Tensor:
        """W columns, (N,P,K) -> (N,O,P)."""
        return torch.bmm(self.weight.expand(len(columns), -1, -1), columns.mT)

    def back(self, columns_of_outputs: Tensor) -> Tensor:
        """W^T y before :meth:`assemble`, (N,Q,M) -> (N,S,Q)."""
        return torch.bmm(self.transposed.expand(len(columns_of_outputs), -1, -1), columns_of_outputs.mT)


class Dense(Layer):
    def matrix(self, weight: Tensor) -> Tensor:
        return weight

    def columns(self, x: Tensor) -> Tensor:
        return x.flatten(1).unsqueeze(1)

    def turn(self, weight: Tensor) -> Tensor:
        return weight.mT

    def columns_of_outputs(self, y: Tensor) -> Tensor:
        return y.mT

    def assemble(self, x: Tensor) -> Tensor:
        return x.view(-1, *self.inputs)


class Convolution(Layer):
    def __init__(self, layer: nn.Conv2d, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> None:
        assert not isinstance(layer.padding, str)
        self.kernel, self.stride, self.padding = layer.kernel_size, layer.stride, layer.padding
        self.taps = [-(-k // s) for k, s in zip(self.kernel, self.stride, strict=True)]
        super().__init__(layer.weight, layer.bias, inputs, outputs)

    def matrix(self, weight: Tensor) -> Tensor:
        return weight.movedim(1, -1).flatten(1)

    def columns(self, x: Tensor) -> Tensor:
        (high, wide), (down, across) = self.padding, self.stride
        x = F.pad(x.movedim(1, -1).contiguous(), (0, 0, wide, wide, high, high))
        windows = x.unfold(1, self.kernel[0], down).unfold(2, self.kernel[1], across)
        return _flat(windows)

    def turn(self, weight: Tensor) -> Tensor:
        (high, wide), (down, across), (rows, cols) = self.kernel, self.stride, self.taps
        w = weight.unflatten(-1, (high, wide, self.inputs[0]))
        w = F.pad(w, (0, 0, 0, cols * across - wide, 0, rows * down - high))
        w = w.unflatten(-2, (cols, across)).unflatten(-4, (rows, down)).flip(-5, -3)
        return w.movedim((-4, -2, -1), (-6, -5, -4)).movedim(-3, -1).flatten(-6, -4).flatten(-3)

    def columns_of_outputs(self, y: Tensor) -> Tensor:
        pads = []
        for axis in (1, 0):
            first, last = self._reach(axis)
            pads += [self.taps[axis] - 1 - first, last - self.outputs[1 + axis] + 1]
        y = F.pad(y.unflatten(-1, self.outputs[1:]).movedim(1, -1).contiguous(), (0, 0, *pads))
        return _flat(y.unfold(1, self.taps[0], 1).unfold(2, self.taps[1], 1))

    def assemble(self, x: Tensor) -> Tensor:
        (channels, height, width), (down, across) = self.inputs, self.stride
        (top, bottom), (left, right) = self._reach(0), self._reach(1)
        x = x.unflatten(-1, (bottom - top + 1, right - left + 1)).unflatten(1, (down, across, channels))
        x = x.permute(0, 3, 4, 1, 5, 2).flatten(4).flatten(2, 3)
        high, wide = self.padding[0] - top * down, self.padding[1] - left * across
        return x[:, :, high : high + height, wide : wide + width]

    def _reach(self, axis: int) -> tuple[int, int]:
        """First and last whole stride, counted from the padded edge, that holds an input pixel."""
        padding, stride = int(self.padding[axis]), self.stride[axis]
        return padding // stride, (self.inputs[1 + axis] - 1 + padding) // stride


def _flat(windows: Tensor) -> Tensor:
    """(N,h,w,C,i,j) -> (N, h w, i j C)."""
    return windows.movedim(3, -1).flatten(3).flatten(1, 2)


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
    )  # fmt: skip
