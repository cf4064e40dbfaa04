"""Every benchmark starts from a clean clone, without help from outside, and says what it takes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
SCRIPTS = sorted(f.name for f in FOLDER.glob("*.py") if "__main__" in f.read_text())


def bare(*arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    """Python without PYTHONPATH and without an installed copy of this repository's folder on its path."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_says_what_it_takes(script, tmp_path):
    done = bare(str(FOLDER / script), "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout and script in done.stdout


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("speed.py", ("--models", "lenet", "--batches", "1")),
        ("single_pass.py", ("--model", "lenet", "--names", "venom", "--slow", "dlg:steps=2")),
    ],
)
def test_a_benchmark_runs_to_its_end(script, arguments, tmp_path):
    done = bare(str(FOLDER / script), *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert any(character.isdigit() for character in done.stdout)
