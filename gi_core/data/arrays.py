"""Real pictures for training: MNIST, Fashion-MNIST, CIFAR-10, CIFAR-100 and Tiny-ImageNet as ``.npz`` files.

The folder comes from the caller or from the environment variable ``GI_DATA``; nothing at inference needs it.
Layout of the files: ``labels``, ``split`` (0 train, 1 test, 2 validation) and either ``images`` (uint8, N,H,W,C) or
``blob`` and ``offsets``: encoded pictures one after another, each holding one picture or a vertical strip of square
ones.
"""

from __future__ import annotations

import io
import itertools
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gi_core.errors import BadInput

FILES = {
    "mnist": "mnist.npz",
    "fashion-mnist": "fashion_mnist.npz",
    "cifar10": "cifar10.npz",
    "cifar100": "cifar100_subset.npz",
    "tiny-imagenet": "tiny_imagenet_subset.npz",
    "imagenet-sample": "imagenet_sample_224.npz",
}
SIDES = {"mnist": 28, "fashion-mnist": 28, "cifar10": 32, "cifar100": 32, "tiny-imagenet": 64, "imagenet-sample": 224}
LICENCES = {
    "mnist": "CC BY-SA 3.0 as usually stated (LeCun, Cortes)",
    "fashion-mnist": "MIT (Zalando SE)",
    "cifar10": "no formal licence; free research use with citation (Krizhevsky 2009)",
    "cifar100": "no formal licence; free research use with citation (Krizhevsky 2009)",
    "tiny-imagenet": "ImageNet terms: non-commercial research and education",
    "imagenet-sample": "ImageNet terms: non-commercial research and education",
}
VALIDATION = 0.1


@dataclass(frozen=True)
class Pictures:
    """One split of a data set.

    Attributes:
        images: (N,C,H,W) uint8. labels: (N,) int64.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return self.images.shape[0]

    def floats(self, rows: Tensor | slice) -> Tensor:
        """(n,C,H,W) in [0,1]."""
        return self.images[rows].float() / 255

    def take(self, rows: Tensor | slice) -> Pictures:
        return Pictures(self.images[rows], self.labels[rows])


def load(name: str, folder: str | Path | None = None) -> tuple[Pictures, Pictures, Pictures]:
    """(train, validation, test) of a data set.

    Validation is the file's own where it has one, else every tenth training picture. The test split is for final
    figures only.

    Raises:
        BadInput: unknown data set, no folder named, or the file is missing.
    """
    if name not in FILES:
        raise BadInput(f"unknown data set {name!r}: allowed are {', '.join(FILES)}")
    folder = folder or os.environ.get("GI_DATA")
    if not folder:
        raise BadInput(f"training on {name} needs --data FOLDER (or GI_DATA) with {FILES[name]}")
    path = Path(folder) / FILES[name]
    if not path.is_file():
        raise BadInput(f"{path} is missing: --data (or GI_DATA) must name the folder that holds {FILES[name]}")
    with np.load(path) as stored:
        arrays = {key: stored[key] for key in ("images", "blob", "offsets", "labels", "split") if key in stored}
    images = arrays["images"] if "images" in arrays else decode(arrays["blob"], arrays["offsets"], SIDES[name])
    pictures = Pictures(
        torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))),
        torch.from_numpy(arrays["labels"].astype(np.int64)),
    )
    split = torch.from_numpy(arrays["split"].astype(np.int64))
    train, test = pictures.take(split == 0), pictures.take(split == 1)
    held_out = torch.arange(len(train)) % round(1 / VALIDATION) == 0
    return train.take(~held_out), train.take(held_out), test


def decode(blob: np.ndarray, offsets: np.ndarray, side: int) -> np.ndarray:
    """Encoded strips -> (N,side,side,3) uint8."""
    raw = blob.tobytes()
    strips = [
        np.asarray(Image.open(io.BytesIO(raw[start:stop])).convert("RGB")).reshape(-1, side, side, 3)
        for start, stop in itertools.pairwise(offsets)
    ]
    return np.concatenate(strips)
