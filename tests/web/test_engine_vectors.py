"""The numbers that the browser's engine is held to are still those that gi_core computes."""

from __future__ import annotations

import base64
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "js" / "vectors.py"


@pytest.fixture(scope="module")
def made():
    spec = importlib.util.spec_from_file_location("vectors", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def kept(made):
    return json.loads(made.FILE.read_text())


def numbers(text):
    return np.frombuffer(base64.b64decode(text), "<f4")


def agree(now, then):
    assert now.keys() <= then.keys()
    assert (now["loss"], now["norm"]) == pytest.approx((then["loss"], then["norm"]), rel=1e-6)
    wanted = numbers(then["derivative"])
    assert np.linalg.norm(numbers(now["derivative"]) - wanted) < 1e-5 * np.linalg.norm(wanted)


def test_layers(made, kept, monkeypatch):
    monkeypatch.setattr(made, "CASES", 3)
    then = {(one["kind"], one["seed"]): one for one in kept["layers"]}
    assert len(then) == 20 * len(made.KINDS)
    for now in made.layers():
        agree(now, then[now["kind"], now["seed"]])


def test_victims_and_draws(made, kept):
    for now, then in zip(made.victims(), kept["victims"], strict=True):
        agree(now, then)
    for name, now in made.draws().items():
        assert now == pytest.approx(kept["draws"][name], rel=1e-4, abs=1e-6)


def test_a_run(made, kept, monkeypatch):
    monkeypatch.setattr(made, "RUNS", made.RUNS[:1])
    (now,) = made.runs()
    then = kept["runs"][0]
    assert now["scenario"] == then["scenario"] and now["labels"] == then["labels"]
    assert now["losses"][:10] == pytest.approx(then["losses"][:10], rel=1e-3)
    assert now["psnr"] == pytest.approx(then["psnr"], abs=0.5)
