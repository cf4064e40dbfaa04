"""How often does a blind guess succeed? Measures kappa for the reconstruction-robustness cap.

    python benchmarks/kappa.py FOLDER

FOLDER holds ``cifar10.npz``. Guesses come from the training split (grey, mean, class means, k-means centroids, blurred
pictures), successes are counted on the first 2,000 test pictures. ``gi_core/bounds/rero.py`` keeps the result.
"""

from __future__ import annotations

import click
import here  # noqa: F401
import torch
import torch.nn.functional as F
from sklearn.cluster import MiniBatchKMeans

from gi_core.bounds.rero import measured_kappa
from gi_core.data.arrays import load
from gi_core.metrics.image import psnr, ssim


@click.command(help=__doc__)
@click.argument("folder")
def main(folder: str) -> None:
    train, _, test = load("cifar10", folder)
    pictures = test.floats(slice(2000))
    images = train.floats(slice(10_000))
    labels = train.labels[:10_000]
    clusters = MiniBatchKMeans(96, random_state=0, n_init=1).fit(images.flatten(1).numpy())
    guesses = [
        torch.full((3, 32, 32), 0.5),
        images.mean(0),
        *(images[labels == k].mean(0) for k in range(10)),
        *torch.from_numpy(clusters.cluster_centers_).float().view(-1, 3, 32, 32),
        *(F.interpolate(F.avg_pool2d(images[:40], 4), (32, 32), mode="bicubic").clamp(0, 1)),
    ]
    print(len(guesses), "guesses,", len(pictures), "pictures, no safety factor")
    for name, success in (
        ("SSIM > 0.5", lambda a, b: ssim(a, b) > 0.5),
        ("PSNR > 18 dB", lambda a, b: psnr(a, b) > 18),
        ("PSNR > 20 dB", lambda a, b: psnr(a, b) > 20),
    ):
        print(f"{name}: kappa = {measured_kappa(guesses, pictures, success, safety=1):.4f}")


if __name__ == "__main__":
    main()
