"""The option of every command that looks names up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from gi_core.plugins import load_plugins


def plugin_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--plugin FILE.py``, as often as wanted, imported before any name is looked up."""
    return click.option(
        "--plugin", multiple=True, is_eager=True, expose_value=False, metavar="FILE.py",
        callback=lambda _, __, files: load_plugins(files),
        help="Python file with attacks, defenses, victims ... of your own; it is run",
    )(command)  # fmt: skip
