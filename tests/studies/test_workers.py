"""Cells measured elsewhere, cells that fail, and a study that is killed."""

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gi_core.errors import BadInput
from gi_core.studies import run_study
from gi_core.studies.base import read_rows

HERE = Path(__file__).parent
sys.path.append(str(HERE))  # so that workers, too, find the study below
squares = importlib.import_module("squares")
Squares = squares.Squares


def without_seconds(rows):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_processes_give_the_table_of_one(tmp_path):
    list(run_study(Squares(count=7), tmp_path / "serial"))
    list(run_study(Squares(count=7), tmp_path / "two", workers=2))
    serial, two = (read_rows(tmp_path / name / "squares.csv") for name in ("serial", "two"))
    assert without_seconds(serial) == without_seconds(two)


def test_a_failed_cell_is_recorded_and_stops_no_other(tmp_path):
    rows = list(run_study(Squares(count=4, bad=2), tmp_path))
    assert [r["number"] for r in rows] == ["0", "1", "3"]
    assert read_rows(tmp_path / "squares.failures.csv") == [{"number": "2", "error": "ValueError: 2 is no good"}]
    squares.good_now.append(2)
    try:
        assert len(list(run_study(Squares(count=4, bad=2), tmp_path))) == 4
    finally:
        squares.good_now.clear()
    assert not (tmp_path / "squares.failures.csv").exists()


def test_a_line_cut_short_is_measured_again(tmp_path):
    list(run_study(Squares(count=3), tmp_path))
    table = tmp_path / "squares.csv"
    whole = table.read_text()
    table.write_text(whole[:-3])
    assert len(list(run_study(Squares(count=3), tmp_path))) == 3
    assert without_seconds(read_rows(table)) == without_seconds(list(run_study(Squares(count=3), tmp_path)))


@pytest.mark.slow
def test_two_hundred_cells_on_ray_survive_a_kill(tmp_path):
    pytest.importorskip("ray", reason="ray is not installed")
    command = [sys.executable, HERE / "squares.py", tmp_path / "ray"]
    table = tmp_path / "ray" / "squares.csv"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    surroundings = os.environ | {"PYTHONPATH": str(HERE.parent.parent)}
    process = subprocess.Popen(command, env=surroundings, **quiet)
    deadline = time.monotonic() + 300
    while len(read_rows(table)) < 60:
        assert process.poll() is None, "the study ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = read_rows(table)
    assert 60 <= len(before) < 200
    subprocess.run(command, check=True, timeout=400, env=surroundings, **quiet)
    after = read_rows(table)
    assert {tuple(row.items()) for row in before} <= {tuple(row.items()) for row in after}
    list(run_study(Squares(count=200), tmp_path / "serial"))
    assert without_seconds(after) == without_seconds(read_rows(tmp_path / "serial" / "squares.csv"))
    assert table.with_suffix(".parquet").exists()


def test_a_cluster_that_does_not_answer_is_one_sentence(tmp_path):
    pytest.importorskip("ray", reason="ray is not installed")
    with pytest.raises(BadInput, match="no Ray cluster answers"):
        list(run_study(Squares(), tmp_path, cluster="127.0.0.1:1"))
