"""``python -m gi_core``: the command line."""

from gi_core.cli import entry_point

entry_point()
