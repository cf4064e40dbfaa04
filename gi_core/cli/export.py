"""``gi export``: the explorer without a server."""

from __future__ import annotations

from pathlib import Path

import click

from gi_core.cli.folder import writable


@click.command("export")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="folder for index.html and its files")
def command(out: Path) -> None:
    """Write the whole explorer as a folder that needs no server: attacks run in the reader's browser."""
    from gi_core.web.static_export import export

    click.echo(str(export(writable(out))))
