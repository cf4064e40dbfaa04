"""How an iteration of ``ig`` grows: time and memory against batch, picture side, parameters and restarts.

    python benchmarks/growth.py --out benchmarks/growth.csv --figure docs/growth.png

Each row is a process of its own. Time: CPU seconds of one thread, attack and forward-backward in alternation, of each
the fastest. Beside it the model of the floor: 7/3 of one forward and backward (``floor.py``), times the restarts.
Memory: what the process's peak rises by from just before the run. Its model: weights, observed and simulated gradient
(of each restart), and for every layer's output its value, its gradient, and the same two for the second backward. The
measured rise holds some 60 MiB besides that the first autograd pass and oneDNN take once (30 where restarts run side by
side, without either), so only the large victims tell.
"""

from __future__ import annotations

import csv
import json
import os
from itertools import islice
from pathlib import Path
from typing import Any

import click
import here  # noqa: F401
import torch
from floor import forward_backward, seconds
from gauge import fresh, peak
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter
from rows import write

import gi_core as gi
from gi_core.run import Run

ROUNDS = 5
COLOURS = {"lenet": "C0", "resnet18": "C1"}
AXES: dict[str, list[tuple[str, int, int, int]]] = {  # model, batch, side, restarts
    "batch": [(m, b, 32, 1) for m in ("lenet", "resnet18:width=16") for b in (1, 2, 4, 8, 16)],
    "side": [(m, 1, s, 1) for m in ("lenet", "resnet18:width=16") for s in (16, 32, 48, 64, 80)],
    "parameters": [(f"resnet18:width={w}", 1, 32, 1) for w in (8, 16, 32, 64)],
    "restarts": [("lenet", 1, 32, r) for r in (1, 2, 4, 8, 16)],
}


def memory_floor(run: Run, restarts: int) -> float:
    """MiB that a double backward must hold."""
    outputs: list[int] = []
    leaves = [m for m in run.victim.modules() if not list(m.children())]
    hooks = [m.register_forward_hook(lambda _, __, y: outputs.append(y.numel())) for m in leaves]
    with torch.no_grad():
        run.victim(run.truth)
    for hook in hooks:
        hook.remove()
    parameters = sum(p.numel() for p in run.observation.parameters)
    return 4 * (parameters * (2 + restarts) + 4 * sum(outputs) * restarts) / 2**20


def measure(model: str, batch: int, side: int, restarts: int) -> dict[str, Any]:
    """One row, in this process."""
    pictures = torch.rand(batch, 3, side, side, generator=torch.Generator().manual_seed(0))
    attack = f"ig:steps=100000,restarts={restarts}"
    scenario = gi.Scenario(model=model, batch_size=batch, image_size=side, attack=attack)
    before = peak()
    run = gi.prepare(scenario, pictures, device="cpu")
    frames = run.attack.run(run.observation, 0)
    list(islice(frames, 2 * restarts))
    memory = peak() - before
    stretch = 10 if model == "lenet" else 1
    times = {"attack": float("inf"), "both": float("inf")}
    forward_backward(run)
    for _ in range(ROUNDS):
        for _ in range(stretch):
            times["attack"] = min(times["attack"], seconds(lambda: list(islice(frames, restarts))))
            times["both"] = min(times["both"], seconds(lambda: forward_backward(run)))
    return {
        "model": model, "batch": batch, "side": side, "restarts": restarts,
        "parameters": sum(p.numel() for p in run.observation.parameters), "ms": 1e3 * times["attack"],
        "floor_ms": 1e3 * times["both"] * 7 / 3 * restarts, "mib": memory,
        "floor_mib": memory_floor(run, restarts), "load_average": os.getloadavg()[0],
    }  # fmt: skip


def figure(rows: list[dict[str, str]]) -> Figure:
    """Time above, memory below, one column per axis; dashed: the model of the floor."""
    drawing = Figure(figsize=(12, 5.5), layout="constrained")
    panels = drawing.subplots(2, len(AXES))
    for column, axis in enumerate(AXES):
        own = [row for row in rows if row["axis"] == axis]
        for model, colour in COLOURS.items():
            line = [row for row in own if row["model"].startswith(model)]
            if not line:
                continue
            for panel, name in zip(panels[:, column], ("ms", "mib"), strict=True):
                at = [int(row[axis]) for row in line]
                panel.plot(at, [float(row[name]) for row in line], "o-", color=colour, label=model)
                panel.plot(at, [float(row[f"floor_{name}"]) for row in line], "--", color=colour)
        for panel in panels[:, column]:
            panel.set_xscale("log", base=10 if axis == "parameters" else 2)
            panel.set_yscale("log")
            panel.set_xlabel(axis)
            if axis != "parameters":
                panel.set_xticks(sorted({int(row[axis]) for row in own}))
                panel.xaxis.set_major_formatter(ScalarFormatter())
    panels[0, 0].set_ylabel("ms per iteration")
    panels[1, 0].set_ylabel("MiB over the idle process")
    panels[0, 0].plot([], [], "k--", label="model of the floor")
    panels[0, 0].legend()
    return drawing


@click.command()
@click.option("--one", default="", hidden=True, help="MODEL BATCH SIDE RESTARTS: measure in this process, print JSON")
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--figure", "image", type=click.Path(path_type=Path), default=None)
def main(one: str, out: Path, image: Path | None) -> None:
    if one:
        model, *numbers = one.split()
        click.echo(json.dumps(measure(model, *map(int, numbers))))
        return
    rows = []
    for axis, points in AXES.items():
        for point in points:
            found = fresh(__file__, "--out", str(out), "--one", " ".join(map(str, point)))
            rows.append({"axis": axis, **found})
            click.echo({k: round(v, 2) if isinstance(v, float) else v for k, v in rows[-1].items()})
            write(rows, out)
    if image:
        with out.open(newline="") as file:
            figure(list(csv.DictReader(file))).savefig(image, dpi=110)


if __name__ == "__main__":
    main()
