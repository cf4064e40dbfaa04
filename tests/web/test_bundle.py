"""The committed bundle is what its sources make, and every screen that the app mounts is in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gi_core.web.widget import BUNDLE

ROOT = Path(__file__).resolve().parents[2]


def tool(name: str) -> str:
    """A tool of package.json; without node or ``npm ci`` its tests are skipped, under CI=true they fail."""
    found = shutil.which(name, path=ROOT / "node_modules/.bin")
    if found is None or shutil.which("node") is None:
        reason = f"{name} is missing: install node, then run 'npm ci'"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return str(found)


def test_bundle_is_what_its_sources_make(tmp_path):
    tool("esbuild")
    subprocess.run(["node", "build.js", str(tmp_path)], cwd=ROOT, check=True, capture_output=True, timeout=120)
    for name in ("gi.js", "gi.css"):
        assert (tmp_path / name).read_text() == (BUNDLE / name).read_text(), f"run 'npm run build': {name} is stale"


@pytest.mark.parametrize("arguments", [["tsc", "-p", "tsconfig.json"], ["eslint", "gi_core/web", "tests/js"]])
def test_types_and_style(arguments):
    done = subprocess.run(
        [tool(arguments[0]), *arguments[1:]], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout


def test_units():
    tool("esbuild")
    done = subprocess.run(["npm", "test", "--silent"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
