"""Down a network with known derivatives: each layer's input from its weight gradient, by least squares.

Where the maps F at one node of the network are known, so is all above it, and automatic differentiation gives the
loss's derivative there. Going down, each step is linear:

* a ReLU passes the derivative where its output, known from the convolution above it, is not zero;
* BatchNorm in inference mode scales it; a sum hands it to both sides; a convolution transposes;
* a convolution with derivative delta at its output and gradient dW has the input F that solves

      dW[o,c,s] = sum over pictures i and positions p of delta_i[o,p] F_i[c, cell of p at shift s],

  9 equations per output channel, the same matrix for every input channel, one unknown per picture and cell.

What limits it is the matrix: more unknowns than equations, or a bad condition (``Level.condition``). The derivatives
come from the head by exact transposition, so that errors do not add up from level to level; only gates must be right.
A gate in doubt (an activation within rounding of zero) is read off the gradient of the layer below: its derivative is
there in full size or not at all.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.nn.grad import conv2d_input
from torch.nn.modules.batchnorm import _BatchNorm

from gi_core import cancellation
from gi_core.inversion.map_gram import Window
from gi_core.inversion.row_space import window

QUIET = 1e-4
"""Channels whose gradient is below this share of the largest are silent but for rounding and others' traces."""
RIDGE = 1e-14
"""Of the normal equations, as a share of their largest diagonal entry."""
ROUNDS, ATTEMPTS = 8, 18
"""Times that gates are mended, and that channels which disagree are left out or, where that settles without agreement,
all are weighted by how well they agreed (least absolute deviations), at most."""
CLEAR = 5.0
"""An activation above this multiple of the rounding is one: negative entries show rounding's size, and its tails are
longer; true activations that small are few, since they are as dense there as anywhere."""
DOUBT = 10.0
"""An activation between the rounding at its place and this multiple of the largest may be one or the other."""
SPARE = 1.3
"""Equations per unknown, without which channels cannot contradict each other."""
WELL = 1e3
"""Condition that a first look at contradictions may have."""
OFF, AGREES = 8.0, 3e-6
"""A channel disagrees above this multiple of the median residual, and above this share of its gradient."""
CANDIDATES = 640
"""Activations nearest to zero, a channel, whose gates may be wrong."""
FEW = 12
"""Wrong gates of a channel that are looked for one by one."""
EXPLAINED = 0.01
"""Share of a contradiction that the gates that make it may leave."""


@dataclass(frozen=True)
class Contradictions:
    """Output channels (R,) bool that disagree with the input ``maps`` (B,C,H,W); ``left`` (R,S,C) unexplained."""

    rows: Tensor
    left: Tensor
    maps: Tensor


@dataclass
class Level:
    """The input of convolutions, solved for.

    Attributes:
        node: its name in the graph.
        maps: (B,C,H,W) float64.
        residual: share of the gradients' energy that it leaves unexplained; condition: of the matrix.
        equations, unknowns: per input channel.
    """

    node: str
    maps: Tensor
    residual: float
    condition: float
    equations: int
    unknowns: int

    @property
    def misfit(self) -> float:
        """The residual as it would be without unknowns to hide in: one of n equations in m is sqrt(1 - m/n) of it."""
        return float(self.residual / max(1 - self.unknowns / self.equations, 1e-6) ** 0.5)


@dataclass
class Network:
    """A victim's body as a graph of modules.

    Attributes:
        graph: traced; modules: by target; gradients: parameter name in the body -> gradient, float64.
        shapes: node name -> shape of one picture's value.
    """

    graph: fx.GraphModule
    gradients: dict[str, Tensor]
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @staticmethod
    def of(body: nn.Module, gradients: dict[str, Tensor], picture: Tensor) -> Network:
        """picture: (1,C,H,W) of the body's input. Raises whatever ``torch.fx`` raises on bodies it cannot trace."""
        network = Network(fx.symbolic_trace(body), gradients)
        values: dict[str, Tensor] = {}
        KeepingValues(network.graph, values).run(picture)
        network.shapes = {name: tuple(v.shape[1:]) for name, v in values.items()}
        return network

    def module(self, node: fx.Node) -> nn.Module | None:
        return self.graph.get_submodule(str(node.target)) if node.op == "call_module" else None

    def convolutions(self) -> list[fx.Node]:
        return [n for n in self.graph.graph.nodes if plain(self.module(n))]

    def is_cut(self, node: fx.Node) -> bool:
        """Whether the output depends on the picture through ``node`` alone."""
        reached = {n for n in self.graph.graph.nodes if n.op == "placeholder"}
        for n in self.graph.graph.nodes:
            if n is not node and any(a in reached for a in n.all_input_nodes):
                reached.add(n)
        return all(n not in reached or n is node for n in self.graph.graph.nodes if n.op == "output")

    def above(self, node: fx.Node, maps: Tensor) -> Tensor:
        """The body's output (B,d), given the value of a cut node (B,C,H,W)."""
        values: dict[str, Tensor] = {node.name: maps}
        return KeepingValues(self.graph, values, start=node).answer()


class KeepingValues(fx.Interpreter):
    """Runs a graph, or what is above one node of it, and keeps the values."""

    def __init__(self, graph: fx.GraphModule, values: dict[str, Tensor], start: fx.Node | None = None) -> None:
        super().__init__(graph, garbage_collect_values=False)
        self.values, self.start = values, start

    def run_node(self, n: fx.Node) -> Tensor:
        result = super().run_node(n)
        if isinstance(result, Tensor) and n.op != "output":
            self.values[n.name] = result.clone()
        return result  # type: ignore[no-any-return]

    def answer(self) -> Tensor:
        """The output, from the start's value on."""
        assert self.start is not None
        self.env = {self.start: self.values[self.start.name].clone()}
        for n in self.graph.nodes:
            if n.op == "output":
                return self.env[n.args[0]]  # type: ignore[index,no-any-return]
            if n is not self.start and any(a in self.env for a in n.all_input_nodes):
                self.env[n] = super().run_node(n)
        raise AssertionError


def is_sum(node: fx.Node) -> bool:
    sums = (operator.add, operator.iadd, torch.add, "add", "add_")
    return node.op in ("call_function", "call_method") and node.target in sums and len(node.all_input_nodes) == 2


def plain(module: nn.Module | None) -> bool:
    return (
        isinstance(module, nn.Conv2d) and module.groups == 1 and module.dilation == (1, 1)
        and not isinstance(module.padding, str) and module.padding_mode == "zeros"
    )  # fmt: skip


def window_of(conv: nn.Conv2d, shape: tuple[int, ...]) -> Window:
    kernel, stride, padding = conv.kernel_size, conv.stride, conv.padding
    return Window(shape, kernel, stride, padding)  # type: ignore[arg-type]


def system(conv: nn.Conv2d, delta: Tensor, shape: tuple[int, ...]) -> Tensor:
    """(R*S,B*H*W): what multiplies one input channel of ``conv``. delta: (B,R,h,w) at its output."""
    held = torch.from_numpy(window_of(conv, shape).held)
    pictures, rows = delta.shape[:2]
    cells, flat = shape[1] * shape[2], delta.flatten(2).permute(1, 0, 2)
    matrix = delta.new_zeros(rows, held.shape[1], pictures, cells)
    for s in range(held.shape[1]):
        inside = held[:, s] >= 0
        matrix[:, s, :, held[inside, s]] = flat[:, :, inside]
    return matrix.view(rows * held.shape[1], pictures * cells)


def equations(
    conv: nn.Conv2d, gradient: Tensor, delta: Tensor, shape: tuple[int, ...], rows: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """(A, y) with A F = y, (n,B*H*W) and (n,C); each output channel of the same weight, quiet ones of none."""
    if rows is not None:
        delta, gradient = delta[:, rows], gradient[rows]
    size = gradient.flatten(1).norm(dim=1)
    weight = torch.where(size > QUIET * size.max(), 1 / size.clamp_min(1e-300), 0)
    matrix = system(conv, delta * weight.view(-1, 1, 1), shape)
    right = (gradient * weight.view(-1, 1, 1, 1)).flatten(2).permute(0, 2, 1).reshape(len(matrix), -1)
    return matrix, right


def least_squares(matrix: Tensor, right: Tensor) -> tuple[Tensor, float]:
    """argmin |A F - y|, by normal equations, and an estimate of A's condition."""
    gram = matrix.t() @ matrix
    ridge = RIDGE * max(float(gram.diagonal().max()), 1e-300)
    factor, failed = torch.linalg.cholesky_ex(gram + ridge * torch.eye(len(gram)).to(gram))
    while failed:
        ridge *= 100
        factor, failed = torch.linalg.cholesky_ex(gram + ridge * torch.eye(len(gram)).to(gram))
    pivots = factor.diagonal()
    return torch.cholesky_solve(matrix.t() @ right, factor), float(pivots.max() / pivots.min())


def as_maps(answer: Tensor, shape: tuple[int, ...]) -> Tensor:
    """(B*H*W,C) -> (B,C,H,W)."""
    return answer.t().reshape(shape[0], -1, *shape[1:]).transpose(0, 1)


def unflat(place: Tensor, shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    return place // shape[-1], place % shape[-1]


@dataclass(frozen=True)
class Rows:
    """A convolution's equations (R*S,n), (R*S,C) by its ``count`` output channels, and others (m,n), (m,C) to trust."""

    matrix: Tensor
    right: Tensor
    count: int
    sure: list[tuple[Tensor, Tensor]]

    def too_few(self) -> bool:
        return len(self.matrix) + sum(len(m) for m, _ in self.sure) < SPARE * self.matrix.shape[1]

    def fitted(self, weights: Tensor) -> tuple[Tensor, Tensor]:
        """The answer (n,C) with each channel's equations times its weight (R,), and how far each is off it (R,)."""
        kept = weights > 0
        each = weights[kept].repeat_interleave(len(self.matrix) // self.count)[:, None]
        heaviest = float(weights.max())
        parts = [(self.of(self.matrix, kept) * each, self.of(self.right, kept) * each)]
        parts += [(m * heaviest, r * heaviest) for m, r in self.sure]
        answer, _ = least_squares(*(torch.cat(part) for part in zip(*parts, strict=True)))
        return answer, self.left(answer).flatten(1).norm(dim=1)

    def agreed(self, good: Tensor) -> tuple[Tensor, Tensor]:
        """As :meth:`fitted`, from the channels ``good`` (R,) bool on, with those that turn out to agree."""
        weights, settled = good.double(), False
        for _ in range(ATTEMPTS):
            cancellation.check()
            answer, off = self.fitted(weights)
            before, good = good, off <= max(OFF * float(off.median()), AGREES)
            if bool((good == before).all()):
                if float(off.median()) < AGREES:
                    break
                settled = True
            weights = 1 / off.clamp_min(AGREES) if settled else good.double()
        return answer, off

    def of(self, equations: Tensor, kept: Tensor) -> Tensor:
        return equations.view(self.count, -1, equations.shape[1])[kept].flatten(0, 1)

    def left(self, answer: Tensor) -> Tensor:
        """(R,S,C)."""
        return (self.right - self.matrix @ answer).view(self.count, -1, self.right.shape[1])

    def least_doubtful(self, doubtful: Tensor) -> Tensor:
        """(R,) bool: channels with the fewest doubtful gates (R,), as many as give well-conditioned equations."""
        equations, unknowns = self.matrix.shape
        missing = unknowns - sum(len(m) for m, _ in self.sure)
        order, count = doubtful.sort().values, max(1, missing * self.count // equations)
        while count < self.count:
            good = doubtful <= order[count]
            chosen = torch.cat([self.of(self.matrix, good), *(m for m, _ in self.sure)])
            if least_squares(chosen, chosen.new_zeros(len(chosen), 1))[1] < WELL:
                return good
            count = int(1.4 * count) + 1
        return torch.ones(self.count, dtype=torch.bool)


class Peeling:
    """From the derivative at a node downwards, until a layer cannot be solved for.

    Args:
        maps: (B,C,H,W) float64, the value of ``start``, where known; derivative: the loss's there, of the same shape.
        known: other values.
    """

    def __init__(
        self, network: Network, start: fx.Node, maps: Tensor | None, derivative: Tensor,
        known: dict[fx.Node, Tensor] | None = None,
    ) -> None:  # fmt: skip
        self.network, self.pictures, self.start = network, len(derivative), start
        self.values = (known or {}) | ({} if maps is None else {start: maps})
        self.derivatives: dict[fx.Node, Tensor] = {start: derivative}
        self.at_output: dict[fx.Node, Tensor] = {}
        self.levels: list[Level] = []

    def run(self) -> Iterator[Level]:
        """The levels solved, from above to below."""
        nodes = list(self.network.graph.graph.nodes)
        for node in reversed(nodes[: nodes.index(self.start) + 1]):
            cancellation.check()
            if node not in self.derivatives:
                continue
            convs = [n for n in node.users if n in self.at_output]
            if convs and node not in self.values:
                level = self.solve(node, convs)
                if level is None:
                    return
                self.values[node] = level.maps
                self.levels.append(level)
                yield level
            if not self.step(node):
                return

    def step(self, node: fx.Node) -> bool:
        """Hand the derivative at ``node`` on to what it is made of; False where the way down ends."""
        module, g = self.network.module(node), self.derivatives[node]
        if isinstance(module, nn.ReLU) or node.target in (F.relu, torch.relu):
            if node not in self.values:
                return False
            self.give(node.all_input_nodes[0], g * self.gates(node, g))
        elif isinstance(module, _BatchNorm):
            self.give(node.all_input_nodes[0], g * slope(module).view(-1, 1, 1))
        elif plain(module):
            assert isinstance(module, nn.Conv2d)
            self.at_output[node] = g
            below = node.all_input_nodes[0]
            self.give(below, transposed(module, g, self.network.shapes[below.name]))
        elif is_sum(node):
            for one in node.all_input_nodes:
                self.give(one, g)
        else:
            return node.op == "placeholder"
        return True

    def give(self, node: fx.Node, g: Tensor) -> None:
        self.derivatives[node] = self.derivatives[node] + g if node in self.derivatives else g

    def equations_of(self, conv: fx.Node, delta: Tensor) -> tuple[Tensor, Tensor]:
        module, shape = self.network.module(conv), self.network.shapes[conv.all_input_nodes[0].name]
        assert isinstance(module, nn.Conv2d)
        return equations(module, self.network.gradients[f"{conv.target}.weight"], delta, shape)

    def solve(self, node: fx.Node, convs: list[fx.Node]) -> Level | None:
        """The value of ``node`` from the gradients of the convolutions that read it; None: too few equations."""
        shape = self.network.shapes[node.name]
        parts = [self.equations_of(c, self.at_output[c]) for c in convs]
        matrix, right = (torch.cat(p) for p in zip(*parts, strict=True))
        if len(matrix) < matrix.shape[1]:
            return None
        answer, condition = least_squares(matrix, right)
        residual = float((matrix @ answer - right).norm() / right.norm())
        return Level(node.name, as_maps(answer, shape), residual, condition, *matrix.shape)

    def gates(self, node: fx.Node, g: Tensor) -> Tensor:
        """(B,C,H,W) bool: where a ReLU lets the derivative ``g`` through, its output being known but for rounding.

        How large the rounding is, its negative entries show. What is still wrong is found in the gradient of the
        convolution whose output the ReLU cuts off: only the channels with a wrong gate contradict the others.
        """
        value = self.values[node]
        rounding = (-value).amax(1, keepdim=True).clamp_min(0)
        opened = value > CLEAR * rounding.max()
        doubtful = ((value > rounding) & (value < DOUBT * rounding.max())).transpose(0, 1).flatten(1).sum(1)
        conv = self.feeding(node)
        for _ in range(ROUNDS if conv is not None else 0):
            assert conv is not None
            wrong = self.contradictions(conv, self.pushed(node, conv, g * opened), doubtful)
            if wrong is None or not wrong.rows.any():
                break
            changed = self.flips(node, conv, g, opened, wrong)
            if not changed.any():
                break
            opened = opened ^ changed
        return opened

    def feeding(self, node: fx.Node) -> fx.Node | None:
        """The convolution whose output, normalised or added to, a ReLU cuts off, channel by channel."""
        below = list(node.all_input_nodes)
        while below:
            one = below.pop(0)
            module = self.network.module(one)
            if plain(module):
                return one
            if isinstance(module, _BatchNorm) or is_sum(one):
                below += one.all_input_nodes
        return None

    def pushed(self, node: fx.Node, conv: fx.Node, g: Tensor) -> Tensor:
        """The derivative at ``conv``'s output, given that below the ReLU ``node``."""
        one, path = conv, []
        while one is not node:
            path.append(one)
            one = next(u for u in one.users if u is node or self.leads(u, node))
        for one in reversed(path):
            module = self.network.module(one)
            g = g + self.derivatives[one] if one in self.derivatives else g
            if isinstance(module, _BatchNorm):
                g = g * slope(module).view(-1, 1, 1)
        return g

    def leads(self, node: fx.Node, target: fx.Node) -> bool:
        module = self.network.module(node)
        if not isinstance(module, _BatchNorm) and not (is_sum(node)):
            return False
        return any(u is target or self.leads(u, target) for u in node.users)

    def contradictions(self, conv: fx.Node, delta: Tensor, doubtful: Tensor) -> Contradictions | None:
        """Output channels that disagree with the input that the others agree on; None: too few equations.

        Other convolutions that read the same input and are behind no doubtful gate take part.
        doubtful: (R,) gates in doubt; the first look is at the channels with the fewest.
        """
        below = conv.all_input_nodes[0]
        sure = [self.equations_of(n, self.at_output[n]) for n in below.users if n in self.at_output and n is not conv]
        rows = Rows(*self.equations_of(conv, delta), delta.shape[1], sure)
        if rows.too_few():
            return None
        answer, off = rows.agreed(rows.least_doubtful(doubtful))
        wrong = off > max(OFF * float(off.median()), AGREES)
        return Contradictions(wrong, rows.left(answer), as_maps(answer, self.network.shapes[below.name]))

    def flips(self, node: fx.Node, conv: fx.Node, g: Tensor, opened: Tensor, wrong: Contradictions) -> Tensor:
        """Gates to change: those nearest to zero whose change explains what is left of a contradicting channel."""
        value, changed = self.values[node].abs(), torch.zeros_like(opened)
        module = self.network.module(conv)
        assert isinstance(module, nn.Conv2d)
        full = self.pushed(node, conv, g) - self.pushed(node, conv, torch.zeros_like(g))
        patches = F.unfold(wrong.maps, **window(module))
        size = self.network.gradients[f"{conv.target}.weight"].flatten(1).norm(dim=1)
        for row in wrong.rows.nonzero()[:, 0].tolist():
            near = value[:, row].flatten().argsort()[:CANDIDATES]
            near = near[full[:, row].flatten()[near] != 0]
            picture, place = near // value[0, row].numel(), near % value[0, row].numel()
            sign = 1.0 - 2.0 * opened[:, row].flatten()[near].double()
            weight = sign * full[:, row].flatten()[near] / size[row]
            columns = weight[:, None] * patches[picture, :, place]
            left = wrong.left[row].t().flatten()
            flip = near[explaining(columns, left)]
            changed[flip // value[0, row].numel(), row, *unflat(flip % value[0, row].numel(), value.shape)] = True
        return changed


def explaining(columns: Tensor, left: Tensor) -> Tensor:
    """(k,): which of the changes (n,m) add up to ``left`` (m,): as few as explain it, one after the other, the best
    with all before it (orthogonal matching pursuit), else those that least squares gives more than half of; none where
    that does not explain it either."""
    size = columns.norm(dim=1).clamp_min(1e-300)
    chosen: list[int] = []
    rest = left
    for _ in range(min(FEW, len(columns))):
        chosen.append(int(((columns @ rest).abs() / size).argmax()))
        share = torch.linalg.lstsq(columns[chosen].t(), left[:, None]).solution[:, 0]
        rest = left - columns[chosen].t() @ share
        if float(rest.norm()) < EXPLAINED * float(left.norm()):
            return torch.tensor(chosen)[share > 0.5]
    share = least_squares(columns.t(), left[:, None])[0][:, 0]
    explained = float((left - columns.t() @ share).norm()) < 10 * EXPLAINED * float(left.norm())
    return ((share > 0.5) & explained).nonzero()[:, 0]


def slope(layer: _BatchNorm) -> Tensor:
    assert layer.running_var is not None
    scale = (layer.running_var + layer.eps).rsqrt()
    return scale if layer.weight is None else scale * layer.weight


def transposed(conv: nn.Conv2d, g: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The derivative at the input (B,*shape) of a convolution."""
    return conv2d_input((len(g), *shape), conv.weight, g, conv.stride, conv.padding)  # type: ignore[no-any-return]
