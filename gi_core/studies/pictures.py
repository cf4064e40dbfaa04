"""Private pictures for studies: test pictures of a data set on disk, or the bundled samples."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from gi_core.data.arrays import Pictures, load
from gi_core.data.samples import samples
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput


def private_pictures(
    source: str, count: int, side: int, first: int = 0, split: Literal["test", "validation"] = "test"
) -> tuple[Tensor, Tensor]:
    """(count,3,side,side) in [0,1] and labels (count,).

    Args:
        source: "samples" (bundled, drawn labels) or a data set that ``GI_DATA`` holds, e.g. "cifar10": its test
            pictures number ``first`` to ``first + count - 1``, one of each class in turn.
        split: "validation": that data set's held-out training pictures instead, for choices made beforehand.

    Raises:
        BadInput: unknown source, missing file, or not enough pictures.
    """
    if source == "samples":
        names = list(samples())[first : first + count]
        if len(names) < count:
            raise BadInput(f"{first + count} pictures asked for, {len(samples())} samples are bundled")
        labels = torch.arange(first, first + count) % 10
        return torch.stack([open_picture(name, side, 3) for name in names]), labels
    chosen, order = _split(source, split)
    rows = order[first : first + count]
    pictures = chosen.floats(rows)
    if pictures.shape[-1] != side:
        raise BadInput(f"{source} has pictures of {pictures.shape[-1]} pixels, not {side}")
    return pictures, chosen.labels[rows]


@lru_cache(maxsize=2)
def _split(source: str, split: str) -> tuple[Pictures, Tensor]:
    """A split, read once, and its rows with classes in turn."""
    _, validation, test = load(source)
    chosen = test if split == "test" else validation
    return chosen, in_turn(chosen.labels)


def in_turn(labels: Tensor) -> Tensor:
    """Row numbers so that classes take turns: the first of each class, then the second of each, and so on."""
    places: dict[int, int] = {}
    rank = torch.empty_like(labels)
    for i, label in enumerate(labels.tolist()):
        rank[i] = places.get(label, 0)
        places[label] = int(rank[i]) + 1
    return torch.argsort(rank * (int(labels.max()) + 1) + labels)
