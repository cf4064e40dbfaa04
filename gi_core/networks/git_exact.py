"""Exact-GIT: an MLP's input from its weights and gradients by pseudo-inverses, layer by layer from the head down.

Layer i: z_i = W_i x_i (+ b_i), x_{i+1} = phi(z_i), gradient G_i = delta_i x_i^T. Given x_{i+1}, G_{i+1}, W_{i+1}, G_i:

    delta_{i+1} = G_{i+1} x_{i+1} / |x_{i+1}|^2
    delta_i     = (W_{i+1}^T delta_{i+1}) * phi'(z_i),  phi' from x_{i+1}
    x_i         = delta_i^T G_i / |delta_i|^2

"Gradient Inversion Transcript"; for fully-connected layers the same as R-GAP (Zhu & Blaschko, ICLR 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.networks.features import Feature, rank_one, scale_evidence

DEAD = 0.01
"""A ReLU's output below this share of the layer's largest counts as zero: noise would revive a dead unit, whereas one
that is left out by mistake costs nothing, since any unit that passes a gradient shows the whole input."""


@dataclass(frozen=True)
class Peeled:
    """One layer of the recursion.

    Attributes:
        delta: (m,) gradient with respect to the layer's output. inputs: (n,) the recovered input of the layer.
        active: share of delta's units that are not zero.
        amplification: |x| / |delta|: how much a relative error of G_i's noise is magnified against a unit delta.
        misfit: share of |G| that no delta explains with this input: 0 when G is an outer product with it.
        condition: largest over smallest singular value of the weights that carried delta here (1 for the head).
    """

    name: str
    delta: Tensor
    inputs: Tensor
    active: float
    amplification: float
    misfit: float
    condition: float


def layers(victim: Victim) -> list[tuple[str, nn.Linear, nn.Module | None]]:
    """(name, linear layer, activation after it; None for the head).

    Raises:
        BadInput: the body holds anything but Flatten, Linear and sigmoid, tanh, ReLU or leaky ReLU after each;
            layers that do nothing (Identity, inactive Dropout) and nested Sequentials are fine.
    """
    chain: list[tuple[str, nn.Linear, nn.Module | None]] = []
    pending: tuple[str, nn.Linear] | None = None
    for name, module in victim.named_modules():
        if isinstance(module, nn.Linear) and module is not victim.head and pending is None:
            pending = (name, module)
        elif isinstance(module, (nn.Sigmoid, nn.Tanh, nn.ReLU, nn.LeakyReLU)) and pending is not None:
            chain.append((*pending, module))
            pending = None
        elif module is not victim.head and not passes(module, victim):
            raise BadInput(f"git-exact inverts fully-connected networks (model mlp): it cannot undo {module}")
    if pending is not None:
        raise BadInput("git-exact needs an activation after each hidden layer")
    return [*chain, ("head", victim.head, None)]


def passes(module: nn.Module, victim: Victim) -> bool:
    """Whether a module leaves its input's values alone, or only holds others that run one after another."""
    if isinstance(module, nn.Dropout):
        return not module.training or module.p == 0
    return module is victim or isinstance(module, (nn.Flatten, nn.Identity, nn.Sequential))


def derivative(activation: nn.Module, output: Tensor) -> Tensor:
    """phi'(z) from x = phi(z)."""
    if isinstance(activation, nn.Sigmoid):
        return output * (1 - output)
    if isinstance(activation, nn.Tanh):
        return 1 - output.square()
    if isinstance(activation, nn.LeakyReLU):
        return torch.where(output > 0, 1.0, activation.negative_slope).to(output)
    return (output > DEAD * output.max()).to(output)


def bootstrap(weight: Tensor, bias: Tensor | None, head: nn.Linear) -> tuple[Tensor, Tensor]:
    """(delta, h) of the head: read off the bias gradient, or, without a bias, from a rank-one fit.

    The fit leaves sign and scale open: delta's largest entry belongs to the label and is negative; the scale follows
    from the softmax (:func:`gi_core.networks.features.scale_evidence`).

    Raises:
        BadInput: no bias and two classes, which leave the scale open.
    """
    if bias is not None:
        return bias, bias @ weight / bias.square().sum()
    if len(weight) < 3:
        raise BadInput("git-exact without a head bias needs at least 3 classes: with 2 the features' scale is open")
    fit = rank_one(weight.unsqueeze(0), torch.zeros(1, len(weight), dtype=weight.dtype))
    delta = fit.delta
    sign = -delta.gather(1, delta.abs().argmax(1, keepdim=True)).sign()
    fit = Feature(fit.direction * sign, delta * sign, fit.noise, fit.classes)
    top, precision = scale_evidence(fit, head.weight.detach().to(weight), torch.zeros(len(weight)).to(weight))
    size = (top / precision)[0]
    direction = fit.direction[0]
    return weight @ direction / size, direction * size


def recursion(victim: Victim, gradient: dict[str, Tensor], *, use_biases: bool = False) -> list[Peeled]:
    """The steps from the head down; the last one's ``inputs`` is the normalised picture.

    Args:
        gradient: of one picture's loss, by parameter name.
        use_biases: read each delta off the layer's bias gradient where it has one, which skips the recursion.

    Raises:
        BadInput: the victim is not an MLP, or a layer's delta is zero (dead units), so that nothing can be divided.
    """
    chain = layers(victim)
    tensors = {name: g.detach().double().cpu() for name, g in gradient.items()}
    steps: list[Peeled] = []
    delta, inputs = bootstrap(tensors["head.weight"], tensors.get("head.bias"), victim.head)
    steps.append(_step("head", tensors["head.weight"], delta, inputs, 1.0))
    for number in range(len(chain) - 2, -1, -1):
        name, _, activation = chain[number]
        above = chain[number + 1][1].weight.detach().double().cpu()
        assert activation is not None
        delta = tensors[f"{chain[number + 1][0]}.weight"] @ inputs / inputs.square().sum()
        delta = (above.T @ delta) * derivative(activation, inputs)
        if use_biases and f"{name}.bias" in tensors:
            delta = tensors[f"{name}.bias"]
        weight = tensors[f"{name}.weight"]
        if not delta.square().sum() > 0:
            raise BadInput(f"git-exact breaks at layer {name}: no unit passes the gradient on, nothing can be divided")
        inputs = delta @ weight / delta.square().sum()
        steps.append(_step(name, weight, delta, inputs, float(torch.linalg.cond(above))))
    return steps


def _step(name: str, weight: Tensor, delta: Tensor, inputs: Tensor, condition: float) -> Peeled:
    along = weight @ inputs / inputs.square().sum().clamp_min(1e-300)
    misfit = (weight - torch.outer(along, inputs)).norm() / weight.norm().clamp_min(1e-300)
    return Peeled(
        name=name,
        delta=delta,
        inputs=inputs,
        active=float((delta != 0).double().mean()),
        amplification=float(inputs.norm() / delta.norm()),
        misfit=float(misfit),
        condition=condition,
    )
