"""The noise-free update as a function of the pictures, and its derivative J."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from scipy.linalg import get_blas_funcs
from torch import Tensor
from torch.func import functional_call, grad, jvp, vjp, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules.batchnorm import _BatchNorm

from gi_core.defenses.base import Defense
from gi_core.defenses.calibrated import Calibrated
from gi_core.defenses.clip import Clip, clip
from gi_core.models.base import LossOf, Victim

Map = Callable[[Tensor], Tensor]
AT_ONCE = 4_000_000
"""Numbers of the update that a chunk of directions may hold: 16 MB; larger chunks run faster."""


def update_map(victim: Victim, labels: Tensor, stack: tuple[Defense, ...] = ()) -> Map:
    """x (B,C,H,W) -> the update without its noise, flat (P,): the mean gradient with the stack's clips applied.

    The derivative of a clip, (C/|g|)(I - g g^T/|g|^2) J where |g| > C, follows from differentiating through it.
    """
    network = LossOf(copy.deepcopy(victim))
    for module in network.modules():
        if isinstance(module, _BatchNorm) and module.training:
            module.track_running_stats, module.running_mean, module.running_var = False, None, None
    parameters = {name: p.detach() for name, p in network.named_parameters()}
    clips = [d for d in stack if isinstance(d, Clip) or (isinstance(d, Calibrated) and d.clips)]

    def gradient(images: Tensor, targets: Tensor) -> dict[str, Tensor]:
        return grad(lambda p: functional_call(network, p, (images, targets)))(parameters)

    def update(images: Tensor) -> Tensor:
        per_example = [d for d in clips if d.per_example]
        if per_example and len(images) > 1:
            each = vmap(gradient)(images.unsqueeze(1), labels.unsqueeze(1))
            for d in per_example:
                each = _clipped(each, d, keep_examples=True)
            tensors = {name: t.mean(0) for name, t in each.items()}
        else:
            tensors = gradient(images, labels)
            for d in per_example:
                tensors = _clipped(tensors, d, keep_examples=False)
        for d in clips:
            if not d.per_example:
                tensors = _clipped(tensors, d, keep_examples=False)
        return torch.cat([t.flatten() for t in tensors.values()])

    return update


def _clipped(tensors: dict[str, Tensor], defense: Defense, *, keep_examples: bool) -> dict[str, Tensor]:
    if isinstance(defense, Calibrated):
        norm, order, separate = defense.clip, defense.order, defense.separate
    else:
        assert isinstance(defense, Clip)
        norm, order, separate = defense.norm, 2.0, defense.scope == "tensor"
    return clip(tensors, norm, order=order, separate=separate, keep_examples=keep_examples)


def products(f: Map, x: Tensor, directions: Tensor, chunk: int = 64) -> Tensor:
    """J v for each direction (k, *x.shape) -> (k, P), by forward-mode derivatives, ``chunk`` of them at a time.

    The clones matter: forward mode on a view of a larger tensor is some 25 times slower.
    """
    x = x.detach().clone()
    with sdpa_kernel(SDPBackend.MATH):
        parts = [vmap(lambda v: jvp(f, (x,), (v,))[1])(part.clone()) for part in directions.split(chunk)]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def gram(f: Map, x: Tensor, directions: Tensor, most: int = 200_000_000) -> Tensor:
    """(J V)^T (J V) for V of k directions (k, *x.shape), (k,k) in float64.

    J V is held as a whole up to ``most`` numbers; beyond that each column costs a forward and a reverse pass.
    """
    x = x.detach().clone()
    size = f(x).numel()
    if size * len(directions) <= most:
        return outer(products(f, x, directions, chunk=max(64, AT_ONCE // size)))
    flat = directions.flatten(1).double()
    rows = []
    with sdpa_kernel(SDPBackend.MATH):
        for direction in directions:
            tangent = jvp(f, (x,), (direction.clone(),))[1]
            pull = vjp(f, x)[1]
            rows.append(flat @ pull(tangent)[0].flatten().double())
    joint = torch.stack(rows)
    return (joint + joint.T) / 2


def outer(rows: Tensor) -> Tensor:
    """R R^T of (k,P) in float64; on the CPU by a routine that computes one half only."""
    if rows.device.type != "cpu":
        return (rows @ rows.T).double()
    values = rows.detach().numpy()
    half = np.triu(get_blas_funcs("syrk", (values,))(1.0, values.T, trans=1)).astype(np.float64)
    return torch.from_numpy(half + np.triu(half, 1).T)


def full(f: Map, x: Tensor, chunk: int = 64) -> Tensor:
    """J itself, (P, n) with n = x.numel()."""
    n = x.numel()
    identity = torch.eye(n, dtype=x.dtype, device=x.device).view(n, *x.shape)
    return products(f, x, identity, chunk).T


def squared_norm(f: Map, x: Tensor, probes: int = 64, seed: int = 0) -> tuple[float, float]:
    """Tr(J^T J) and its standard error, by Hutchinson's estimator: the mean of |J v|^2 over Rademacher v."""
    generator = torch.Generator().manual_seed(seed)
    signs = torch.randint(0, 2, (probes, *x.shape), generator=generator).to(x) * 2 - 1
    values = products(f, x, signs).double().square().sum(1)
    return float(values.mean()), float(values.std() / probes**0.5)
