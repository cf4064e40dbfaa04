"""PSNR against noise of what reads only the head: Venom, its closed-form front alone, FGLA, and a limit beside them.

python benchmarks/venom_noise.py --data FOLDER --out benchmarks/venom_noise.csv

LeNet with its initial weights, weight and bias of the head clipped to norm 1 each, Gaussian noise z on both; test
pictures of CIFAR-10, and photographs (ImageNet sample) shrunk to 32x32. ``front``: Venom's closed-form part alone.
``limit``: what the best linear attack would see in the same features of a victim whose last layer were linear (the
linear-Gaussian reference of the features; no bound). ``mean``: the mean picture of the training set. All are mean PSNR
in dB, ``ci`` half the 95 % interval of Venom's.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
import here  # noqa: F401
import torch
from rows import write
from torch import Tensor
from torch.nn import functional

from gi_core import models
from gi_core.data import arrays
from gi_core.networks import weights
from gi_core.networks.diff_lrn import DiffLRN
from gi_core.networks.features import rank_one
from gi_core.networks.fgla import FGLA, separate
from gi_core.networks.undo import preactivations
from gi_core.training.base import psnr
from gi_core.training.linear_undo import LinearUndo
from gi_core.training.venom import clip_and_noise, head_gradient

LEVELS = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)


def interval(estimate: Tensor, truth: Tensor) -> float:
    each = torch.tensor([psnr(e.unsqueeze(0), t.unsqueeze(0)) for e, t in zip(estimate, truth, strict=True)])
    return 1.96 * float(each.std()) / len(each) ** 0.5


@torch.no_grad()
def row(name: str, truth: Tensor, labels: Tensor, z: float) -> dict[str, object]:
    victim = models.build("lenet", image_shape=(3, 32, 32), num_classes=10).requires_grad_(False)
    venom, _ = weights.load("venom", victim, partial(DiffLRN, liquid=True))
    fgla, _ = weights.load("fgla", victim, FGLA)
    features, generator = victim.features(truth), torch.Generator().manual_seed(1)
    level = torch.full((len(truth),), z)
    weight, bias = (clip_and_noise(t, level, generator) for t in head_gradient(features, labels, victim))
    found = rank_one(weight, bias)
    seen, noise, _ = venom.front.features(found)
    inputs, linear, strength = venom.inputs(found)
    answer = venom.decoder(inputs, linear, venom.time(strength))
    below = LinearUndo.of(venom.front.below)(preactivations(victim, truth), seen - features, noise)
    published = torch.stack([separate(w, b, y.view(1))[0] for w, b, y in zip(weight, bias, labels, strict=True)])
    mean = venom.front.offset.view(1, *victim.image_shape).expand_as(truth)
    return {
        "pictures": name, "count": len(truth), "z": z, "venom": psnr(answer, truth), "ci": interval(answer, truth),
        "front": psnr(linear, truth), "fgla": psnr(fgla(published), truth),
        "limit": psnr(venom.front.behind(below)[1], truth), "mean": psnr(mean, truth),
    }  # fmt: skip


@click.command()
@click.option("--data", "folder", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--count", default=200, help="test pictures of CIFAR-10")
def main(folder: Path, out: Path, count: int) -> None:
    torch.set_num_threads(1)
    rows: list[dict[str, object]] = []
    for name, most in (("cifar10", count), ("imagenet-sample", min(count, 60))):
        test = arrays.load(name, folder)[2].take(slice(0, most))
        truth = functional.interpolate(test.floats(slice(None)), 32, mode="area")
        for z in LEVELS:
            rows.append(row(name, truth, test.labels % 10, z))
            click.echo(rows[-1])
            write(rows, out)


if __name__ == "__main__":
    main()
