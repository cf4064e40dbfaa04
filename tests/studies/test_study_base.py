"""Studies resume, respect their budget, and keep options apart."""

import csv
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.studies import run_study, studies
from gi_core.studies.base import Study, format_measured


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


HOLD = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from gi_core.studies import studies
from gi_core.studies.base import alone
with alone(studies.parse("tradeoff"), Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_is_one_process_at_a_time_until_that_dies(tmp_path):
    study, root = studies.parse("tradeoff"), str(Path(__file__).parents[2])
    command = [sys.executable, "-c", HOLD, str(tmp_path), root]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BadInput, match=r"is being computed in .* already"):
            next(run_study(study, tmp_path, budget_minutes=0))
        assert list(run_study(Squares(count=1), tmp_path))
        holder.kill()
        holder.wait()
        assert list(run_study(study, tmp_path, budget_minutes=0)) == []


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
        for text in (str(value) for key in keys for value in key if isinstance(value, str)):
            assert not text.startswith(("=", "+", "-", "@", "\t")), f"a spreadsheet takes {text!r} for a formula"


def test_small_measured_numbers_keep_their_digits():
    assert format_measured(1.234567e-7) == "1.235e-07"
    assert format_measured(0.0) == "0.0000"
    assert [format_measured(v) for v in (12.34567, -0.5, 3, None)] == ["12.3457", "-0.5000", "3", ""]
