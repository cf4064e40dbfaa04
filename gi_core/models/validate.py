"""Why a victim can or cannot be attacked by gradient matching: obstacles, explained, each with its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from gi_core.models.base import Victim


@dataclass(frozen=True)
class Obstacle:
    """One thing in the way.

    Attributes:
        what: the finding, naming the layer.
        why: what it does to an attack.
        advice: what to do about it, one sentence.
        blocks: True where gradient matching cannot run at all, False where it runs but suffers.
        fix: changes the victim in place as advised, where that can be done automatically.
    """

    what: str
    why: str
    advice: str
    blocks: bool = False
    fix: Callable[[], None] | None = None


def obstacles(victim: Victim, batch_size: int = 1) -> list[Obstacle]:
    """All obstacles of ``victim`` in its present mode, those that block first."""
    return sorted((o for check in CHECKS for o in check(victim, batch_size)), key=lambda o: not o.blocks)


def second_derivative(victim: Victim, batch_size: int) -> Iterator[Obstacle]:
    """Tries forward, backward and double backward on noise."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(batch_size, *victim.image_shape, generator=generator).requires_grad_()
    buffers = {name: buffer.clone() for name, buffer in victim.named_buffers()}
    try:
        parameters = list(victim.parameters())
        loss = victim.loss(images, victim.draw_targets(batch_size, generator))
        gradient = torch.autograd.grad(loss, parameters, create_graph=True, allow_unused=True)
        used = [g for g in gradient if g is not None and g.requires_grad]
        torch.autograd.grad(torch.stack([g.square().sum() for g in used]).sum(), images)
    except (RuntimeError, ValueError) as error:
        yield _explain(victim, str(error))
    else:
        idle = [n for (n, _), g in zip(victim.named_parameters(), gradient, strict=True) if g is None]
        if idle:
            yield Obstacle(
                f"{len(idle)} parameters take no part in the loss, the first is {idle[0]!r}",
                "their gradient is missing, so they tell nothing about the picture",
                "remove them or let the forward pass use them",
            )
    finally:
        with torch.no_grad():
            for name, buffer in victim.named_buffers():
                buffer.copy_(buffers[name])


def _explain(victim: Victim, error: str) -> Obstacle:
    if "scaled_dot_product" in error or "flash" in error:
        return Obstacle(
            "attention runs in a fused kernel",
            "fused attention has no second derivative, and gradient matching differentiates the gradient",
            "switch fused attention off",
            blocks=True,
            fix=lambda: unfuse_attention(victim),
        )
    if "more than 1 value per channel" in error:
        return Obstacle(
            "a BatchNorm layer sees one value per channel",
            "in training mode it cannot normalise a single value",
            "use larger pictures, a larger batch, or mode='eval'",
            blocks=True,
            fix=lambda: _set_mode(victim, False),
        )
    if "derivative for" in error or "not differentiable" in error:
        return Obstacle(
            f"a layer has no second derivative ({error})",
            "gradient matching differentiates the gradient",
            "replace that layer by a composition of plain operations",
            blocks=True,
        )
    return Obstacle(f"a training step fails ({error})", "there is no gradient to share", "mend it first", blocks=True)


def unfuse_attention(module: nn.Module) -> None:
    """Make timm's attention layers compute their softmax in the open."""
    for layer in module.modules():
        if hasattr(layer, "fused_attn"):
            setattr(layer, "fused_attn", False)  # noqa: B010


def _set_mode(victim: Victim, training: bool) -> None:
    victim.train(training)


def batch_coupling(victim: Victim, batch_size: int) -> Iterator[Obstacle]:
    """BatchNorm in training mode normalises by the batch's own statistics."""
    layers = [n for n, m in victim.named_modules() if isinstance(m, _BatchNorm) and m.training]
    if layers:
        yield Obstacle(
            f"{len(layers)} BatchNorm layers in training mode, the first is {layers[0]!r}",
            "they couple the pictures of a batch and normalise by statistics that the attacker does not know",
            "attack with bn-exact where the client shares its buffers, else bn-proxy; mode='eval' is the easy case",
            fix=lambda: _set_mode(victim, False),
        )


def dropout(victim: Victim, batch_size: int) -> Iterator[Obstacle]:
    """Active dropout adds a random mask that the attacker does not know."""
    layers = {n: m for n, m in victim.named_modules() if isinstance(m, _DropoutNd) and m.training and m.p > 0}

    def disable() -> None:
        for layer in layers.values():
            layer.p = 0.0

    if layers:
        yield Obstacle(
            f"{len(layers)} active dropout layers, the first is {next(iter(layers))!r}",
            "each step draws a mask that the attacker does not know",
            "set p=0 or mode='eval' for the easy case",
            fix=disable,
        )


def kinks(victim: Victim, batch_size: int) -> Iterator[Obstacle]:
    """ReLU's second derivative is zero: the gradient is piecewise constant in part of the picture."""
    layers = [n for n, m in victim.named_modules() if isinstance(m, (nn.ReLU, nn.ReLU6, nn.LeakyReLU))]

    def smooth() -> None:
        for name in layers:
            owner, _, leaf = name.rpartition(".")
            setattr(victim.get_submodule(owner), leaf, nn.Softplus(beta=10))

    if layers:
        yield Obstacle(
            f"{len(layers)} ReLU layers, the first is {layers[0]!r}",
            "their second derivative is zero almost everywhere, which L-BFGS on the L2 distance copes badly with",
            "match by cosine with signed Adam (ig), or study a smooth twin with Softplus",
            fix=smooth,
        )


def linear_head(victim: Victim, batch_size: int) -> Iterator[Obstacle]:
    """Label recovery and analytic attacks read the gradient of a linear head."""
    if not isinstance(victim.head, nn.Linear):
        yield Obstacle(
            f"the head is {type(victim.head).__name__}, not a linear layer",
            "label recovery and the analytic attacks read a linear head's gradient",
            "grant knowledge=labels and use gradient matching",
        )


CHECKS = (second_derivative, batch_coupling, dropout, kinks, linear_head)
