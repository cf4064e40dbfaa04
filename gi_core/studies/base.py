"""What every study is: cells of a grid, one row of results per cell."""

from __future__ import annotations

import csv
import fcntl
import importlib.util
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor

from gi_core.charts import study_chart
from gi_core.components import Component, Registry
from gi_core.errors import BadInput
from gi_core.studies.workers import outcomes

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from plotly.graph_objects import Figure as Chart

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

    def chart(self, rows: list[Row]) -> Chart | None:
        """An explorable chart of the rows, where something numeric was measured."""
        return study_chart(rows, self.keys, self.columns, self.question or self.summary())


studies: Registry[Study] = Registry("study")


def run_study(
    study: Study, out: Path, budget_minutes: float | None = None, *, workers: int = 1, cluster: str | None = None
) -> Iterator[Row]:
    """Yield a row per finished cell: those already in ``out`` first, then new ones while the budget lasts.

    Rows go to ``out/NAME.csv`` as they are finished; a second call with the same ``out`` goes on where the first
    stopped. ``out/NAME.txt`` keeps the study's text, so that other options need another folder. At the end the table is
    put into the order of the cells, written as ``out/NAME.parquet`` too (where pyarrow is installed), drawn as
    ``out/NAME.png`` where the study has a figure, and as an explorable ``out/NAME.html``. A cell that fails does not
    stop the others: it goes to ``out/NAME.failures.csv`` and is tried again by the next call.

    Args:
        out: folder, created if need be.
        budget_minutes: no cell starts after this much time; None runs them all.
        workers, cluster: see :func:`gi_core.studies.workers.outcomes`.

    Raises:
        BadInput: ``out`` holds the study with other options, or another process computes it there; no cluster.
    """
    out.mkdir(parents=True, exist_ok=True)
    with alone(study, out):
        yield from _run_study(study, out, budget_minutes, workers, cluster)


@contextmanager
def alone(study: Study, out: Path) -> Iterator[None]:
    """Hold the study's ``out/NAME.txt`` for this process: the system lets go of it when the process ends, however.

    Windows has no such lock, and studies are not supported there. Raises BadInput while somebody else holds it.
    """
    with (out / f"{study.name}.txt").open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(
                f"the study {study.name} is being computed in {out} already: wait for it, or give another --out"
            ) from None
        yield


def _run_study(
    study: Study, out: Path, budget_minutes: float | None, workers: int, cluster: str | None
) -> Iterator[Row]:
    table, options, failures = (out / f"{study.name}.{end}" for end in ("csv", "txt", "failures.csv"))
    if (held := options.read_text().strip()) and held != study.text:
        raise BadInput(f"{out} holds {held!r}: other options need another --out")
    options.write_text(study.text + "\n")
    failures.unlink(missing_ok=True)
    header = [*study.keys, *study.columns, "seconds"]
    if done := read_rows(table):
        write_rows(table, header, done)
    yield from list(done)
    for outcome in outcomes(study, to_do(study, done, budget_minutes), workers, cluster):
        if outcome.row is None:
            failed = {k: format_cell(outcome.cell[k]) for k in study.keys} | {"error": outcome.error}
            append_row(failures, [*study.keys, "error"], failed)
            continue
        row = {**outcome.cell, **outcome.row}
        for name, picture in row.pop("pictures", {}).items():
            save_picture(out / "pictures" / f"{name}.png", picture)
        text = {k: (format_cell if k in study.keys else format_measured)(row[k]) for k in header[:-1]} | {
            "seconds": f"{outcome.seconds:.2f}"
        }
        append_row(table, header, text)
        done.append(text)
        yield text
    if done:
        done = in_order(study, done)
        write_rows(table, header, done)
        if importlib.util.find_spec("pyarrow"):
            write_parquet(table)
    figure = study.figure(done) if done else None
    if figure is not None:
        figure.savefig(out / f"{study.name}.png", dpi=110)
    chart = study.chart(done) if done else None
    if chart is not None:
        chart.write_html(out / f"{study.name}.html", include_plotlyjs="directory")


def to_do(study: Study, done: list[Row], budget_minutes: float | None) -> Iterator[Cell]:
    """Cells without a row, until the budget is spent."""
    finished = {tuple(row[k] for k in study.keys) for row in done}
    deadline = time.monotonic() + 60 * budget_minutes if budget_minutes is not None else float("inf")
    for cell in study.cells():
        if key_of(study, cell) in finished:
            continue
        if time.monotonic() > deadline:
            return
        yield cell


def key_of(study: Study, cell: Cell) -> tuple[str, ...]:
    return tuple(format_cell(cell[k]) for k in study.keys)


def in_order(study: Study, rows: list[Row]) -> list[Row]:
    """Rows in the order of the cells; rows of cells that are no more come last."""
    place = {key_of(study, cell): i for i, cell in enumerate(study.cells())}
    return sorted(rows, key=lambda row: place.get(key_of(study, row), len(place)))


def read_rows(table: Path) -> list[Row]:
    """Rows of a CSV file, values as text; [] if there is none. A line cut short by a kill is no row."""
    if not table.exists():
        return []
    lines = table.read_text().splitlines(keepends=True)
    return list(csv.DictReader(line for line in lines if line.endswith("\n")))


def append_row(table: Path, header: list[str], row: Row) -> None:
    fresh = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, header)
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def write_rows(table: Path, header: list[str], rows: list[Row]) -> None:
    """The whole table anew, replaced at one stroke."""
    fresh = table.with_suffix(".new")
    for row in rows:
        append_row(fresh, header, row)
    fresh.replace(table)


def write_parquet(table: Path) -> None:
    import pandas

    pandas.read_csv(table).to_parquet(table.with_suffix(".parquet"))


def format_cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def format_measured(value: Any) -> str:
    """As :func:`format_cell`, but small numbers keep four significant digits."""
    small = isinstance(value, float) and 0 < abs(value) < 0.1
    return f"{value:.4g}" if small else format_cell(value)


def save_picture(path: Path, picture: Tensor) -> None:
    """(C,H,W) in [0,1] as PNG."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    values = (picture.detach().clamp(0, 1) * 255).round().to(torch.uint8).cpu().permute(1, 2, 0)
    Image.fromarray(values.squeeze(-1).numpy()).save(path)
