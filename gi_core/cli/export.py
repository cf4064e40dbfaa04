"""``gi export``: the recorded explorer without a server."""

from __future__ import annotations

from pathlib import Path

import click

from gi_core.cli.folder import writable


@click.command("export")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="folder for index.html")
def command(out: Path) -> None:
    """Write the recorded explorer as one page that needs no server."""
    from gi_core.web.static_export import export

    click.echo(str(export(writable(out))))
