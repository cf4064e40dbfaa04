"""Shipped weights: found by victim, checked by sha256, refused when altered."""

import json

import pytest
import torch

from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.networks import weights
from gi_core.networks.lti import LTI


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    monkeypatch.setenv("GI_WEIGHTS", str(tmp_path))
    victim = build("lenet", image_shape=(1, 16, 16), num_classes=4)
    network = LTI(victim, first=4, second=4)
    card = {
        "name": "lti", "model": "lenet", "weights": "init", "data": "mnist", "pictures": 10, "command": "train it",
        "fingerprint": weights.fingerprint(victim),
    }  # fmt: skip
    weights.save(network, tmp_path / "lti", card)
    return tmp_path, victim, network


def small(victim):
    return LTI(victim, first=4, second=4)


def test_round_trip_in_half_precision(shelf):
    _, victim, network = shelf
    loaded, card = weights.load("lti", victim, small)
    assert card["data"] == "mnist"
    assert torch.allclose(loaded.first.weight, network.first.weight, atol=1e-3)
    assert torch.equal(loaded.first.bias, network.first.bias)
    assert not any(p.requires_grad for p in loaded.parameters())


def test_altered_and_missing_files_are_refused_with_the_command(shelf):
    folder, victim, _ = shelf
    file = folder / "lti.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"wrong sha256.*train it"):
        weights.load("lti", victim, small)
    file.unlink()
    with pytest.raises(BadInput, match=r"missing.*train it"):
        weights.load("lti", victim, small)


def test_unreadable_file_with_the_right_sha_is_refused(shelf):
    folder, victim, _ = shelf
    file = folder / "lti.safetensors"
    file.write_bytes(b"no tensors here")
    card = json.loads((folder / "lti.json").read_text())
    (folder / "lti.json").write_text(json.dumps(card | {"sha256": weights.sha256(file)}))
    with pytest.raises(BadInput, match="cannot be read"):
        weights.load("lti", victim, small)


def test_another_victim_or_network_names_what_is_shipped_and_how_to_train(shelf):
    _, victim, _ = shelf
    other = build("lenet", image_shape=(1, 16, 16), num_classes=4, source="init:seed=1")
    with pytest.raises(BadInput, match=r"shipped are lenet with weights init on mnist; train one with"):
        weights.load("lti", other, small)
    with pytest.raises(BadInput, match="trained on cifar10"):
        weights.find("lti", victim, "cifar10")
    assert weights.fingerprint(victim) != weights.fingerprint(other)
