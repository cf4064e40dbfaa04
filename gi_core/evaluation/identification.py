"""Could somebody who holds the reconstruction pick the private picture out of a line-up?"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from sklearn.datasets import load_digits
from torch import Tensor

from gi_core.data.pictures import read
from gi_core.data.samples import PUBLIC, sample
from gi_core.errors import BadInput
from gi_core.metrics.assignment import match
from gi_core.metrics.features import fmse
from gi_core.metrics.image import mse
from gi_core.metrics.lpips import lpips, why_unavailable
from gi_core.metrics.scores import Rate, success_rate
from gi_core.models.base import Victim

Distance = Literal["pixel", "lpips", "feature"]
TWIN = 1e-2
"""A decoy with a mean squared error to a true picture below this (20 dB) shows that picture: no decoy."""
PHOTOGRAPHS = ("cat", "coffee", "rocket", "galaxies", "retina", "tissue")


@dataclass(frozen=True)
class Rank:
    """Where the truth stands among the candidates, nearest to the reconstruction first.

    Attributes:
        rank: 1 = the reconstruction is nearer to the truth than to any decoy; ties count against the attack.
        candidates: N, the truth among them.
    """

    rank: int
    candidates: int

    @property
    def bits(self) -> float:
        """log2 N - log2 rank: information that the rank carries on which candidate it was."""
        return math.log2(self.candidates) - math.log2(self.rank)

    @property
    def p_value(self) -> float:
        """Probability of so good a rank, if the reconstruction had nothing to do with the truth: rank / N.

        Exact when the truth and the decoys come from the same source.
        """
        return self.rank / self.candidates


@dataclass(frozen=True)
class Identification:
    """Summary over reconstructions.

    Attributes:
        top1: share at rank 1 with its Wilson interval (image identifiability precision, Yin et al., CVPR 2021).
        mrr: mean reciprocal rank; bits: log2 N - log2 of the median rank; chance: 1/N.
    """

    top1: Rate
    mrr: float
    bits: float
    chance: float


def decoys(truth: Tensor, count: int = 99, seed: int = 0) -> Tensor:
    """(count,C,H,W) pictures that are not the truth (B,C,H,W): crops of the freely licensed photographs at hand.

    In grey every second one is a handwritten digit. Near-copies of a true picture are left out. They stand for
    "pictures of the same source" when the truth is a photograph (or a digit) like them; for pictures of a data set give
    :func:`ranks` other pictures of that set.

    Raises:
        BadInput: too many of the drawn pictures are near-copies of the truth.
    """
    drawn = candidates(2 * count, truth.shape[-1], truth.shape[1], seed)
    distances = torch.stack([(drawn - own).square().mean((1, 2, 3)) for own in truth.cpu()]).amin(0)
    kept = drawn[distances > TWIN][:count]
    if len(kept) < count:
        raise BadInput(f"decoys for {len(truth)} pictures: only {len(kept)} of {count} differ enough from the truth")
    return kept


@functools.lru_cache(maxsize=4)
def candidates(count: int, size: int, channels: int, seed: int) -> Tensor:
    """(count,C,H,W): crops that :func:`decoys` chooses from, in the order of their choice."""
    generator = torch.Generator().manual_seed(seed)
    side = max(128, 2 * size)
    pool = [sample(name, side, channels) for name in PHOTOGRAPHS]
    pool += [read(PUBLIC[name].load(), side, channels) for name in ("china", "flower", "brick")]
    digits = load_digits().images / 16 if channels == 1 else None

    def draw(low: int, high: int) -> int:
        return int(torch.randint(low, high, (), generator=generator))

    pictures = []
    for number in range(count):
        if digits is not None and number % 2:
            pictures.append(read(digits[draw(0, len(digits))].astype("float32"), size, 1))
            continue
        picture, width = pool[draw(0, len(pool))], draw(side // 2, side + 1)
        top, left = draw(0, side - width + 1), draw(0, side - width + 1)
        crop = read(picture[:, top : top + width, left : left + width], size, channels)
        pictures.append(crop.flip(-1) if draw(0, 2) else crop)
    return torch.stack(pictures)


def ranks(
    images: Tensor, truth: Tensor, others: Tensor, *, distance: Distance = "pixel", victim: Victim | None = None
) -> list[Rank]:
    """Rank of each true picture among itself and the decoys, by distance to its reconstruction.

    Args:
        images, truth: (B,C,H,W); the reconstructions are matched to the truth first.
        others: (N-1,C,H,W) decoys of the same source, the truth not among them.
        distance: pixel (MSE), lpips, or feature (needs ``victim``).

    Raises:
        BadInput: no decoy, or a distance that is not available.
    """
    if not len(others):
        raise BadInput("identification among 1 candidate: at least 1 decoy is needed")
    measure = _measure(distance, victim)
    others = others.to(truth)
    found = []
    for image, own in zip(match(images, truth), truth, strict=True):
        line_up = torch.cat([own.unsqueeze(0), others])
        distances = measure(image.expand_as(line_up), line_up)
        found.append(Rank(1 + int((distances[1:] <= distances[0]).sum()), len(line_up)))
    return found


def _measure(distance: Distance, victim: Victim | None) -> Callable[[Tensor, Tensor], Tensor]:
    if distance == "pixel":
        return mse
    if distance == "feature":
        if victim is None:
            raise BadInput("feature distance needs the victim")
        return lambda a, b: fmse(a, b, victim)
    missing = why_unavailable()
    if missing:
        raise BadInput(missing)
    return lambda a, b: lpips(a, b)  # type: ignore[return-value]


def identify(found: Sequence[Rank]) -> Identification:
    """Summary of ranks that share N. Raises BadInput for none."""
    top1 = success_rate([r.rank == 1 for r in found])
    n = found[0].candidates
    median = float(torch.tensor([r.rank for r in found], dtype=torch.float64).quantile(0.5))
    return Identification(top1, sum(1 / r.rank for r in found) / len(found), math.log2(n / median), 1 / n)


def permutation_p(scores: Tensor, labels: Tensor | None = None, rounds: int = 10_000, seed: int = 0) -> float:
    """Does each reconstruction fit its own picture better than a shuffled one?

    p = (1 + #{mean_pi >= mean_id}) / (1 + R) over R random permutations pi, mean_pi = mean_i scores[i, pi(i)].

    Args:
        scores: (N,N), higher is nearer; entry i,j compares reconstruction i with picture j. Reconstructions come
            from N separate updates: within one batch they must not have been matched to the truth.
        labels: (N,) permute only among pictures of one label, so that knowing the label is no evidence.

    Raises:
        BadInput: not square, fewer than 2 pictures, or no two pictures share a label.
    """
    n = len(scores)
    if scores.shape != (n, n) or n < 2:
        raise BadInput(f"permutation test on scores of shape {tuple(scores.shape)}: (N,N) with N >= 2 is needed")
    generator = torch.Generator().manual_seed(seed)
    groups = torch.zeros(n, dtype=torch.long) if labels is None else torch.unique(labels.cpu(), return_inverse=True)[1]
    if int(groups.bincount().max()) < 2:
        raise BadInput("permutation within labels: at least two pictures of one label are needed")
    places = groups.argsort(stable=True)
    # random order within each group: sort by group, then by a random key
    order = (groups + torch.rand(rounds, n, generator=generator, dtype=torch.float64)).argsort(1)
    shuffled = torch.empty(rounds, n, dtype=torch.long)
    shuffled[:, places] = order
    scores = scores.double().cpu()
    means = scores[torch.arange(n), shuffled].mean(1)
    return (1 + int((means >= scores.diagonal().mean() - 1e-12).sum())) / (1 + rounds)
