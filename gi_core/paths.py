"""Where the files that ship with the package are."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ASSETS = next((p for p in (PACKAGE / "_assets", PACKAGE.parent / "assets") if p.is_dir()), PACKAGE.parent / "assets")
"""Inside an installed package, else beside it in the repository."""
