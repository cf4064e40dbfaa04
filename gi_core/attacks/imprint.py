"""Reading the pictures out of a layer that the server slipped in."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from gi_core.attacks.base import Attack, attacks
from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.inversion.frame import Frame
from gi_core.observation import Observation, ServerFacts

ROUNDING = 1e-6
"""Rows whose bias derivative is below this share of the largest are rounding."""
TRUSTED_DB = 37.0
"""A picture is trusted to be within 30 dB where the estimate is below this: for a blend of two the estimate is an upper
bound, for blends of more with derivatives of both signs it was up to half the error."""
DELTA_ROUNDING = 1e-2
"""The same for weight deltas, which carry the weights' own rounding."""
BOX, OUTSIDE = 0.05, 0.01
"""A picture's pixels lie in [0,1]: further out than this, at most this share of them."""
LIKENESS = 1e-4
"""Rows that blend pictures differently may differ by as little as this share of the blend's error."""
ROUNDS = 1000
"""Of the density evolution, which has long settled."""
SAME_DB = 25.0
"""Two quotients nearer than this show one picture, which drifted from bin to bin over local steps."""


@dataclass(frozen=True)
class Found:
    """Pictures that the layer's rows gave.

    Attributes:
        pool: (M,C,H,W) in [0,1], the most trusted first; rows: (M,) the row of each.
        error: (M,) upper estimate of the mean squared pixel error, from the update alone; inf where there is none.
    """

    pool: Tensor
    rows: Tensor
    error: Tensor

    @property
    def trusted(self) -> Tensor:
        """(M,) bool."""
        return self.error < 10 ** (-TRUSTED_DB / 10)


@attacks.register("imprint")
@dataclass(frozen=True, kw_only=True)
class ImprintReadout(Attack):
    """Divide each row's weight gradient by its bias gradient: a picture alone in its bin comes out whole.

    Fowl et al., "Robbing the Fed", ICLR 2022; Boenisch et al., "When the Curious Abandon Honesty", EuroS&P 2023.
    It returns the B pictures it trusts most (grey where it found fewer) and reports the pool of all.
    """

    assumes: ClassVar[str] = "The server sent a model with an imprint or trap layer, which the client trained."
    fails: ClassVar[str] = "Pictures that share a bin, noise, and updates that are signed or coarsely quantised."
    defend: ClassVar[str] = "Inspect the model before training it; clip and add noise."
    single_pass: ClassVar[bool] = True

    significance: float = option(6.0, "deviations by which a row must stand out of the noise", low=0, high=1000)

    def run(self, observation: Observation, seed: int) -> Iterator[Frame]:
        server = observation.server
        if server is None or server.layer is None:
            raise BadInput("attack imprint reads a layer that the server slipped in: use server=imprint or server=trap")
        started = time.perf_counter()
        found = decode(observation, server, self.significance)
        seconds = time.perf_counter() - started
        count = observation.batch_size
        shown = torch.full((count, *observation.image_shape), 0.5, device=found.pool.device)
        shown[: len(found.pool)] = found.pool[:count]
        report: dict[str, object] = {
            "found": len(found.pool),
            "trusted": int(found.trusted.sum()),
            "trust": found.trusted.tolist(),
            "rows": found.rows.tolist(),
            "error": found.error.tolist(),
            "expected": expected(server, observation.update.examples),
            "pictures": observation.update.examples,
            "decoding_seconds": seconds,
        }
        yield Frame(0, shown, found.error[:count].clamp_max(1).sum(), pool=found.pool, report=report)


def decode(observation: Observation, server: ServerFacts, significance: float) -> Found:
    """All pictures that the layer's gradient gives; with several questions, until no bin holds a lone one."""
    weight = observation.update.tensors[f"{server.layer}.weight"]
    bias = beyond_next(server, observation.update.tensors[f"{server.layer}.bias"])
    weight = beyond_next(server, weight)
    found = divide(observation, server, weight, bias, significance)
    if int(server.options.get("questions", 1)) == 1:
        return found
    weight, bias, known = weight.clone(), bias.clone(), found
    fresh = found.trusted
    while fresh.any():
        touched = take_out(observation, server, weight, bias, found.rows[fresh])
        found = divide(observation, server, weight, bias, significance, touched)
        fresh = found.trusted & ~shown(found.pool, known.pool[known.trusted])
        known = merged(known, found)
    return merged(known, divide(observation, server, weight, bias, significance))


def shown(pool: Tensor, known: Tensor) -> Tensor:
    """(M,) bool: whether ``known`` (L,C,H,W) already shows each picture of the pool (M,C,H,W)."""
    if not len(pool):
        return torch.zeros(0, dtype=torch.bool, device=pool.device)
    squared = torch.cdist(pool.flatten(1), known.flatten(1)).square()
    return (squared < 10 ** (-SAME_DB / 10) * pool[0].numel()).any(1)


def take_out(observation: Observation, server: ServerFacts, weight: Tensor, bias: Tensor, lone: Tensor) -> Tensor:
    """Subtract the pictures alone in the rows ``lone`` from the bins of every question that they stand in, in place.

    Returns:
        (K,) bool: rows that changed.
    """
    layer, questions = observation.victim.get_submodule(str(server.layer)), int(server.options["questions"])
    count = len(bias) // questions
    asked = layer.get_parameter("weight").view(questions, count, -1)[:, 0]
    thresholds = -layer.get_parameter("bias").view(questions, count)
    inputs, delta = weight[lone] / bias[lone, None], bias[lone].clone()
    once = first_of_each(inputs, delta)
    touched = torch.zeros_like(bias, dtype=torch.bool)
    for u, d in zip(inputs[once], delta[once], strict=True):
        bins = torch.searchsorted(thresholds, (asked @ u)[:, None])[:, 0] - 1
        rows = bins.clamp_min(0) + count * torch.arange(questions, device=bins.device)
        weight[rows] -= d * u
        bias[rows] -= d
        touched[rows] = True
    weight[lone], bias[lone] = 0, 0
    return touched


def merged(known: Found, found: Found) -> Found:
    """Trusted pictures of both, each once, then what still blends."""
    keep = known.trusted
    pool = torch.cat([known.pool[keep], found.pool])
    rows, error = torch.cat([known.rows[keep], found.rows]), torch.cat([known.error[keep], found.error])
    order = error.argsort(stable=True)
    once = order[first_of_each(pool[order], error[order])]
    return Found(pool[once], rows[once], error[once])


def divide(
    observation: Observation, server: ServerFacts, weight: Tensor, bias: Tensor, significance: float,
    among: Tensor | None = None,
) -> Found:  # fmt: skip
    """The pictures that one division a row gives, of the rows ``among`` (K,) bool, or of all."""
    rounding = DELTA_ROUNDING if observation.update.kind == "delta" else ROUNDING
    told = standing_out(weight, significance) & (bias.abs() > rounding * bias.abs().max())
    rows = (told if among is None else told & among).nonzero()[:, 0]
    quotients = weight[rows] / bias[rows, None]
    entries = observation.victim.mean.new_zeros(1, *observation.image_shape).numel()
    pixels = pictures(observation, server, quotients[:, :entries])
    if server.options.get("checksum"):
        inputs = quotients[:, :entries].view(pixels.shape)
        error = gap(inputs, quotients[:, entries:]) * observation.victim.std.square().max()
    else:
        error = disagreement(pixels) / LIKENESS
    outside = ((pixels < -BOX) | (pixels > 1 + BOX)).flatten(1).float().mean(1)
    error = torch.where((outside < OUTSIDE) & error.isfinite(), error, torch.inf)
    order = error.argsort(stable=True)
    pixels, rows, error = pixels.clamp(0, 1)[order], rows[order], error[order]
    if not server.options.get("checksum") or observation.training.steps > 1:
        once = first_of_each(pixels, error)
        pixels, rows, error = pixels[once], rows[once], error[once]
    return Found(pixels, rows, error)


def beyond_next(server: ServerFacts, tensor: Tensor) -> Tensor:
    """(K,...): what each row holds beyond the next one; of rows that are not cumulative, the rows themselves."""
    if server.options.get("units") != "cumulative":
        return tensor
    return torch.cat([tensor[:-1] - tensor[1:], tensor[-1:]])


def standing_out(rows: Tensor, significance: float) -> Tensor:
    """(K,) bool: rows (K,n) whose energy is not that of the quietest row, which holds noise or nothing.

    The energy of n draws of noise of variance v is n v with deviation sqrt(2 n) v.
    """
    energy = torch.linalg.vector_norm(rows, dim=1).double().square()
    n, quietest = rows.shape[1], energy.min()
    return (energy - quietest) > (significance + 3) * (2 / n) ** 0.5 * quietest


def pictures(observation: Observation, server: ServerFacts, quotients: Tensor) -> Tensor:
    """(M,C,H,W): the layer's inputs as pixels."""
    inputs = quotients.view(-1, *observation.image_shape)
    if server.options.get("pixels"):
        return inputs
    return inputs * observation.victim.std + observation.victim.mean


def gap(inputs: Tensor, checksums: Tensor) -> Tensor:
    """(M,): how far 1 + the mean square of the inputs (M,C,H,W) over a grid is from the checksums (M,C*G*G), mean."""
    side = math.isqrt(checksums.shape[1] // inputs.shape[1])
    return (checksums - 1 - F.adaptive_avg_pool2d(inputs.square(), side).flatten(1)).abs().mean(1)


def disagreement(pixels: Tensor) -> Tensor:
    """(M,): mean squared distance to the nearest other picture; rows in which pictures blend differently disagree."""
    flat = pixels.flatten(1)
    if len(flat) < 2:
        return flat.new_full((len(flat),), torch.inf)
    return torch.cdist(flat, flat).fill_diagonal_(torch.inf).min(1).values.square() / flat.shape[1]


def first_of_each(pixels: Tensor, error: Tensor) -> Tensor:
    """Indices of the pictures (M,...), best first, that no better one shows already."""
    flat = pixels.flatten(1)
    same = torch.cdist(flat, flat).square() < 10 ** (-SAME_DB / 10) * flat.shape[1]
    return (~same.tril(-1).any(1)).nonzero()[:, 0]


def expected(server: ServerFacts, examples: int) -> float | None:
    """N (1 - 1/K)^(N-1): pictures alone in one of K bins that are equally likely; None where there are no such bins.

    With Q questions of m = K/Q bins each, density evolution of the peeling (Luby, Mitzenmacher, Shokrollahi, Spielman
    2001): b, that a picture is not read by its other questions, is y^(Q-1) with y = 1 - (1 - b/m)^(N-1), that some
    picture which is not read stands beside it. All N are read but for y^Q, and for pictures that share every bin.
    """
    bins, questions = server.options.get("bins"), server.options.get("questions", 1)
    if bins is None:
        return None
    each, others, unread = bins / questions, examples - 1, 1.0
    for _ in range(ROUNDS):
        beside = 1 - (1 - unread / each) ** others
        unread = beside ** (questions - 1)
    twins = 1.0 if questions == 1 else (1 - each**-questions) ** others
    return float(examples * (1 - beside**questions) * twins)
