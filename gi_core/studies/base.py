"""What every study is: cells of a grid, one row of results per cell."""

from __future__ import annotations

import csv
import time
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from gi_core.components import Component, Registry
from gi_core.errors import BadInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = dict[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Study(Component):
    """A grid of experiments.

    ``question``: what it answers, one sentence. ``columns``: names of a cell's coordinates, which identify it, then of
    what is measured.
    """

    question: ClassVar[str] = ""
    keys: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def cells(self) -> Iterator[Cell]:
        """Coordinates of each experiment, the most telling ones first: a budget cuts the tail."""

    @abstractmethod
    def measure(self, cell: Cell) -> Row:
        """Run one experiment; a value for each of ``columns`` (None where it does not apply).

        Under the key ``pictures`` it may add pictures worth keeping: name -> (C,H,W) in [0,1].
        """

    def figure(self, rows: list[Row]) -> Figure | None:
        """A plot of the rows (values as text), where the study has one."""
        return None


studies: Registry[Study] = Registry("study")


def run_study(study: Study, out: Path, budget_minutes: float | None = None) -> Iterator[Row]:
    """Yield a row per finished cell: those already in ``out`` first, then new ones while the budget lasts.

    Rows go to ``out/NAME.csv`` as they are finished; a second call with the same ``out`` goes on where the first
    stopped. ``out/NAME.txt`` keeps the study's text, so that other options need another folder; ``out/NAME.png``
    shows the rows of a finished call.

    Args:
        out: folder, created if need be.
        budget_minutes: no cell starts after this much time; None runs them all.

    Raises:
        BadInput: ``out`` holds the study with other options.
    """
    out.mkdir(parents=True, exist_ok=True)
    table, options = out / f"{study.name}.csv", out / f"{study.name}.txt"
    if options.exists() and options.read_text().strip() != study.text:
        raise BadInput(f"{out} holds {options.read_text().strip()!r}: other options need another --out")
    options.write_text(study.text + "\n")
    done = read_rows(table)
    yield from list(done)
    finished = {tuple(row[k] for k in study.keys) for row in done}
    header = [*study.keys, *study.columns, "seconds"]
    deadline = time.monotonic() + 60 * budget_minutes if budget_minutes is not None else float("inf")
    for cell in study.cells():
        if tuple(format_cell(cell[k]) for k in study.keys) in finished:
            continue
        if time.monotonic() > deadline:
            break
        started = time.process_time()
        row = {**cell, **study.measure(cell)}
        for name, picture in row.pop("pictures", {}).items():
            save_picture(out / "pictures" / f"{name}.png", picture)
        row["seconds"] = round(time.process_time() - started, 2)
        text = {k: format_cell(row[k]) for k in header}
        append_row(table, header, text)
        done.append(text)
        yield text
    figure = study.figure(done) if done else None
    if figure is not None:
        figure.savefig(out / f"{study.name}.png", dpi=110)


def read_rows(table: Path) -> list[Row]:
    """Rows of a CSV file, values as text; [] if there is none."""
    if not table.exists():
        return []
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def append_row(table: Path, header: list[str], row: Row) -> None:
    fresh = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, header)
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def format_cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def save_picture(path: Path, picture: Tensor) -> None:
    """(C,H,W) in [0,1] as PNG."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    values = (picture.detach().clamp(0, 1) * 255).round().to(torch.uint8).cpu().permute(1, 2, 0)
    Image.fromarray(values.squeeze(-1).numpy()).save(path)
