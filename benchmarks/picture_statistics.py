"""Fit the Gaussian picture prior of ``gi_core/bounds/pictures.py`` to CIFAR-10's training pictures.

    python benchmarks/picture_statistics.py FOLDER

FOLDER holds ``cifar10.npz`` (see ``gi_core/data/arrays.py``). Writes ``assets/priors/cifar10-dct.safetensors``:
statistics of 50,000 pictures, none of which can be read off.
"""

from __future__ import annotations

import hashlib

import click
import here  # noqa: F401
import numpy as np
import torch
from safetensors.torch import save_file
from scipy.fft import dctn

from gi_core.bounds.pictures import STATISTICS
from gi_core.data.arrays import load


@click.command(help=__doc__)
@click.argument("folder")
def main(folder: str) -> None:
    train, validation, _ = load("cifar10", folder)
    pictures = torch.cat([train.images, validation.images]).permute(0, 2, 3, 1).numpy()
    coefficients = dctn(pictures.astype(np.float32) / 255, axes=(1, 2), norm="ortho")
    mean = coefficients.mean(0, dtype=np.float64)
    centred = coefficients - mean.astype(np.float32)
    covariance = np.einsum("nuvc,nuvd->uvcd", centred, centred, optimize=True) / len(pictures)
    statistics = {
        "mean": torch.from_numpy(mean).permute(2, 0, 1).float().contiguous(),
        "covariance": torch.from_numpy(covariance).float().contiguous(),
    }
    save_file(statistics, STATISTICS, {"source": "CIFAR-10 training pictures, orthonormal DCT-II, pixels in [0,1]"})
    print(len(pictures), "pictures; variance per pixel", np.trace(covariance, axis1=2, axis2=3).sum() / 3072)
    print("sha256", hashlib.sha256(STATISTICS.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
