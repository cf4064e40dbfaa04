"""How the shipped networks are trained: seeded, resumable, with a card written by the trainer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gi_core.training.base import InverterTraining, Trainable, trainings

trainings.load(__name__)

__all__ = ["InverterTraining", "Trainable", "train", "trainings"]


def train(text: str, *, data: str | Path | None, out: str | Path) -> Iterator[dict[str, Any]]:
    """Train the network that ``text`` names, e.g. ``fgla:model=lenet,data=cifar10,epochs=10``.

    Args:
        data: folder of the data sets; None: the environment variable GI_DATA.
        out: folder for the weights, the card and the checkpoint; the same folder again resumes.

    Raises:
        BadInput: unknown name or option, or missing data.
    """
    yield from trainings.parse(text).run(data, out)
