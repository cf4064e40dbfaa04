"""``gi train victim`` goes on where it stopped."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.torch import load_file

from gi_core.training import train

TEXT = "victim:model=mlp,epochs=3,keep=3,batch=8"


@pytest.fixture
def folder(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), np.uint8)
    labels = np.arange(60) % 10
    np.savez(tmp_path / "cifar10.npz", images=images, labels=labels, split=(np.arange(60) >= 50).astype(np.uint8))
    return tmp_path


def weights(out):
    file = next(f for f in out.glob("*.safetensors") if ".progress" not in f.name)
    return load_file(file)


def test_stopped_after_an_epoch_and_started_again_it_ends_the_same(folder, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert [row["epoch"] for row in train(TEXT, data=folder, out=whole)] == [1, 2, 3]
    stopped = train(TEXT, data=folder, out=parts)
    assert next(stopped)["epoch"] == 1
    stopped.close()
    assert [row["epoch"] for row in train(TEXT, data=folder, out=parts)] == [2, 3]
    one, other = weights(whole), weights(parts)
    assert one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)


def test_finished_it_has_nothing_left_to_do(folder, tmp_path):
    list(train(TEXT, data=folder, out=tmp_path / "out"))
    before = {f.name: f.stat().st_mtime_ns for f in (tmp_path / "out").iterdir()}
    assert list(train(TEXT, data=folder, out=tmp_path / "out")) == []
    assert before == {f.name: f.stat().st_mtime_ns for f in (tmp_path / "out").iterdir()}
