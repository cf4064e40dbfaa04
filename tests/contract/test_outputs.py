"""Every attack's record becomes JSON and files, whatever its report holds."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest

from gi_core.attacks import attacks
from gi_core.data.samples import sample
from gi_core.errors import BadInput
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.trace import Trace

SETTINGS = (
    {"model": "lenet"},
    {"model": "mlp"},
    {"model": "lenet", "mode": "train", "defense": "dropout", "knowledge": "labels+defense"},
    {"model": "resnet18:width=8", "mode": "train", "knowledge": "labels+buffers"},
    {"model": "resnet18:width=8", "knowledge": "labels+buffers+auxiliary"},
    {"model": "lenet", "local_steps": 2, "knowledge": "labels+defense"},
    {"model": "vit-tiny"},
    {"model": "lenet", "server": "imprint"},
    {"model": "lenet", "server": "trap"},
    {"model": "lenet", "server": "fishing"},
    {"model": "lenet", "server": "inconsistent", "clients": 2},
)
"""Tried in this order; the first that an attack accepts is taken."""
SHORT = {"steps": 2, "restarts": 1, "trials": 2}
FRAMES = 3


def text(name: str) -> str:
    """The attack with the smallest budget that its options allow."""
    known = {field.name for field in dataclasses.fields(attacks.get(name))}
    options = ",".join(f"{key}={value}" for key, value in SHORT.items() if key in known)
    return f"{name}:{options}" if options else name


def recorded(name: str) -> Trace:
    """A few frames of the attack in the first setting that it accepts."""
    refusals = []
    for settings in SETTINGS:
        try:
            run = prepare(Scenario(attack=text(name), **settings), sample("cat", 32, 3)[None], device="cpu")
            list(itertools.islice(run, FRAMES))
            return run.trace()
        except BadInput as refusal:
            refusals.append(str(refusal))
    pytest.fail(f"{name} accepts none of the settings: {refusals}")


@pytest.mark.parametrize("name", attacks.names())
def test_every_attack_can_be_printed_and_kept(name, tmp_path):
    trace = recorded(name)
    told = json.loads(json.dumps(trace.to_dict(), allow_nan=False))
    trace.save(tmp_path)
    assert json.loads((tmp_path / "trace.json").read_text()) == told
    assert told["scenario"]["attack"].startswith(name) and told["scores"]
    with np.load(tmp_path / "images.npz") as kept:
        assert kept["reconstruction"].shape == tuple(trace.images.shape)
        assert np.isfinite(kept["reconstruction"]).all()
    assert len(repr(trace)) < 400 and "<table>" in trace._repr_html_()
