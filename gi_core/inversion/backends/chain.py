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
    nn.Sigmoid: Activation(
        torch.sigmoid, lambda s: torch.addcmul(s, s, s, value=-1), lambda s: torch.sub(1, s, alpha=2)
    ),
    nn.Tanh: Activation(torch.tanh, lambda s: 1 - s * s, lambda s: -2 * s),
}


class Layer(ABC):
    """An affine map of R guesses at B pictures: a matrix (O,K) on the columns of P windows of each picture.

    Maps are matrices, channels by positions: (R,C,B H W) go in, (R,O,B P) come out. A bias is the matrix's last column,
    and each column ends with a 1 then.

    Args:
        module: the layer.
        inputs, outputs: (C,H,W) and (O,h,w).
        kernel, stride, padding: of the windows, down and across.

    Attributes: weight (O,K); linear, the same with zero bias; transposed, the same turned.
    """

    def __init__(
        self,
        module: nn.Linear | nn.Conv2d,
        inputs: tuple[int, ...],
        outputs: tuple[int, ...],
        kernel: Sequence[int],
        stride: Sequence[int] = (1, 1),
        padding: Sequence[int] = (0, 0),
    ) -> None:
        self.inputs, self.outputs, self.kernel, self.stride = inputs, outputs, kernel, stride
        parameters = [p.detach() for p in (module.weight, module.bias) if p is not None]
        self.tensors = len(parameters)
        self.columns = Patches(inputs, [(p, p) for p in padding], kernel, stride, ones=self.tensors > 1)
        self.weight = self.matrix(*parameters)
        self.linear = self.matrix(parameters[0], *(torch.zeros_like(p) for p in parameters[1:]))
        self.transposed = self.turn(self.weight)

    def matrix(self, weight: Tensor, *bias: Tensor) -> Tensor:
        """Tensors shaped as the parameters -> (O,K)."""
        taps = weight.view(len(weight), self.inputs[0], *self.kernel).movedim(1, -1)
        return torch.cat((taps.flatten(1), *(b[:, None] for b in bias)), 1)

    def push(self, weight: Tensor, columns: Tensor, onto: Tensor | None = None) -> Tensor:
        """W x for matrices (O,K), one for all or one for each guess, added to ``onto``: (R,O,B P)."""
        return _product(weight.expand(len(columns), -1, -1), columns.mT, onto)

    @abstractmethod
    def turn(self, weight: Tensor) -> Tensor:
        """(O,K) -> the matrix of the transposed map on :meth:`spread`, zero where the kernel has no tap."""

    @abstractmethod
    def spread(self, y: Tensor) -> Tensor:
        """(R,O,B P) -> (R,B Q,M), the columns of the transposed map. The next call may write them anew."""

    @abstractmethod
    def pull(self, turned: Tensor, spread: Tensor, onto: Tensor | None = None) -> Tensor:
        """W^T y for turned matrices, one for all or one for each guess, added to ``onto``, before :meth:`assemble`."""

    @abstractmethod
    def assemble(self, pulled: Tensor) -> Tensor:
        """What :meth:`pull` gave -> (R,C,B H W)."""


class Dense(Layer):
    """One window, the whole picture."""

    def __init__(self, module: nn.Linear, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> None:
        super().__init__(module, inputs, outputs, inputs[1:])

    def turn(self, weight: Tensor) -> Tensor:
        return weight

    def spread(self, y: Tensor) -> Tensor:
        return y.mT

    def pull(self, turned: Tensor, spread: Tensor, onto: Tensor | None = None) -> Tensor:
        return _product(spread, turned.expand(len(spread), -1, -1), onto)

    def assemble(self, pulled: Tensor) -> Tensor:
        x = pulled[..., : prod(self.inputs)].view(*pulled.shape[:2], -1, self.inputs[0])
        return x.permute(0, 3, 1, 2).flatten(2)


class Convolution(Layer):
    def __init__(self, module: nn.Conv2d, inputs: tuple[int, ...], outputs: tuple[int, ...]) -> None:
        padding = module.padding
        assert not isinstance(padding, str)
        axes = list(zip(inputs[1:], outputs[1:], module.kernel_size, module.stride, padding, strict=True))
        self.taps = [-(-k // s) for _, _, k, s, _ in axes]
        self.edges = [p % s for *_, s, p in axes]
        held = [range(p // s, (n - 1 + p) // s + 1) for n, _, _, s, p in axes]  # strides that hold pixels
        self.held = [len(strides) for strides in held]
        borders = [(t - 1 - r.start, r.stop - n) for t, r, (_, n, *_) in zip(self.taps, held, axes, strict=True)]
        self._spread = Patches(outputs, borders, self.taps, (1, 1))
        super().__init__(module, inputs, outputs, module.kernel_size, module.stride, padding)

    def turn(self, weight: Tensor) -> Tensor:
        (high, wide), (down, across), (rows, cols) = self.kernel, self.stride, self.taps
        w = weight[:, : high * wide * self.inputs[0]].unflatten(-1, (high, wide, -1))
        w = F.pad(w, (0, 0, 0, cols * across - wide, 0, rows * down - high))
        w = w.unflatten(2, (cols, across)).unflatten(1, (rows, down)).flip(1, 3)
        return w.permute(2, 4, 5, 1, 3, 0).flatten(3).flatten(0, 2)

    def spread(self, y: Tensor) -> Tensor:
        return self._spread(y)

    def pull(self, turned: Tensor, spread: Tensor, onto: Tensor | None = None) -> Tensor:
        return _product(turned.expand(len(spread), -1, -1), spread.mT, onto)

    def assemble(self, pulled: Tensor) -> Tensor:
        (channels, height, width), (down, across), (high, wide) = self.inputs, self.stride, self.edges
        x = pulled.view(len(pulled), down, across, channels, -1, *self.held)
        x = x.permute(0, 3, 4, 5, 1, 6, 2).flatten(5).flatten(3, 4)
        return x[..., high : high + height, wide : wide + width].flatten(2)


class Patches:
    """Columns of windows: maps (R,C,B H W) -> (R,B P,K), a window's taps by channels, and then a 1 if so wanted.

    They lie in memory of their own until the next call: fresh pages cost more than the copy.

    Args:
        maps: (C,H,W).
        borders: zeros around a map, above and below, left and right.
        kernel, stride: of the windows, down and across.
        ones: whether each column ends with a 1.
    """

    def __init__(
        self,
        maps: tuple[int, ...],
        borders: Sequence[tuple[int, int]],
        kernel: Sequence[int],
        stride: Sequence[int],
        ones: bool = False,
    ) -> None:
        self.maps, self.borders, self.kernel, self.stride, self.ones = maps, borders, kernel, stride, ones
        self.laid_out: tuple[int, ...] = ()

    def __call__(self, x: Tensor) -> Tensor:
        if self.laid_out != x.shape:
            self._lay_out(x)
        self.inside.copy_(x.view(self.inside.shape))
        self.entries.copy_(self.windows)
        return self.columns

    def _lay_out(self, x: Tensor) -> None:
        (channels, height, width), ((top, bottom), (left, right)) = self.maps, self.borders
        guesses, batch = len(x), x.shape[-1] // (height * width)
        padded = x.new_zeros(guesses, batch, top + height + bottom, left + width + right, channels)
        self.inside = padded[:, :, top : top + height, left : left + width].movedim(-1, 1)
        (high, wide), (down, across) = self.kernel, self.stride
        self.windows = padded.unfold(2, high, down).unfold(3, wide, across).movedim(4, -1)
        positions, entries = self.windows.shape[1:4], self.windows.shape[4:]
        self.columns = x.new_ones(guesses, prod(positions), prod(entries) + self.ones)
        self.entries = self.columns[..., : prod(entries)].unflatten(2, entries).unflatten(1, positions)
        self.laid_out = x.shape


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
                chain.append((Dense(module, shape, outputs), ACTIVATIONS[nn.Identity]))
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
