"""torchvision's data sets, from files that are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from gi_core.errors import BadInput

DATASETS = {"cifar10": "CIFAR10", "cifar100": "CIFAR100", "mnist": "MNIST", "fashion-mnist": "FashionMNIST"}


def dataset(name: str, root: str | Path, split: Literal["train", "test"] = "train", *, download: bool = False) -> Any:
    """torchvision's data set under ``root``: ``data[i]`` is (PIL image, class index), ``data.classes`` the names.

    Nothing is downloaded unless asked for.

    Raises:
        BadInput: unknown name or split, or the files are not there.
    """
    if name not in DATASETS:
        raise BadInput(f"unknown data set {name!r}: allowed are {', '.join(DATASETS)}")
    if split not in ("train", "test"):
        raise BadInput(f"split={split}: allowed are train, test")
    from gi_core.torch_setup import make_torchvision_importable

    make_torchvision_importable()
    from torchvision import datasets

    try:
        return getattr(datasets, DATASETS[name])(str(root), train=split == "train", download=download)
    except RuntimeError:
        raise BadInput(f"no {name} under {str(root)!r}: put torchvision's files there, or ask for a download") from None
