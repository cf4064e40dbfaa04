"""``gi train``: the shipped networks, and victims, made anew."""

from __future__ import annotations

from pathlib import Path

import click

from gi_core.cli.folder import writable
from gi_core.torch_setup import run_threads
from gi_core.training import train


@click.command("train")
@click.argument("name")
@click.option("--data", type=click.Path(path_type=Path), default=None, help="folder of the data sets; default: GI_DATA")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="folder of weights and card; the same again resumes"
)
def command(name: str, data: Path | None, out: Path) -> None:
    """Train a network by name; interrupted, the same command goes on from the checkpoint."""
    writable(out)
    with run_threads():
        for progress in train(name, data=data, out=out):
            click.echo("  ".join(f"{key} {value}" for key, value in progress.items()), err=True)
    click.echo(str(out))
