"""What a gradient says about a layer's inputs, whatever the layers after it do: its row space.

A layer y_p = W u_p + b, at positions p of all pictures, has dL/dW = sum_p d_p u_p^T with d_p = dL/dy_p. Its rows are
combinations of the columns u_p. Where the positions that pass a gradient are fewer than the rows and than the entries
of a column, and the d_p are independent, the row space *is* the span of the columns: each u_p lies in a known,
thin space. (Rank analysis: Zhu and Blaschko, R-GAP, ICLR 2021. Token by token: Petrov et al., DAGER, NeurIPS 2024.)

A convolution's columns overlap, so that their span says more than each column alone. Let E cut a map F into its
patches at these positions, each entry divided by the square root of the number of patches that hold it, so that E keeps
lengths, and let V be an orthonormal basis of the row space. Then all patches of F lie in the space exactly if

    E^T (V V^T) E  F = F

an eigenvector of eigenvalue 1 of a symmetric operator that has none above. For B pictures these are combinations of
their B maps; there are rarely others. So the activations in the middle of a network, up to scale, are the answer of a
linear problem, without a guess at the picture.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor, nn

from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.models.batchnorm import statistics_kept
from gi_core.observation import Observation

Layer = nn.Linear | nn.Conv2d

INDEPENDENT = 1e-6
"""Singular values below this share of the largest are rounding."""
THIN = 0.9
"""A space that fills more than this share of the column's entries says too little."""
SAME = 1e-4
"""Eigenvalues within this distance of 1 are 1, in single precision."""


@dataclass(frozen=True)
class RowSpace:
    """The span of a layer's columns, as its gradient shows it.

    Attributes:
        layer: the layer's name in the victim.
        basis: (K,r) orthonormal.
        active: (P,) bool, the positions, of all pictures, that pass a gradient.
    """

    layer: str
    basis: Tensor
    active: Tensor

    def outside(self, layer: Layer, inputs: Tensor) -> Tensor:
        """Share of the columns' energy outside the space, 0-dim in [0,1]. inputs: the layer's, (B,...)."""
        u = columns(layer, inputs)[self.active]
        return 1 - (u @ self.basis).square().sum() / u.square().sum().clamp_min(1e-30)


@dataclass(frozen=True)
class MapSpace:
    """The maps all of whose patches lie in a convolution's row space.

    Attributes:
        layer: the convolution's name in the victim.
        basis: (C*H*W,d) orthonormal, of maps weighted with ``root``.
        root: (C,H,W) square root of the number of patches that hold an entry.
    """

    layer: str
    basis: Tensor
    root: Tensor

    def outside(self, layer: Layer, inputs: Tensor) -> Tensor:
        """Share of the maps' energy outside the space, 0-dim in [0,1]. inputs: (B,C,H,W)."""
        energy = (inputs * self.root).square().sum().clamp_min(1e-30)
        return 1 - self.places(inputs).square().sum() / energy

    def places(self, inputs: Tensor) -> Tensor:
        """(B,d): the maps' coordinates in the space."""
        return (inputs * self.root).flatten(1) @ self.basis


def columns(layer: Layer, inputs: Tensor) -> Tensor:
    """(P,K): what the layer's weight multiplies at each position of all pictures, those of the first picture first."""
    if isinstance(layer, nn.Linear):
        return inputs.reshape(-1, layer.in_features)
    return F.unfold(inputs, **window(layer)).transpose(1, 2).flatten(0, 1)


def window(layer: nn.Conv2d) -> dict[str, tuple[int, ...]]:
    assert not isinstance(layer.padding, str)
    return {"kernel_size": layer.kernel_size, "padding": layer.padding, "stride": layer.stride}


def row_spaces(observation: Observation, seed: int) -> list[RowSpace]:
    """The layers whose gradient spans less than it could, in the order in which the victim calls them.

    Which positions pass a gradient at all is seen on a random picture: those that a pool leaves out do not.

    Raises:
        BadInput: the victim is no classifier with a linear head, so that no label's loss can be taken.
    """
    if not isinstance(observation.victim.head, nn.Linear):
        raise BadInput(
            f"span reads class labels off a linear head, but the victim ends with"
            f" {type(observation.victim.head).__name__}: use attack 'ig'"
        )
    victim, layers = observation.victim, spanning_layers(observation.victim)
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(observation.batch_size, *observation.image_shape, generator=generator).to(victim.mean)
    with watched(victim, layers) as calls, statistics_kept(victim):
        loss = victim.loss(images, torch.zeros(len(images), dtype=torch.long, device=images.device))
        once = {name: call[0] for name, call in calls.items() if len(call) == 1}
        found = torch.autograd.grad(loss, [y for _, y in once.values()], materialize_grads=True)
    deltas = dict(zip(once, found, strict=True))
    targets = dict(zip((n for n, _ in victim.named_parameters()), observation.targets, strict=True))
    spaces = []
    for name, delta in deltas.items():
        gradient = targets[f"{name}.weight"].flatten(1)
        by_position = delta.flatten(2).transpose(1, 2) if isinstance(layers[name], nn.Conv2d) else delta
        active = by_position.reshape(-1, len(gradient)).ne(0).any(1)
        positions = int(active.sum())
        if positions and positions <= min(len(gradient), THIN * gradient.shape[1]):
            basis = row_space(gradient, positions, generator)
            if basis is not None:
                spaces.append(RowSpace(name, basis, active))
    return spaces


def row_space(gradient: Tensor, rank: int, generator: torch.Generator) -> Tensor | None:
    """(K,r) orthonormal basis of the r <= ``rank`` leading directions of the rows of (C,K); None if all are zero.

    By a random projection of the rows (Halko, Martinsson, Tropp 2011), exact where the rank is below ``rank`` + 8.
    """
    mix = torch.randn(len(gradient), min(rank + 8, len(gradient)), generator=generator).to(gradient)
    left, sizes, _ = torch.linalg.svd(gradient.t() @ mix, full_matrices=False)
    kept = min(rank, int((sizes > INDEPENDENT * sizes[0]).sum()))
    return left[:, :kept].contiguous() if kept else None


def map_space(space: RowSpace, layer: nn.Conv2d, shape: tuple[int, ...], batch_size: int) -> MapSpace | None:
    """The maps (C,H,W) = ``shape`` that a convolution's row space allows; None where they are too many to say much.

    Maps of fewer numbers than the Lanczos method keeps vectors are left to the row space itself.
    """
    keywords = window(layer)
    held = space.active.view(batch_size, -1)[0].to(space.basis).expand(space.basis.shape[0], -1)[None]
    count = F.fold(held, shape[1:], **keywords)[0]
    weight = count.clamp_min(1).rsqrt() * (count > 0)

    def apply(vector: np.ndarray) -> np.ndarray:
        f = torch.from_numpy(vector.astype(np.float32)).view(shape).to(weight) * weight
        patches = F.unfold(f[None], **keywords) * held
        patches = space.basis @ (space.basis.t() @ patches[0])
        return (F.fold((patches * held[0])[None], shape[1:], **keywords)[0] * weight).flatten().cpu().numpy()

    size, wanted = weight.numel(), batch_size + 2
    lanczos = max(40, 3 * wanted)
    if size < lanczos:
        return None
    operator = LinearOperator((size, size), matvec=apply, dtype=np.float32)
    start = np.random.default_rng(0).random(size, dtype=np.float32)
    values, vectors = eigsh(operator, k=wanted, which="LA", ncv=lanczos, tol=SAME, v0=start)
    allowed = np.flatnonzero(values > 1 - SAME)
    if not 0 < len(allowed) <= batch_size:
        return None
    basis = torch.from_numpy(np.ascontiguousarray(vectors[:, allowed])).to(weight)
    return MapSpace(space.layer, basis, count.sqrt())


def spanning_layers(victim: Victim) -> dict[str, Layer]:
    """Convolutions and linear layers of the body, by name."""
    return {
        name: m
        for name, m in victim.named_modules()
        if isinstance(m, nn.Linear)
        or (isinstance(m, nn.Conv2d) and m.groups == 1 and m.dilation == (1, 1) and not isinstance(m.padding, str))
    }


@contextlib.contextmanager
def watched(victim: Victim, layers: dict[str, Layer]) -> Iterator[dict[str, list[tuple[Tensor, Tensor]]]]:
    """(input, output) of each call of these layers, by name, in the order of the first calls."""
    calls: dict[str, list[tuple[Tensor, Tensor]]] = {}

    def note(name: str) -> Callable[..., None]:
        return lambda _, inputs, output: calls.setdefault(name, []).append((inputs[0], output))

    hooks = [m.register_forward_hook(note(name)) for name, m in layers.items()]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()
