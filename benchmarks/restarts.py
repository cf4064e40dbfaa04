"""What several restarts of ``ig`` cost: side by side against one restart, in alternation.

    python benchmarks/restarts.py --out benchmarks/restarts.csv

Whole iterations, frames included, in CPU seconds of one thread; of each the fastest of several stretches counts.
``times_one`` is R restarts side by side over one restart; one after another they would cost R. Every victim given runs
side by side here, also those that an attack's own rule (``inversion.backends.batched``) leaves to the plain way.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
import here  # noqa: F401
import torch
from rows import write

import gi_core as gi
from gi_core.inversion.backends import batched
from gi_core.inversion.frame import Frame

ROUNDS = 24


def measure(model: str, batch: int, restarts: int) -> dict[str, Any]:
    pictures = torch.rand(batch, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    ways: dict[int, tuple[Iterator[Frame], list[float]]] = {}
    for count in (1, restarts):
        scenario = gi.Scenario(model=model, batch_size=batch, attack=f"ig:steps=100000,restarts={count}")
        run = gi.prepare(scenario, pictures, device="cpu")
        ways[count] = run.attack.run(run.observation, 0), []
    stretch = max(1, 100 // (batch * restarts)) if model == "lenet" else 2
    for _ in range(ROUNDS):
        for count, (frames, times) in ways.items():
            list(islice(frames, 2 * count))
            started = time.process_time()
            list(islice(frames, stretch * count))
            times.append((time.process_time() - started) / stretch)
    one, all_ = min(ways[1][1]), min(ways[restarts][1])
    return {
        "model": model, "batch": batch, "restarts": restarts, "one_ms": 1e3 * one, "all_ms": 1e3 * all_,
        "times_one": all_ / one, "load_average": os.getloadavg()[0],
    }  # fmt: skip


@click.command()
@click.option("--models", default="lenet", help="separated by blanks")
@click.option("--batches", default="1")
@click.option("--restarts", default="2,4,8,16")
@click.option("--out", type=click.Path(path_type=Path), default=None)
def main(models: str, batches: str, restarts: str, out: Path | None) -> None:
    batched.PARAMETERS = batched.PRODUCTS = 2**40
    rows = []
    for model in models.split():
        for batch in batches.split(","):
            for count in restarts.split(","):
                rows.append(measure(model, int(batch), int(count)))
                click.echo({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()})
    write(rows, out)


if __name__ == "__main__":
    main()
