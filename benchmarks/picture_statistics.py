"""Fit the Gaussian picture prior of ``gi_core/bounds/pictures.py`` to CIFAR-10's training pictures.

    python benchmarks/picture_statistics.py cifar10.npz

The archive holds the pictures as lossless WebP strips (``blob``, ``offsets``) with their ``split`` (0: train).
Writes ``assets/priors/cifar10-dct.safetensors``: statistics of 50,000 pictures, none of which can be read off.
"""

from __future__ import annotations

import io
import itertools
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from scipy.fft import dctn

TARGET = Path(__file__).parents[1] / "assets" / "priors" / "cifar10-dct.safetensors"


def main(archive: str) -> None:
    data = np.load(archive)
    blob, offsets = data["blob"].tobytes(), data["offsets"]
    strips = [
        np.asarray(Image.open(io.BytesIO(blob[start:stop])).convert("RGB")).reshape(-1, 32, 32, 3)
        for start, stop in itertools.pairwise(offsets)
    ]
    pictures = np.concatenate(strips)[data["split"] == 0]
    coefficients = dctn(pictures.astype(np.float32) / 255, axes=(1, 2), norm="ortho")
    mean = coefficients.mean(0, dtype=np.float64)
    centred = coefficients - mean.astype(np.float32)
    covariance = np.einsum("nuvc,nuvd->uvcd", centred, centred, optimize=True) / len(pictures)
    TARGET.parent.mkdir(exist_ok=True)
    save_file(
        {
            "mean": torch.from_numpy(mean).permute(2, 0, 1).float().contiguous(),
            "covariance": torch.from_numpy(covariance).float().contiguous(),
        },
        TARGET,
        {"source": "CIFAR-10 training pictures, orthonormal DCT-II, pixels in [0,1]"},
    )
    print(len(pictures), "pictures; variance per pixel", np.trace(covariance, axis1=2, axis2=3).sum() / 3072)


if __name__ == "__main__":
    main(sys.argv[1])
