"""What the documentation tells people to run, runs: files by their titles, commands, and Python, page by page.

Fences marked ``text`` need data, a network, a cluster, a server or hours, and are not run; the studies and trainings
that they name are parsed. Of the others, commands that install, serve or test are only looked at. Runs are short
already; where one is long, ``SHORTER`` says how the test shortens it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GI = [sys.executable, "-m", "gi_core"]
LOOKED_AT = ("python3 -m venv", "pip install", "gi app", "pre-commit", "npm ")
"""Beginnings of commands that install, serve or test: CI runs them in its own way."""
SHORTER = {
    "dlg:restarts=6": "dlg:steps=2",
    "ig:steps=100": "ig:steps=10",
    "ig:steps=200": "ig:steps=10",
    "dlg:steps=40": "dlg:steps=4",
}
LANGUAGES = {"bash", "python", "js", "text"}


@dataclass(frozen=True)
class Fence:
    language: str
    title: str
    content: str

    def shortened(self) -> str:
        text = self.content
        for long, short in SHORTER.items():
            text = text.replace(long, short)
        return text


def fences(page: Path) -> list[Fence]:
    return [Fence(*found) for found in FENCE.findall(page.read_text())]


def commands(fence: Fence) -> list[str]:
    lines = (line.split("  #")[0].strip() for line in fence.shortened().splitlines())
    return [line for line in lines if line and not line.startswith(LOOKED_AT)]


def call(arguments: list[str], folder: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


def test_there_are_commands_to_try():
    found = [command for page in PAGES for f in fences(page) if f.language == "bash" for command in commands(f)]
    assert len(found) >= 10 and {"run", "list", "study"} <= {shlex.split(c)[1] for c in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_fence_says_what_it_is(page):
    assert page.read_text().count("\n```") % 2 == 0
    for fence in fences(page):
        assert fence.language in LANGUAGES, fence.content[:60]
        if fence.language == "bash":
            assert all(shlex.split(command)[0] == "gi" for command in commands(fence)), fence.content


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if fences(p)], ids=lambda path: path.stem)
def test_what_a_page_tells_to_run_runs(page, tmp_path):
    for fence in fences(page):
        if fence.language == "python" and fence.title:
            (tmp_path / fence.title).write_text(fence.content)
        elif fence.language == "python":
            done = call([sys.executable, "-c", fence.shortened()], tmp_path)
            assert done.returncode == 0, f"{fence.content}\n{done.stderr}"
        elif fence.language == "bash":
            for command in commands(fence):
                done = call([*GI, *shlex.split(command)[1:]], tmp_path)
                assert done.returncode == 0, f"{command}\n{done.stderr}"


NAMED = re.compile(r"gi (study|train) ('[^']+'|\"[^\"]+\"|[^\s`]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_studies_and_trainings_that_a_page_names_exist(page):
    from gi_core.studies import studies
    from gi_core.training import trainings

    guides_own = {"sizes"} if page.stem == "how-to" else set()
    for kind, text in NAMED.findall(page.read_text()):
        name = text.strip("'\"")
        if name.isupper() or name in guides_own or name.startswith("--plugin"):
            continue
        assert {"study": studies, "train": trainings}[kind].parse(name).text


def test_the_guides_own_components_are_registered(tmp_path):
    """The files of the how-to, without their runs."""
    for fence in fences(ROOT / "docs" / "how-to.md"):
        if fence.title:
            (tmp_path / fence.title).write_text(fence.content)
    plugins = [argument for file in sorted(tmp_path.glob("*.py")) for argument in ("--plugin", str(file))]
    done = call([*GI, "list", *plugins], tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(f"  {name} " in done.stdout for name in ("random-search", "rounded", "tiny", "sizes"))
