"""What workers bring: a study of 200 cells on one and two workers, in processes and on a local Ray.

    python benchmarks/cluster.py --out benchmarks/cluster.csv

A cell is 60 steps of ``ig`` on ``lenet`` with its own seed. Wall seconds from the call to the last row, workers' start
included; ``steady_seconds`` count from the first row on. ``speed_up`` is against one worker of the same kind,
``efficiency`` is CPU seconds of all cells over workers x steady seconds: what is left is load of others, and overhead.
Each kind's runs follow one another; the load average beside them says how calm the machine was. Ray's workers run at
nice 15 by default, which on a busy machine starves them; here at 0, as the processes do.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import click
import here  # noqa: F401
import torch
from rows import write

import gi_core as gi
from gi_core.components import option
from gi_core.studies.base import Cell, Row, Study, run_study

KINDS = {"processes": None, "ray": "local"}


@dataclass(frozen=True, kw_only=True)
class Inversions(Study):
    """Short inversions, one per seed."""

    keys: ClassVar[tuple[str, ...]] = ("number",)
    columns: ClassVar[tuple[str, ...]] = ("loss", "cpu_seconds")

    count: int = option(200, "how many")
    steps: int = option(60, "of each")

    def cells(self) -> Iterator[Cell]:
        return ({"number": n} for n in range(self.count))

    def measure(self, cell: Cell) -> Row:
        started = time.process_time()
        picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(cell["number"]))
        scenario = gi.Scenario(attack=f"ig:steps={self.steps}", seed=cell["number"])
        trace = gi.run(scenario, picture, device="cpu")
        return {"loss": trace.history[-1]["loss"], "cpu_seconds": time.process_time() - started}


Inversions.name = "inversions"


def measure(kind: str, workers: int, study: Study) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        started, times, cpu = time.perf_counter(), [], []
        for row in run_study(study, Path(folder), workers=workers, cluster=KINDS[kind]):
            times.append(time.perf_counter())
            cpu.append(float(row["cpu_seconds"]))
    steady = times[-1] - times[0]
    return {
        "kind": kind, "workers": workers, "cells": len(times), "wall_seconds": times[-1] - started,
        "steady_seconds": steady, "cpu_seconds": sum(cpu), "efficiency": sum(cpu[1:]) / (workers * steady),
        "load_average": os.getloadavg()[0],
    }  # fmt: skip


@click.command()
@click.option("--count", default=200)
@click.option("--kinds", default="processes,ray")
@click.option("--out", type=click.Path(path_type=Path), default=None)
def main(count: int, kinds: str, out: Path | None) -> None:
    os.environ.setdefault("RAY_worker_niceness", "0")
    import cluster  # so that workers find the study by its module's name

    rows: list[dict[str, Any]] = []
    for kind in kinds.split(","):
        for workers in (1, 2):
            row = measure(kind, workers, cluster.Inversions(count=count))
            one = row if workers == 1 else rows[-1]
            rows.append(row | {"speed_up": one["wall_seconds"] / row["wall_seconds"]})
            click.echo({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()})
    write(rows, out)


if __name__ == "__main__":
    main()
