"""``gi app``: the web app on this machine."""

from __future__ import annotations

import click


@click.command("app")
@click.option("--host", default=None, help="address to listen on; 0.0.0.0 opens it to the network")
@click.option("--port", type=click.IntRange(1, 65535), default=None, help="default: 7860, or the next free one")
def command(host: str | None, port: int | None) -> None:
    """Start the web app."""
    from gi_core.web import build, launch_settings

    build().launch(server_name=host, server_port=port, **launch_settings())
