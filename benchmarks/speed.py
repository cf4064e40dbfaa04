"""Iterations per second of ``ig``, share of time outside the victim's own passes, and peak memory.

    python benchmarks/speed.py --out benchmarks/speed.csv

The *bare* iteration is forward, backward and double backward of the victim and nothing else, as PyTorch does them by
default. It and the attack's iteration are timed in alternation, in CPU seconds of one thread; of each the fastest
stretch counts. Memory is the peak resident size of a fresh process per row. With CUDA, add ``--device cuda``: wall
seconds with synchronisation, and the device's peak memory.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import here  # noqa: F401
import torch
from gauge import clock, fresh, peak
from rows import write

import gi_core as gi
from gi_core.run import Run

STRETCH = {"lenet": 30, "mlp": 30}
ROUNDS = 6


def measure(model: str, batch: int, device: str) -> dict[str, Any]:
    """One row, in this process."""
    scenario = gi.Scenario(model=model, batch_size=batch, attack="ig:steps=100000")
    pictures = torch.rand(batch, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    run = gi.prepare(scenario, pictures, device=device)
    stretch = STRETCH.get(model.split(":")[0], 2 if batch < 16 else 1)
    frames = run.attack.run(run.observation, 0)
    times: dict[str, list[float]] = {"attack": [], "bare": []}
    for _ in range(3):
        next(frames)
        bare(run)
    for _ in range(ROUNDS):
        for name, step in (("attack", lambda: next(frames)), ("bare", lambda: bare(run))):
            started = clock(device)
            for _ in range(stretch):
                step()
            times[name].append((clock(device) - started) / stretch)
    attack, plain = min(times["attack"]), min(times["bare"])
    return {
        "model": model, "batch": batch, "device": device, "iterations_per_second": 1 / attack,
        "times_bare": attack / plain, "share_outside": max(0.0, 1 - plain / attack), "peak_mib": peak(device),
    }  # fmt: skip


def bare(run: Run) -> None:
    """Forward, backward, double backward."""
    parameters = run.observation.parameters
    x = run.truth.detach().requires_grad_()
    gradients = torch.autograd.grad(run.victim.loss(x, run.labels), parameters, create_graph=True)
    torch.autograd.grad(gradients, x, run.observation.targets)


@click.command()
@click.option("--models", default="lenet,convnet,resnet18")
@click.option("--batches", default="1,4,16")
@click.option("--device", default="cpu")
@click.option("--one", default="", hidden=True, help="MODEL BATCH: measure in this process, print JSON")
@click.option("--out", type=click.Path(path_type=Path), default=None)
def main(models: str, batches: str, device: str, one: str, out: Path | None) -> None:
    if one:
        model, batch = one.split()
        click.echo(json.dumps(measure(model, int(batch), device)))
        return
    rows = []
    for model in models.split(","):
        for batch in batches.split(","):
            rows.append(fresh(__file__, "--one", f"{model} {batch}", "--device", device))
            click.echo({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()})
            write(rows, out)


if __name__ == "__main__":
    main()
