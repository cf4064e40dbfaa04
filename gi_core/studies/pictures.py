"""Private pictures for studies: test pictures of a data set on disk, or the bundled samples."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from gi_core.errors import BadInput
from gi_core.images import open_picture, samples
from gi_core.training.data import Pictures, load


def private_pictures(source: str, count: int, side: int, first: int = 0) -> tuple[Tensor, Tensor]:
    """(count,3,side,side) in [0,1] and labels (count,).

    Args:
        source: "samples" (bundled, drawn labels) or a data set that ``GI_DATA`` holds, e.g. "cifar10": its test
            pictures number ``first`` to ``first + count - 1``, one of each class in turn.

    Raises:
        BadInput: unknown source, missing file, or not enough pictures.
    """
    if source == "samples":
        names = list(samples())[first : first + count]
        if len(names) < count:
            raise BadInput(f"{first + count} pictures asked for, {len(samples())} samples are bundled")
        labels = torch.arange(first, first + count) % 10
        return torch.stack([open_picture(name, side, 3) for name in names]), labels
    test, order = _test_pictures(source)
    rows = order[first : first + count]
    pictures = test.floats(rows)
    if pictures.shape[-1] != side:
        raise BadInput(f"{source} has pictures of {pictures.shape[-1]} pixels, not {side}")
    return pictures, test.labels[rows]


@lru_cache(maxsize=1)
def _test_pictures(source: str) -> tuple[Pictures, Tensor]:
    """The test split, read once, and its rows with classes in turn."""
    test = load(source)[2]
    return test, in_turn(test.labels)


def in_turn(labels: Tensor) -> Tensor:
    """Row numbers so that classes take turns: the first of each class, then the second of each, and so on."""
    places: dict[int, int] = {}
    rank = torch.empty_like(labels)
    for i, label in enumerate(labels.tolist()):
        rank[i] = places.get(label, 0)
        places[label] = int(rank[i]) + 1
    return torch.argsort(rank * (int(labels.max()) + 1) + labels)
