"""``python -m gi_core``: the command line, and the one command that needs the web app's widgets."""

from pathlib import Path

import click

from gi_core.cli import entry_point, main


@main.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="folder for index.html")
def export(out: Path) -> None:
    """Write the recorded explorer as one page that needs no server."""
    from gi_core.web.static_export import export as write

    click.echo(str(write(out)))


entry_point()
