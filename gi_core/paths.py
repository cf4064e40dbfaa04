"""Where the files that ship with the package are."""

from pathlib import Path

ASSETS = Path(__file__).resolve().parents[1] / "assets"
