"""Studies resume, respect their budget, and keep options apart."""

import csv
from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.studies import run_study, studies
from gi_core.studies.base import Study


@dataclass(frozen=True, kw_only=True)
class Squares(Study):
    """Squares of numbers."""

    keys: ClassVar[tuple[str, ...]] = ("number", "half")
    columns: ClassVar[tuple[str, ...]] = ("square", "root")
    calls: ClassVar[list[int]] = []

    count: int = option(4, "how many")

    def cells(self):
        return ({"number": n, "half": n / 2} for n in range(self.count))

    def measure(self, cell):
        self.calls.append(cell["number"])
        row = {"square": cell["number"] ** 2, "root": None if cell["number"] == 3 else cell["number"] ** 0.5}
        return row | ({"pictures": {"picture-1": torch.full((3, 2, 2), 0.5)}} if cell["number"] == 1 else {})


Squares.name = "squares"


def test_stops_and_goes_on(tmp_path):
    Squares.calls.clear()
    first = run_study(Squares(), tmp_path)
    assert [next(first)["square"] for _ in range(2)] == ["0", "1"]
    first.close()
    rows = list(run_study(Squares(), tmp_path))
    assert Squares.calls == [0, 1, 2, 3]
    assert [r["number"] for r in rows] == ["0", "1", "2", "3"]
    assert rows[-1]["root"] == ""
    with (tmp_path / "squares.csv").open() as file:
        assert list(csv.DictReader(file)) == rows
    assert [p.name for p in (tmp_path / "pictures").iterdir()] == ["picture-1.png"]


def test_a_spent_budget_starts_no_cell(tmp_path):
    assert list(run_study(Squares(), tmp_path, budget_minutes=0)) == []


def test_other_options_need_another_folder(tmp_path):
    list(run_study(Squares(count=1), tmp_path))
    with pytest.raises(BadInput, match="need another --out"):
        list(run_study(Squares(count=2), tmp_path))


def test_every_study_has_a_question_and_distinct_cells():
    for cls in studies:
        study = cls()
        assert cls.question.endswith("?")
        keys = [tuple(c[k] for k in cls.keys) for c in study.cells()]
        assert keys
        assert len(set(keys)) == len(keys)
