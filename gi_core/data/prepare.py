"""torchvision's data sets as arrays for studies, trainings and benchmarks; layout: ``gi_core.data.arrays``."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import numpy as np

from gi_core.data.arrays import FILES
from gi_core.data.datasets import DATASETS, dataset
from gi_core.errors import BadInput

SPLITS = ("train", "test")
"""Named as in torchvision, numbered 0 and 1 as in the arrays."""


def prepare_arrays(name: str, out: Path, root: Path | None = None) -> Path:
    """Write ``out/FILES[name]`` from torchvision's files and return its path.

    Args:
        name: cifar10, cifar100, mnist or fashion-mnist.
        root: folder of torchvision's files; what is missing there is downloaded by torchvision. None: ``out``.

    Raises:
        BadInput: unknown name, or the files are neither there nor to be had.
    """
    if name not in DATASETS:
        raise BadInput(f"unknown data set {name[:60]!r}: allowed are {', '.join(DATASETS)}")
    images, labels, split = [], [], []
    for number, part in enumerate(SPLITS):
        pictures, classes = pixels(name, root or out, part)
        images.append(pictures)
        labels.append(classes)
        split.append(np.full(len(classes), number, np.uint8))
    file = out / FILES[name]
    fresh = file.with_suffix(".new.npz")
    np.savez_compressed(
        fresh, images=np.concatenate(images), labels=np.concatenate(labels), split=np.concatenate(split)
    )
    return fresh.replace(file)


def pixels(name: str, root: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """(N,H,W,C) uint8 and (N,) uint8 of one split, C = 1 for grey sets."""
    try:
        data = dataset(name, root, part, download=True)  # type: ignore[arg-type]
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise BadInput(
            f"{name} could not be downloaded ({reason}): put torchvision's files into a folder and name it with --root"
        ) from None
    pictures = np.asarray(data.data)
    return pictures if pictures.ndim == 4 else pictures[..., None], np.asarray(data.targets, np.uint8)
