"""The tail that benchmarks share: rows to a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path


def write(rows: Sequence[Mapping[str, object]], out: Path | None) -> None:
    """Rows of the same keys to ``out``; nothing where it is None."""
    if out is None:
        return
    with out.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
