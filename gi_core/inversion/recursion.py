"""R-GAP: down a chain of layers, each layer's input from what its output and its weight gradient say of it.

Junyi Zhu, Matthew B. Blaschko, "R-GAP: Recursive Gradient Attack on Privacy", ICLR 2021. For one picture, with u the
input of a layer, z = W u + b its output and delta the loss's derivative at z:

    weight constraints      W u = z - b,           z from the layer above by inverting its activation
    gradient constraints    delta u^T = dL/dW,     delta handed down by the chain rule

Both are linear in u. A fully connected layer is solved by division, u = dW^T delta / |delta|^2; a convolution by least
squares over both kinds, of which it has channels out x positions and channels in x channels out x kernel. A ReLU that
is shut hides its z: those weight constraints are left out. What is open is left at the smallest norm.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from gi_core.errors import BadInput
from gi_core.inversion.peeling import Network, equations, plain, transposed

MOST_UNKNOWNS = 6144
"""Of a layer's input: its normal equations are this number squared."""
RIDGE = 1e-11
"""Of the normal equations, as a share of their largest diagonal entry."""
INSIDE = 1e-9
"""How far from its limits a saturating activation is taken to be, at least."""
CHUNK = 256
ACTIVATIONS = {
    nn.Sigmoid: "sigmoid", torch.sigmoid: "sigmoid", F.sigmoid: "sigmoid", "sigmoid": "sigmoid",
    nn.Tanh: "tanh", torch.tanh: "tanh", F.tanh: "tanh", "tanh": "tanh",
    nn.ReLU: "relu", F.relu: "relu", torch.relu: "relu", "relu": "relu", "relu_": "relu",
    nn.LeakyReLU: "leaky-relu", F.leaky_relu: "leaky-relu",
}  # fmt: skip
SHAPING = (nn.Flatten, nn.Identity, torch.flatten, "flatten", "view", "reshape")


@dataclass(frozen=True)
class Solved:
    """The input of a layer.

    Attributes:
        layer: its name; inputs: of one picture, float64.
        misfit: share of the constraints' energy left unexplained; equations, unknowns: their numbers.
    """

    layer: str
    inputs: Tensor
    misfit: float
    equations: int
    unknowns: int


@dataclass(frozen=True)
class Top:
    """What the head's gradient tells of one picture.

    Attributes:
        label; features: (d,); factor: that a clip put on the update; derivative: (d,), of the loss at the features.
        misfit: share of the bias gradient that this does not explain.
    """

    label: int
    features: Tensor
    factor: float
    derivative: Tensor
    misfit: float


def top(head: nn.Linear, weight: Tensor, bias: Tensor) -> Top:
    """From the head's gradients (K,d) and (K,), float64: dW = c (p - y) u^T, db = c (p - y)."""
    features = weight.t() @ bias / bias.square().sum().clamp_min(1e-300)
    errors = head(features.unsqueeze(0)).softmax(1)[0].clone()
    label = int(bias.argmin())
    errors[label] -= 1
    factor = float(bias @ errors / errors.square().sum())
    misfit = float((bias - factor * errors).norm() / bias.norm().clamp_min(1e-300))
    return Top(label, features, factor, head.weight.t() @ errors, misfit)


def recursion(network: Network, found: Top) -> list[Solved]:
    """The inputs of the layers of a chain, from the last to the first, whose input is the picture (normalised).

    Args:
        network: the victim's body, traced, with gradients already divided by ``found.factor``.

    Raises:
        BadInput: the body is no chain, or holds a layer that cannot be undone.
    """
    value, derivative = found.features.unsqueeze(0), found.derivative.unsqueeze(0)
    known, solved = torch.ones_like(value, dtype=torch.bool), []
    for node in reversed(chain(network)):
        below = node.all_input_nodes[0]
        shape = (1, *network.shapes[below.name])
        module, kind = network.module(node), kind_of(network, node) or ""
        if kind == "shape":
            value, derivative, known = (t.reshape(shape) for t in (value, derivative, known))
        elif kind in ACTIVATIONS.values():
            value, slope, known = undone(kind, value, leak_of(module, node))
            derivative = derivative * slope
        else:
            assert isinstance(module, (nn.Conv2d, nn.Linear))
            weight = network.gradients[f"{node.target}.weight"]
            name = str(node.target)
            if isinstance(module, nn.Linear):
                solved.append(divided(name, weight, derivative, shape))
            else:
                solved.append(deconvolved(name, module, weight, value, known, derivative, shape))
            value = solved[-1].inputs
            known = torch.ones_like(value, dtype=torch.bool)
            derivative = (
                derivative @ module.weight
                if isinstance(module, nn.Linear)
                else transposed(module, derivative, shape[1:])
            )
    return solved


def chain(network: Network) -> list[fx.Node]:
    """The body's nodes from the picture to the features. Raises BadInput where they are no chain that can be undone."""
    nodes = [n for n in network.graph.graph.nodes if n.op not in ("placeholder", "output", "get_attr")]
    for node in nodes:
        if len(node.all_input_nodes) != 1 or len(node.users) != 1:
            raise BadInput(f"rgap goes down a chain of layers, and {node.name!r} branches or joins: use another attack")
        if kind_of(network, node) is None:
            what = network.module(node)
            name = type(what).__name__ if what is not None else getattr(node.target, "__name__", str(node.target))
            raise BadInput(f"rgap cannot undo {name} ({node.name!r}): use another attack")
    return nodes


def kind_of(network: Network, node: fx.Node) -> str | None:
    """layer, shape, or an activation's name; None for what cannot be undone."""
    module = network.module(node)
    if plain(module) or isinstance(module, nn.Linear):
        return "layer"
    key = node.target if module is None else type(module)
    if key in SHAPING or (isinstance(module, nn.Dropout) and not module.training):
        return "shape"
    return ACTIVATIONS.get(key)  # type: ignore[call-overload,no-any-return]


def leak_of(module: nn.Module | None, node: fx.Node) -> float:
    """The slope of a leaky ReLU below zero, a module's or a function's."""
    if module is not None:
        return float(getattr(module, "negative_slope", 0.01))
    return float(node.kwargs.get("negative_slope", node.args[1] if len(node.args) > 1 else 0.01))  # type: ignore[arg-type]


def undone(kind: str, value: Tensor, leak: float) -> tuple[Tensor, Tensor, Tensor]:
    """(pre-activation, derivative there, where it is known), each of the activation's shape."""
    everywhere = torch.ones_like(value, dtype=torch.bool)
    if kind == "sigmoid":
        inside = value.clamp(INSIDE, 1 - INSIDE)
        return inside.logit(), inside * (1 - inside), everywhere
    if kind == "tanh":
        inside = value.clamp(INSIDE - 1, 1 - INSIDE)
        return inside.atanh(), 1 - inside.square(), everywhere
    if kind == "leaky-relu":
        slope = torch.where(value > 0, 1.0, leak).to(value)
        return value / slope, slope, everywhere
    opened = value > max(1e-5 * float(value.max()), 0.0)
    return value, opened.to(value), opened


def divided(name: str, gradient: Tensor, derivative: Tensor, shape: tuple[int, ...]) -> Solved:
    """Of a fully connected layer: every row of its gradient is the input, times that row's delta."""
    delta = derivative[0]
    inputs = gradient.t() @ delta / delta.square().sum().clamp_min(1e-300)
    left = gradient - delta.unsqueeze(1) * inputs
    misfit = float(left.norm() / gradient.norm().clamp_min(1e-300))
    return Solved(name, inputs.reshape(shape), misfit, gradient.numel(), inputs.numel())


def deconvolved(
    name: str,
    layer: nn.Conv2d,
    gradient: Tensor,
    output: Tensor,
    known: Tensor,
    derivative: Tensor,
    shape: tuple[int, ...],
) -> Solved:
    """Of a convolution: least squares over the weight constraints where the output is known, and the gradient's."""
    unknowns, channels = shape[1] * shape[2] * shape[3], shape[1]
    if unknowns > MOST_UNKNOWNS:
        raise BadInput(f"rgap would solve for {unknowns} numbers at {name!r}: at most {MOST_UNKNOWNS} are allowed")
    bias = 0.0 if layer.bias is None else layer.bias.view(-1, 1, 1)
    target, mask = torch.where(known, output - bias, 0.0), known.to(output)
    matrix, right = equations(layer, gradient, derivative, shape[1:])
    gram = normal(layer, mask, shape)
    pull = transposed(layer, target * mask, shape[1:]).flatten()
    own = matrix.t() @ matrix
    weight = gram.diagonal().mean() / own.diagonal().mean().clamp_min(1e-300)
    cells = own.shape[0]
    for c in range(channels):
        part = slice(c * cells, (c + 1) * cells)
        gram[part, part] += weight * own
        pull[part] += weight * (matrix.t() @ right[:, c])
    answer = solve(gram, pull)
    inputs = answer.view(shape)
    misfit = (F.conv2d(inputs, layer.weight, None, layer.stride, layer.padding) - target) * mask  # type: ignore[arg-type]
    left = float(misfit.norm() / target.norm().clamp_min(1e-300))
    return Solved(name, inputs, left, int(known.sum()) + matrix.shape[0] * channels, unknowns)


def normal(layer: nn.Conv2d, mask: Tensor, shape: tuple[int, ...]) -> Tensor:
    """(n,n): transpose of the convolution times the convolution, where ``mask`` (1,R,h,w) keeps its output."""
    unknowns = shape[1] * shape[2] * shape[3]
    columns = []
    for first in range(0, unknowns, CHUNK):
        count = min(CHUNK, unknowns - first)
        unit = mask.new_zeros(count, unknowns)
        unit[torch.arange(count), first + torch.arange(count)] = 1
        out = F.conv2d(unit.view(count, *shape[1:]), layer.weight, None, layer.stride, layer.padding)  # type: ignore[arg-type]
        columns.append(transposed(layer, out * mask, shape[1:]).flatten(1))
    return torch.cat(columns)


def solve(gram: Tensor, right: Tensor) -> Tensor:
    """The solution of smallest norm, but for a ridge that grows until the factorisation holds."""
    ridge = RIDGE * max(float(gram.diagonal().max()), 1e-300)
    eye = torch.eye(len(gram), dtype=gram.dtype)
    factor, failed = torch.linalg.cholesky_ex(gram + ridge * eye)
    while failed:
        ridge *= 100
        factor, failed = torch.linalg.cholesky_ex(gram + ridge * eye)
    return torch.cholesky_solve(right.unsqueeze(1), factor)[:, 0]
