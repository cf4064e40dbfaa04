"""Victims at several stages: training keeps what was asked, and the weights source loads exactly that."""

import json

import numpy as np
import pytest
import torch

from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.training import train

RECIPE = "victim:model=(mlp:width=16),epochs=6,keep=1/6,batch=20,lr=0.01"


@pytest.fixture
def stages(tmp_path, monkeypatch):
    """A tiny MLP trained for 6 epochs on two kinds of pictures (bright above, bright below), epochs 1 and 6 kept."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 400)
    images = generator.integers(0, 100, (400, 32, 32, 3))
    images[labels == 0, :16] += 150
    images[labels == 1, 16:] += 150
    np.savez(
        tmp_path / "cifar10.npz",
        images=images.astype(np.uint8),
        labels=labels,
        split=(np.arange(400) >= 360).astype(int),
    )
    log = list(train(RECIPE, data=tmp_path, out=tmp_path / "weights"))
    monkeypatch.setenv("GI_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights", log


def test_stages_differ_and_learn(stages):
    folder, log = stages
    assert [entry["epoch"] for entry in log] == [1, 2, 3, 4, 5, 6]
    assert {p.name for p in folder.glob("*.json")} >= {
        "victim-mlp_width_16-epoch1-cifar10.json", "victim-mlp_width_16-epoch6-cifar10.json"
    }  # fmt: skip
    load = lambda source: build("mlp:width=16", image_shape=(3, 32, 32), num_classes=2, source=source)
    start, early, late = load("trained:epoch=0"), load("trained:epoch=1"), load("trained:epoch=6")
    assert torch.equal(start.head.weight, load("init").head.weight)
    assert not torch.allclose(early.head.weight, start.head.weight)
    assert not torch.allclose(early.head.weight, late.head.weight)
    above = torch.full((1, 3, 32, 32), 0.2)
    above[:, :, :16] = 0.8
    assert late(torch.cat([above, above.flip(2)])).argmax(1).tolist() == [0, 1]
    card = json.loads((folder / "victim-mlp_width_16-epoch6-cifar10.json").read_text())
    assert card["validation"][0]["accuracy"] == 1.0
    assert card["epochs"] == 6


def test_training_repeats_bit_for_bit(stages, tmp_path):
    folder, _ = stages
    again = tmp_path / "again"
    for _ in train(RECIPE, data=tmp_path, out=again):
        pass
    name = "victim-mlp_width_16-epoch6-cifar10.safetensors"
    assert (folder / name).read_bytes() == (again / name).read_bytes()


def test_what_is_missing_is_said(stages):
    folder, _ = stages
    shape = {"image_shape": (3, 32, 32), "num_classes": 2}
    with pytest.raises(BadInput, match="mlp:width=16 after 1 on cifar10"):
        build("mlp:width=16", source="trained:epoch=7", **shape)
    with pytest.raises(BadInput, match="2 classes"):
        build("mlp:width=16", source="trained:epoch=6", image_shape=(3, 32, 32), num_classes=10)
    (folder / "victim-mlp_width_16-epoch6-cifar10.safetensors").write_bytes(b"other")
    with pytest.raises(BadInput, match="SHA-256"):
        build("mlp:width=16", source="trained:epoch=6", **shape)
    with pytest.raises(BadInput, match="slashes"):
        next(train("victim:keep=1-2", data=folder.parent, out=folder))
