"""What importing and installing promise."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch

import gi_core as gi
from gi_core import torch_setup
from gi_core.cli import COMMANDS, main
from gi_core.data.samples import sample
from gi_core.errors import BadInput
from gi_core.paths import ASSETS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def python(code: str, **environment: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_public_names_are_what_they_were():
    assert set(gi.__all__) <= set(dir(gi))
    assert callable(gi.run) and gi.Scenario is not None
    import gi_core.run as again

    assert again is gi.run, "the function, though a module has that name"
    with pytest.raises(AttributeError, match="nothing"):
        _ = gi.nothing


def test_help_waits_for_no_heavy_import():
    code = (
        "import sys; from gi_core.cli import main; main(['--help'], standalone_mode=False);"
        "print('torch' in sys.modules, 'numpy' in sys.modules, 'gradio' in sys.modules)"
    )
    assert python(code).splitlines()[-1] == "False False False"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_what_the_overview_says(name):
    command = main.get_command(None, name)
    assert command.name == name
    assert " ".join(command.help.split()).startswith(COMMANDS[name])


def test_import_leaves_the_number_of_threads_alone():
    code = (
        "import torch; torch.set_num_threads(3);"
        "import gi_core as gi; from gi_core.data.samples import sample;"
        "print(torch.get_num_threads()); seen = [];"
        "frames = gi.stream(gi.Scenario(model='mlp', attack='ig:steps=2', image_size=16), sample('cat', 16, 3)[None]);"
        "[seen.append(torch.get_num_threads()) for _ in frames]; print(set(seen), torch.get_num_threads())"
    )
    assert python(code).splitlines() == ["3", "{3} 3"]


def test_a_run_computes_with_the_threads_that_are_set(monkeypatch):
    monkeypatch.setenv("GI_THREADS", "2")
    before = torch.get_num_threads()
    with torch_setup.run_threads():
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before
    for wrong in ("0", "-1", "many", "1.5", "9" * 900):
        monkeypatch.setenv("GI_THREADS", wrong)
        with pytest.raises(BadInput, match="GI_THREADS"):
            gi.run(gi.Scenario(model="mlp", attack="analytic"), sample("cat", 32, 3)[None])


def test_pinned_requirements_are_within_the_ranges_of_the_package():
    """What Spaces install is one choice of what the package accepts."""
    from packaging.requirements import Requirement

    wanted = {r.name: r for r in map(Requirement, PROJECT["dependencies"])}
    assert "gradio" in wanted, "a plain install has a working `gi app`"
    pinned = re.findall(r"^([\w-]+)==([\w.]+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert {name for name, _ in pinned} >= set(wanted)
    for name, version in pinned:
        if name in wanted:
            assert wanted[name].specifier.contains(version), name


def test_the_lock_holds_every_pin_and_a_hash_of_each():
    pins = dict(re.findall(r"^([\w-]+)==([\w.]+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    entries = re.split(r"\n(?=[\w-])", (ROOT / "requirements.lock").read_text())
    locked = [re.match(r"([\w.-]+)==([\w.+]+)", entry) for entry in entries if not entry.startswith("#")]
    assert all(locked) and all("--hash=sha256:" in entry for entry in entries if not entry.startswith("#"))
    assert set(pins.items()) <= {(found[1], found[2]) for found in locked if found}


def test_assets_are_found():
    assert (ASSETS / "weights").is_dir() and (ASSETS / "images" / "blobs.png").is_file()


NEWER = re.compile(
    r"\b(asyncio\.(timeout|TaskGroup|Runner)|StrEnum|tomllib|ExceptionGroup|datetime\.UTC|file_digest|contextlib\.chdir"
    r"|itertools\.batched)\b|from typing import .*\b(Self|Never|assert_never|override|LiteralString)\b"
)


def test_the_package_needs_no_newer_python_than_it_says():
    """Syntax, and names of the standard library that came later."""
    oldest = tuple(map(int, PROJECT["requires-python"].removeprefix(">=").split(".")))
    assert oldest == (3, 10)
    for file in (ROOT / "gi_core").rglob("*.py"):
        source = file.read_text()
        ast.parse(source, feature_version=oldest)
        found = NEWER.search(re.sub(r"if TYPE_CHECKING:\n(    .*\n)+", "", source))
        assert found is None, (file, found)
