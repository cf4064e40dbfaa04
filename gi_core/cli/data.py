"""``gi data``: data sets for studies, trainings and benchmarks."""

from __future__ import annotations

from pathlib import Path

import click

from gi_core.cli.folder import writable


@click.group("data")
def command() -> None:
    """Data sets as the arrays that studies, trainings and benchmarks read."""


@command.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="folder of the .npz file; GI_DATA names it")
@click.option("--root", type=click.Path(path_type=Path), help="folder of torchvision's files; default: the same")
def prepare(name: str, out: Path, root: Path | None) -> None:
    """Make the .npz file of cifar10, cifar100, mnist or fashion-mnist; torchvision downloads what is not there."""
    from gi_core.data.prepare import prepare_arrays

    click.echo(str(prepare_arrays(name, writable(out), root)))
