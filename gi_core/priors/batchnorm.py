"""Normalisation statistics: what a BatchNorm layer saw in the client's batch tells about the pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.models.batchnorm import batchnorm_layers, statistics_kept
from gi_core.observation import Observation
from gi_core.priors.base import Prior, PriorContext, priors


@dataclass(frozen=True)
class Moments:
    """Mean and biased variance of a layer's input, per channel (BatchNorm) or one each (LayerNorm).

    ``count``: values behind each, n = B*H*W for BatchNorm.
    """

    mean: Tensor
    variance: Tensor
    count: int


Statistics = dict[str, Moments]


def moments_of(layer: nn.Module, x: Tensor) -> Moments:
    """Moments of a normalisation layer's input, with graph.

    BatchNorm: over batch and positions. LayerNorm: the means and variances it normalises by, each averaged.
    """
    if isinstance(layer, _BatchNorm):
        dims = [d for d in range(x.dim()) if d != 1]
        variance, mean = torch.var_mean(x, dims, correction=0)
        return Moments(mean, variance, x.numel() // x.shape[1])
    channels_first = type(layer).__name__.endswith("2d")  # timm's LayerNorm2d
    variance, mean = torch.var_mean(x, 1 if channels_first else -1, correction=0)
    return Moments(mean.mean().view(1), variance.mean().view(1), mean.numel())


@contextmanager
def recording(layers: dict[str, nn.Module]) -> Iterator[Statistics]:
    """Within, each forward pass writes the moments of the layers' inputs into the dictionary yielded."""
    found: Statistics = {}

    def record(name: str) -> object:
        def hook(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            found[name] = moments_of(layer, inputs[0])

        return hook

    handles = [layer.register_forward_pre_hook(record(name)) for name, layer in layers.items()]  # type: ignore[arg-type]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def measure(victim: Victim, images: Tensor, layers: dict[str, nn.Module] | None = None) -> Statistics:
    """Statistics that ``images`` (B,C,H,W) in [0,1] produce in the given layers (default: BatchNorm), with graph."""
    with recording(dict(batchnorm_layers(victim)) if layers is None else layers) as found, statistics_kept(victim):
        victim(images)
    return found


def running(victim: Victim) -> Statistics:
    """The running statistics of the weights that the server sent, as targets. Raises BadInput without BatchNorm."""
    layers = batchnorm_layers(victim)
    if not layers:
        raise BadInput("the victim has no BatchNorm layers, so it holds no running statistics")
    return {n: Moments(_known(m.running_mean), _known(m.running_var), 0) for n, m in layers.items()}


def shared(observation: Observation) -> Statistics:
    """The running statistics after the client's step, as targets. Raises BadInput if they are not shared."""
    buffers = _buffers(observation)
    return {
        name: Moments(buffers[f"{name}.running_mean"], buffers[f"{name}.running_var"], 0)
        for name in running(observation.victim)
    }


def inferred(observation: Observation, counts: dict[str, int]) -> Statistics:
    """The client's batch statistics, by inverting the momentum update of the running ones.

    A step sets r <- (1-m) r + m b, with b the batch's mean or its *unbiased* variance. After T steps

        (r_T - k r_0) / (1-k),  k = (1-m)^T,

    is b itself for T = 1 and else the average of the b's with weights m (1-m)^(T-1-j) / (1-k): one equation for T
    unknowns, hence a soft target. Without momentum (cumulative average) k = c / (c+T) after c earlier batches.
    The forward pass normalises by the *biased* variance, (n-1)/n times the unbiased one with n = B*H*W of the layer.

    Args:
        counts: n of each layer for the whole batch of B pictures.

    Raises:
        BadInput: buffers are not shared, or the client is in eval mode and moved none.
    """
    buffers, victim = _buffers(observation), observation.victim
    if not any(layer.training for layer in batchnorm_layers(victim).values()):
        raise BadInput("mode=eval: the client's step moves no BatchNorm statistics; mode=train does")
    steps = observation.training.steps
    share = observation.training.batch / observation.batch_size if steps > 1 else 1.0
    found = {}
    for name, layer in batchnorm_layers(victim).items():
        seen = float(layer.num_batches_tracked) if layer.num_batches_tracked is not None else 0.0
        kept = seen / (seen + steps) if layer.momentum is None else (1 - layer.momentum) ** steps
        mean, unbiased = (
            (buffers[f"{name}.{key}"].double() - kept * _known(getattr(layer, key)).double()) / (1 - kept)
            for key in ("running_mean", "running_var")
        )
        n = counts[name] * share
        found[name] = Moments(mean.to(layer.weight), (unbiased * (n - 1) / n).to(layer.weight), counts[name])
    return found


def _known(buffer: Tensor | None) -> Tensor:
    assert buffer is not None
    return buffer


def _buffers(observation: Observation) -> dict[str, Tensor]:
    running(observation.victim)
    if observation.update.buffers is None:
        raise BadInput("the client does not share BatchNorm's buffers here: knowledge=labels+buffers grants them")
    return observation.update.buffers


def mismatch(found: Statistics, targets: Statistics) -> Tensor:
    """sum over layers of |mean - mean*|_2 + |variance - variance*|_2 (norms, not squared); 0-dim.

    Yin et al., "See through Gradients", CVPR 2021, eq. 9; Huang et al., NeurIPS 2021.
    """
    norm = torch.linalg.vector_norm
    parts = [norm(found[n].mean - t.mean) + norm(found[n].variance - t.variance) for n, t in targets.items()]
    return torch.stack(parts).sum()


@priors.register("batchnorm")
@dataclass(frozen=True, kw_only=True)
class BatchNormPrior(Prior):
    """The guess should produce known statistics at every BatchNorm layer.

    sum_l |mean_l(x) - mean_l*|_2 + |var_l(x) - var_l*|_2. The targets: ``running``, those of the weights that were
    sent (Yin et al. 2021); ``shared``, those after the client's step (Huang et al. 2021); ``exact``, the batch's own,
    inferred from both ("Practical Feasibility of Gradient Inversion Attacks in Federated Learning").
    """

    weight: float = option(1.6e-4, "weight of the potential", low=0)
    source: Literal["running", "shared", "exact"] = option("running", "which statistics are the target")

    def pull(self, images: Tensor, context: PriorContext) -> tuple[Tensor, Tensor]:
        observation = context.observation
        victim = observation.victim
        with torch.enable_grad():
            x = images.detach().requires_grad_()
            found = measure(victim, x)
            value = mismatch(found, targets_of(observation, self.source, found))
            gradient = torch.autograd.grad(value, x)[0]
        return self.weight * value.detach(), gradient.mul_(self.weight)

    @contextmanager
    def watch(self, observation: Observation, victim: Victim) -> Iterator[Callable[[], Tensor]]:
        with recording(dict(batchnorm_layers(victim))) as found:
            yield lambda: self.weight * mismatch(found, targets_of(observation, self.source, found))


def targets_of(observation: Observation, source: str, found: Statistics) -> Statistics:
    """The statistics to reach; ``found``, of any guess of the same batch size, tells the counts. Raises BadInput."""
    if source == "running":
        return running(observation.victim)
    if source == "shared":
        return shared(observation)
    return inferred(observation, {name: m.count for name, m in found.items()})
