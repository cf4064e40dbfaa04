"""The README keeps its word."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


@pytest.mark.usefixtures("own_names_forgotten")
def test_own_network_in_six_lines(capsys):
    block = README.split("runs this block -->")[1].split("```python")[1].split("```")[0].strip()
    assert block.count("\n") + 1 == 6
    exec(block, {})
    assert float(capsys.readouterr().out) > 0


def test_front_matter_names_the_installed_gradio():
    assert re.search(r"^sdk_version: (.+)$", README, re.MULTILINE).group(1) == version("gradio")


def test_every_image_exists():
    root = Path(__file__).resolve().parents[2]
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (root / path).exists(), path
