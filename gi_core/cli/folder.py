"""The folder that a command writes to, looked at before the work."""

from __future__ import annotations

import tempfile
from pathlib import Path

from gi_core.errors import BadInput


def writable(folder: Path) -> Path:
    """The folder, created if need be. Raises BadInput where nothing can be written to it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"room?")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"--out {str(folder)[:200]!r}: a folder that can be written to is needed ({reason})") from None
    return folder
