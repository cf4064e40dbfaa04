"""Time from a picture to its needle, and from a moved noise slider to the new reading.

    python benchmarks/needle.py

One thread, process CPU time, median of 9 after one warm-up.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import click
import here  # noqa: F401
import torch

from gi_core.bounds.linear_gaussian import linearise
from gi_core.bounds.pictures import picture_prior
from gi_core.defenses import parse_stack
from gi_core.models import build

CASES = (
    ("lenet", (3, 32, 32), 1),
    ("lenet", (3, 32, 32), 4),
    ("lenet", (1, 28, 28), 1),
    ("mlp", (3, 32, 32), 1),
)


def milliseconds(work: Callable[[], object], repeats: int = 9) -> float:
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(1000 * (time.process_time() - start))
    return statistics.median(times)


@click.command(help=__doc__)
def main() -> None:
    stack = parse_stack("clip:norm=1")
    head = f"{'victim':8} {'picture':>10} {'B':>2} {'first ms':>9} {'slider ms':>9}"
    print(head, "  dB at z = 0.1 0.03 0.01 0.003 0.001")
    for model, shape, batch in CASES:
        victim = build(model, image_shape=shape, num_classes=10)
        images = picture_prior(shape).draw(batch, torch.Generator().manual_seed(0)).clamp(0, 1)
        labels = torch.arange(batch)
        first = milliseconds(partial(linearise, victim, images, labels, stack))
        linear = linearise(victim, images, labels, stack)
        slider = milliseconds(partial(linear.at, 0.01))
        needles = [linear.at(z) for z in (0.1, 0.03, 0.01, 0.003, 0.001)]
        readings = " ".join(f"{needle.psnr.mean():.1f}" for needle in needles)
        size = "x".join(map(str, shape))
        print(f"{model:8} {size:>10} {batch:2} {first:9.1f} {slider:9.2f}   {readings}")


if __name__ == "__main__":
    main()
