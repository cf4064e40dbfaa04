"""Coarse-GIT: a network that mirrors the victim's backward pass, one module per stage, deepest first."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.networks.front import solve_ridge
from gi_core.networks.sketch import LONG, Sketch, scales

MAX_UNITS = 3072
CODE = 256
RANK = 128


@dataclass(frozen=True)
class Stage:
    """A piece of the victim's body.

    Attributes:
        name: of its first module. start, stop: its numbers in the flattened gradient.
        units: size of its input; 256 where that is more than 3072, too many to estimate one by one.
    """

    name: str
    start: int
    stop: int
    units: int


def stages(victim: Victim, most: int = 6) -> list[Stage]:
    """The victim's body cut at its top-level modules that hold parameters, merged to at most ``most`` pieces.

    Raises:
        BadInput: the body is not a sequence of modules.
    """
    if not isinstance(victim.body, nn.Sequential):
        raise BadInput("git mirrors a victim whose body is a sequence of modules; this one's is not")
    sizes, x = {}, torch.zeros(1, *victim.image_shape)
    training = victim.training
    victim.eval()
    with torch.no_grad():
        for name, module in victim.body.named_children():
            sizes[name] = x.numel()
            x = module(x)
    victim.train(training)
    found: list[Stage] = []
    place = 0
    for name, module in victim.body.named_children():
        count = sum(p.numel() for p in module.parameters())
        if count:
            units = sizes[name] if sizes[name] <= MAX_UNITS else CODE
            found.append(Stage(name, place, place + count, units))
        place += count
    while len(found) > most:
        pair = min(range(len(found) - 1), key=lambda i: found[i + 1].stop - found[i].start)
        first, second = found[pair], found[pair + 1]
        found[pair : pair + 2] = [Stage(first.name, first.start, second.stop, first.units)]
    return found


class Piece(nn.Module):
    """Shallow MLP: [estimate of the stage's output; the stage's gradient; delta of the head] -> the stage's input.

    Half of the hidden units are linear, the others leaky ReLU.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.into = nn.Linear(inputs, hidden)
        self.out = nn.Linear(hidden, outputs)

    def forward(self, *pieces: Tensor) -> Tensor:
        linear, bent = self.into(torch.cat(pieces, 1)).tensor_split(2, 1)
        return self.out(torch.cat([linear, nn.functional.leaky_relu(bent, 0.2)], 1))

    @torch.no_grad()
    def carry(self, read: Tensor, write: Tensor) -> None:
        """Start as the linear map x -> write read^T x through the linear units, other inputs ignored.

        ``read`` (a,r), ``write`` (b,r), r at most half of the hidden units.
        """
        rank = read.shape[1]
        self.out.weight.zero_()
        self.out.bias.zero_()
        self.out.weight[:, :rank] = write
        self.into.weight[:rank] = 0
        self.into.bias[:rank] = 0
        self.into.weight[:rank, : len(read)] = read.T


class CoarseGIT(nn.Module):
    """Bootstrap on the head's gradient, then one module per stage down to the picture, trained end to end.

    "Gradient Inversion Transcript": module sizes are ours (the paper's are not known). The head's step is the exact
    one, h = delta^+ dL/dW with delta = dL/db; it also fixes the scale: every block is divided by |dL/db|, then by its
    root mean square over training gradients.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, victim: Victim, hidden: tuple[int, ...] = (288, 256, 256, 352)) -> None:
        super().__init__()
        self.image_shape = victim.image_shape
        self.classes, self.width = victim.num_classes, victim.head.in_features
        self.stages = stages(victim)
        self.head_start = sum(p.numel() for p in victim.body.parameters())
        sizes = [hidden[0], *(hidden[1:] + (hidden[-1],) * len(self.stages))[: len(self.stages)]]
        known = self.classes + 1
        self.register_buffer("centre", torch.zeros(self.width))
        self.register_buffer("spread", torch.ones(self.width))
        self.bootstrap = Piece(self.width + known, sizes[0], self.width)
        self.sketches, self.pieces = nn.ModuleList(), nn.ModuleList()
        units, bins = self.width, 1024 if self.head_start < LONG else 512
        for number, stage in enumerate(reversed(self.stages)):
            sketch = Sketch(stage.stop - stage.start, bins, seed=number)
            pixels = self.image_shape[0] * self.image_shape[1] * self.image_shape[2]
            outputs = pixels if number == len(self.stages) - 1 else stage.units
            self.register_buffer(f"scale{number}", torch.ones(sketch.bins))
            self.sketches.append(sketch)
            self.pieces.append(Piece(units + sketch.bins + known, sizes[number + 1], outputs))
            units = outputs

    @property
    def chain(self) -> list[Piece]:
        """The stages' pieces, deepest first."""
        return [piece for piece in self.pieces if isinstance(piece, Piece)]

    @property
    def counts(self) -> Tensor:
        """(L,) how many of the gradient's numbers each number of :meth:`look` adds up."""
        head = torch.ones(self.classes * self.width + self.classes)
        return torch.cat([*(s.counts for s in self.sketches if isinstance(s, Sketch)), head])

    def look(self, gradients: Tensor) -> Tensor:
        """(N,P) gradients, all tensors flattened in the victim's order -> (N,L): all that the network sees of them.

        Each stage's gradient sketched, deepest first, then the head's as it is.
        """
        parts = [
            sketch(gradients[:, stage.start : stage.stop])
            for sketch, stage in zip(self.sketches, reversed(self.stages), strict=True)
        ]
        return torch.cat([*parts, gradients[:, self.head_start :]], 1)

    def blocks(self, looks: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """(N,L) -> features (N,d), what the head's bias says (N,K+1), and each stage's gradient, deepest first.

        The last number of the bias's says how much of the head's gradient is noise.
        """
        *parts, head = looks.split([*(sketch.bins for sketch in self.sketches), self.classes * (self.width + 1)], 1)
        weight = head[:, : self.classes * self.width].view(-1, self.classes, self.width)
        bias = head[:, self.classes * self.width :]
        size = bias.norm(dim=1, keepdim=True).clamp_min(1e-12)
        direction = bias / size
        features = torch.einsum("nk,nkd->nd", direction, weight) / size
        fit = direction.unsqueeze(2) * features.unsqueeze(1) * size.unsqueeze(2)
        noise = (weight - fit).square().mean((1, 2)).sqrt().unsqueeze(1) / size
        known = torch.cat([direction, noise.clamp(1e-5, 10).log10()], 1)
        return features, known, [part / size for part in parts]

    @torch.no_grad()
    def fit(self, looks: Tensor, pictures: Tensor) -> None:
        """Input scales from looks at training gradients (N,L)."""
        features, _, parts = self.blocks(looks)
        self.centre.copy_(features.mean(0))
        self.spread.copy_(features.std(0).clamp_min(1e-6))
        for number, part in enumerate(parts):
            getattr(self, f"scale{number}").copy_(scales(part))

    @torch.no_grad()
    def start(self, features: Tensor, pictures: Tensor) -> None:
        """Start as ridge regression from features (N,d) to pictures, handed down from piece to piece at low rank."""
        mean = pictures.flatten(1).mean(0)
        inputs = ((features - self.centre) / self.spread).clamp(-6, 6)
        left, values, right = torch.linalg.svd(
            solve_ridge(inputs, pictures.flatten(1) - mean, 10.0), full_matrices=False
        )
        rank = min(RANK, self.width, *(piece.into.out_features // 2 for piece in (self.bootstrap, *self.chain)))
        code = left[:, :rank]
        self.bootstrap.carry(code, code)
        for piece in self.chain[:-1]:
            write = torch.eye(piece.out.out_features, rank)
            piece.carry(code, write)
            code = write
        self.chain[-1].carry(code, right[:rank].T * values[:rank])
        self.chain[-1].out.bias.copy_(mean)

    def decode(self, looks: Tensor) -> Tensor:
        """(N,L) -> (N,C,H,W), not clamped."""
        features, known, parts = self.blocks(looks)
        x = self.bootstrap(((features - self.centre) / self.spread).clamp(-6, 6), known)
        for number, (module, part) in enumerate(zip(self.pieces, parts, strict=True)):
            x = module(x, (part / getattr(self, f"scale{number}")).clamp(-6, 6), known)
        return x.view(-1, *self.image_shape)

    def forward(self, gradients: Tensor) -> Tensor:
        """(N,P) gradients, all tensors flattened in the victim's order -> (N,C,H,W), not clamped."""
        return self.decode(self.look(gradients))
