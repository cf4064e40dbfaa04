"""The README's moving picture, from a recorded run: the private picture left, what the attacker sees right.

gi run --model lenet --attack dlg:restarts=6 --image cat --out run
python benchmarks/moving_picture.py run docs/run.gif
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click
import here  # noqa: F401
import torch

from gi_core.report import gif
from gi_core.scenario import Scenario
from gi_core.store import restored
from gi_core.trace import Trace


def beside_the_truth(trace: Trace) -> Trace:
    """The same run, each frame (B,C,H,W) widened to (B,C,H,2W+2) by the truth and a white line."""
    line = torch.ones(*trace.truth.shape[:3], 2)
    frames = [dataclasses.replace(f, images=torch.cat([trace.truth, line, f.images], dim=3)) for f in trace.frames]
    return dataclasses.replace(trace, frames=frames)


@click.command(help=__doc__)
@click.argument("run", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--side", default=400, help="pixels of both together")
def main(run: Path, out: Path, side: int) -> None:
    told = json.loads((run / "trace.json").read_text())
    trace = restored(Scenario.from_dict(told["scenario"]), told, (run / "images.npz").read_bytes())
    out.write_bytes(gif(beside_the_truth(trace), side=side))
    click.echo(str(out))


if __name__ == "__main__":
    main()
