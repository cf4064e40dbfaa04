"""``gi study``: a grid of experiments."""

from __future__ import annotations

import time
from pathlib import Path

import click

from gi_core.cli.folder import writable
from gi_core.cli.plugin_option import plugin_option
from gi_core.studies import run_study, studies
from gi_core.studies.base import read_rows


@click.command("study")
@click.argument("name")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="folder of the table; the same again resumes"
)
@click.option("--budget", type=float, default=None, help="minutes after which no new cell starts")
@click.option("--workers", type=click.IntRange(1, 4096), default=1, help="cells measured at a time")
@click.option("--ray", "cluster", default=None, help="address of a Ray cluster (auto: the one here; local: start one)")
@plugin_option
def command(name: str, out: Path, budget: float | None, workers: int, cluster: str | None) -> None:
    """Run a grid of experiments; a table that is there already is continued."""
    grid = studies.parse(name)
    writable(out)
    total, started, begun = sum(1 for _ in grid.cells()), time.monotonic(), len(read_rows(out / f"{grid.name}.csv"))
    for count, row in enumerate(run_study(grid, out, budget, workers=workers, cluster=cluster), 1):
        text = "  ".join(f"{key} {value}" for key, value in row.items() if value != "")
        left = (time.monotonic() - started) / (count - begun) * (total - count) if count > begun else None
        click.echo(f"[{count}/{total}{'' if left is None else f', {left / 60:.0f} min left'}] {text}", err=True)
    click.echo(str(out))
    failures = read_rows(out / f"{grid.name}.failures.csv")
    if failures:
        click.echo(f"error: {len(failures)} cells failed, the first with: {failures[0]['error']}", err=True)
        raise SystemExit(1)
