"""A first block whose gradient holds the pictures, one to a bin.

Fowl, Geiping, Czaja, Goldblum, Goldstein, "Robbing the Fed: Directly Obtaining Private Data in Federated Learning with
Modified Models", ICLR 2022. K rows ask one question of the picture u, with rising thresholds:

    a_k = m . u - t_k      cumulative: r_k = relu(a_k)      sparse: r_k = min(relu(a_k), t_{k+1} - t_k)

A sparse row has slope only while t_k < m . u < t_{k+1}, so its weight gradient is the sum of delta_i u_i over the
pictures of that bin, and its bias gradient the sum of delta_i. A picture alone in its bin is their quotient. Cumulative
rows hold all pictures above their threshold: neighbouring rows are subtracted first.

The sparse row is capped at the bin's width; the published one is divided by it instead, which is the same in exact
arithmetic, but its large weights round a float32 weight delta away.

A few inputs more than the picture has carry 1 + the mean of u^2 over each cell of a 4 x 4 grid and each channel, with
weight 0 in every row (ours). For a lone picture the quotient repeats them; for a blend u = sum a_i u_i the quotient
exceeds what the blend itself has by the mean of sum a_i (u_i - u)^2 over the cell. The gap tells without truth, labels
or network how far a quotient is from the picture.

Several questions may share the rows (ours). Each picture then stands in one bin of each question, with the same
derivative delta_i. Once it is read from a bin where it is alone, delta_i u_i is taken out of its other bins, where
another picture may now be alone: the decoding of an invertible Bloom lookup table (Goodrich and Mitzenmacher, 2011).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.observation import ServerFacts
from gi_core.seeds import stream_seed
from gi_core.servers.base import (
    PUBLIC_PICTURES,
    Sent,
    Server,
    check_size,
    copied,
    linear_head,
    public_measurements,
    servers,
)

BRIGHTNESS = (0.45, 0.12)
"""Mean and deviation, over photographs, of a picture's mean pixel in [0,1]: ImageNet 0.446, 0.120; CIFAR-10 0.472,
0.125."""
GRID = 4
"""Cells on a side of the grid of checksums."""
QUESTIONS = 3
"""By default: with pictures up to four fifths of the rows, peeling reads nearly all."""
FIELD = 4
"""Cells on a side of the random field behind the smooth measurement."""


class Bins(nn.Module):
    """(B,C,H,W) normalised pictures -> (B,K) responses r_k, by a linear layer of K rows.

    Args:
        questions: (Q,n) measurements m; thresholds: (Q,K/Q), ascending for each.
        sparse: rows answer inside their bin alone; checksums: inputs behind the pixels, 0 or 16 a channel.
    """

    widths: Tensor

    def __init__(self, questions: Tensor, thresholds: Tensor, *, sparse: bool, checksums: int) -> None:
        super().__init__()
        self.sparse, self.checksums = sparse, checksums
        count, n = questions.shape
        self.rows = nn.Linear(n + checksums, thresholds.numel(), device="meta").to_empty(device="cpu")
        with torch.no_grad():
            self.rows.weight.zero_()
            self.rows.weight.view(count, -1, n + checksums)[:, :, :n] = questions[:, None]
            self.rows.bias.copy_(-thresholds.flatten())
        gaps = thresholds.diff(dim=1)
        self.register_buffer("widths", torch.cat([gaps, gaps[:, -1:] * gaps.shape[1]], 1).flatten(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        u = x.flatten(1)
        if self.checksums:
            u = torch.cat([u, 1 + F.adaptive_avg_pool2d(x.square(), GRID).flatten(1)], 1)
        answers = F.relu(self.rows(u))
        return torch.minimum(answers, self.widths) if self.sparse else answers


class Before(nn.Module):
    """``body(x + gain * (sum_k r_k))``: the bins in front of a network that otherwise works as before."""

    def __init__(self, bins: Bins, body: nn.Module, gain: float) -> None:
        super().__init__()
        self.bins, self.body, self.gain = bins, body, gain

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x + self.gain * self.bins(x).sum(1).view(-1, 1, 1, 1))


class Alone(nn.Module):
    """One feature, sum_k (-1)^k r_k / width_k - 1/2, which stays near [-1/2, 1/2]; the network behind it is silent."""

    def __init__(self, bins: Bins, body: nn.Module) -> None:
        super().__init__()
        self.bins, self.body = bins, body
        signs = 1.0 - 2.0 * (torch.arange(len(bins.widths)) % 2)
        self.register_buffer("weights", signs / bins.widths, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.bins(x) @ self.get_buffer("weights")[:, None] - 0.5


@servers.register("imprint")
@dataclass(frozen=True, kw_only=True)
class Imprint(Server):
    """A first layer that sorts the pictures into bins: the update carries each picture that is alone in its bin.

    Fowl et al., "Robbing the Fed", ICLR 2022.
    """

    changes: ClassVar = "architecture"
    sok: ClassVar[str] = "G"
    needs: ClassVar[str] = "A client that trains whatever code it is sent; nothing is known of its pictures."
    fails: ClassVar[str] = (
        "Pictures that share a bin blend; a clip with noise drowns the rows, and signs or coarse quantisation end it."
    )
    defend: ClassVar[str] = (
        "Inspect the model before training it, refuse layers that were not agreed on, clip and noise."
    )

    bins: int = option(256, "rows of the layer", low=2, high=65536)
    questions: int = option(
        0, "questions that share the rows: pictures blend in one, not in all (0: three where rows allow it, else one)",
        low=0, high=8,
    )  # fmt: skip
    units: Literal["sparse", "cumulative"] = option("sparse", "rows answer in their bin alone, or above its threshold")
    measure: Literal["mean", "smooth", "randn"] = option(
        "mean", "the question: mean pixel, a smooth random field, or white noise"
    )
    fit: Literal["gauss", "public"] = option(
        "gauss", "thresholds at quantiles of a normal distribution, or of public pictures"
    )
    connect: Literal["add", "logit"] = option(
        "add", "rows are added to the pixels before the network, or are the only input of the first class"
    )
    gain: float = option(0.001, "how strongly the rows act on what follows", low=1e-12, high=1e6)
    checksum: bool = option(True, "inputs with the mean of u^2 over a 4x4 grid, which tell a picture from a blend")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.questions > 1 and not self.peelable:
            raise BadInput(f"imprint:questions={self.questions}: needs units=sparse, connect=add and checksum=true")
        if self.bins < 2 * self.questions:
            raise BadInput(f"imprint:questions={self.questions}: at most {self.bins // 2} for {self.bins} bins")

    @property
    def peelable(self) -> bool:
        """Whether a picture that was read can be told, and taken out of its bins of the other questions."""
        return (self.units, self.connect, self.checksum) == ("sparse", "add", True)

    @property
    def asked(self) -> int:
        """Questions that share the rows."""
        if self.questions:
            return self.questions
        return QUESTIONS if self.peelable and self.bins >= 2 * QUESTIONS else 1

    def send(self, victim: Victim, seed: int) -> Sent:
        linear_head(victim)
        victim = copied(victim)
        shape = victim.image_shape
        check_size("imprint:bins", self.bins, shape)
        questions = [self.question(shape, seed, number) for number in range(self.asked)]
        thresholds = torch.stack([self.thresholds(victim, q, seed, number) for number, q in enumerate(questions)])
        checksums = shape[0] * GRID**2 if self.checksum else 0
        bins = Bins(torch.stack(questions), thresholds, sparse=self.units == "sparse", checksums=checksums).to(
            victim.mean.device
        )
        if self.connect == "add":
            victim.body = Before(bins, victim.body, self.gain)
        else:
            victim.body, victim.head = Alone(bins, victim.body), self.first_class(victim)
        victim.train(victim.training)
        options = {"units": self.units, "bins": thresholds.numel(), "checksum": self.checksum}
        options |= {"questions": self.asked}
        return Sent((victim,), (victim,), ServerFacts("imprint", options, layer="body.bins.rows"))

    def first_class(self, victim: Victim) -> nn.Linear:
        """The head of a network whose only feature speaks for class 0, times ``gain``."""
        head = nn.Linear(1, victim.num_classes).to(victim.mean.device)
        nn.init.zeros_(head.bias)
        with torch.no_grad():
            head.weight.zero_()[0] = self.gain
        return head

    def question(self, shape: tuple[int, int, int], seed: int, number: int = 0) -> Tensor:
        """(n,) of norm 1/sqrt(n): m . u is of the size of a mean pixel; after the mean come smooth fields."""
        n = math.prod(shape)
        if self.measure == "mean" and not number:
            return torch.full((n,), 1 / n)
        generator = torch.Generator().manual_seed(stream_seed(seed, f"imprint {number}"))
        if self.measure == "randn":
            field = torch.randn(n, generator=generator)
        else:
            cells = torch.randn(1, shape[0], FIELD, FIELD, generator=generator)
            field = F.interpolate(cells, size=shape[1:], mode="bicubic", align_corners=False).flatten()
        return field / (field.norm() * n**0.5)

    def thresholds(self, victim: Victim, question: Tensor, seed: int, number: int = 0) -> Tensor:
        """(K/Q,) ascending, the first so low that every picture is above it, K/Q - 1 quantiles behind it.

        Raises:
            BadInput: more bins than public pictures tell apart.
        """
        mean, std = victim.mean.cpu(), victim.std.cpu()

        def measured(pictures: Tensor) -> Tensor:
            return ((pictures - mean) / std).flatten(1) @ question

        count = self.bins // self.asked
        levels = torch.arange(1, count) / count
        if self.measure == "mean" and self.fit == "gauss" and not number:
            middle = float(((BRIGHTNESS[0] - mean) / std).mean())
            spread = float((BRIGHTNESS[1] / std).mean())
        else:
            values = public_measurements(victim.image_shape, measured, seed)
            middle, spread = float(values.mean()), float(values.std())
            if self.fit == "public":
                inner = torch.quantile(values, levels)
                if count > PUBLIC_PICTURES or (inner.diff() <= 0).any():
                    known = f"the quantiles of {PUBLIC_PICTURES} public pictures are fewer"
                    raise BadInput(f"imprint:bins={self.bins}: {known}, use fit=gauss")
                return torch.cat([inner[:1] - 10 * spread, inner])
        inner = middle + spread * torch.special.ndtri(levels.double()).float()
        return torch.cat([inner[:1] - 10 * spread, inner])
