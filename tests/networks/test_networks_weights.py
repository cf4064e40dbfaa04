"""Shipped weights: found by victim, checked by sha256, refused when altered."""

import json

import pytest
import torch

from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.networks import weights
from gi_core.networks.fgla import FGLA
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


def test_round_trip_keeps_biases_and_rounds_matrices_to_one_in_254_of_the_largest_of_32(shelf):
    _, victim, network = shelf
    loaded, card = weights.load("lti", victim, small)
    assert card["data"] == "mnist"
    truth = network.first.weight
    groups = torch.nn.functional.pad(truth.abs(), (0, -truth.shape[1] % 32)).unflatten(1, (-1, 32)).amax(2)
    allowed = (groups / 250).repeat_interleave(32, 1)[:, : truth.shape[1]]
    assert ((loaded.first.weight - truth).abs() <= allowed).all()
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


def test_networks_behind_one_front_store_it_once_and_each_checks_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GI_WEIGHTS", str(tmp_path))
    victim = build("lenet", image_shape=(1, 16, 16), num_classes=4)
    networks = {}
    for number, name in enumerate(("fgla", "fgla-noisy")):
        networks[name] = FGLA(victim, width=8)
        with torch.no_grad():
            networks[name].front.deep.copy_(torch.linspace(0, 1, networks[name].front.deep.numel()).view(-1, 256))
            networks[name].front.offset.fill_(number)
        card = {
            "name": name,
            "data": "mnist",
            "pictures": 1,
            "command": "train it",
            "model": "lenet",
            "weights": "init",
        }
        card["fingerprint"] = weights.fingerprint(victim)
        weights.save(networks[name], tmp_path / name, card, half=("front.axes",), shared=("front.axes", "front.deep"))
    parts = sorted(tmp_path.glob("shared-*.safetensors"))
    assert len(parts) == 2
    for number, name in enumerate(networks):
        loaded, _ = weights.load(name, victim, lambda v: FGLA(v, width=8))
        assert torch.allclose(loaded.front.deep, networks[name].front.deep, atol=5e-3)
        assert float(loaded.front.offset.mean()) == number
    parts[0].write_bytes(parts[0].read_bytes()[:-1] + b"!")
    card = weights.find("fgla", victim)
    with pytest.raises(BadInput, match=r"shared-.*wrong sha256.*train it"):
        weights.fill(FGLA(victim, width=8), card)


def test_one_scale_to_a_row_is_still_read():
    value = torch.randn(5, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    scale = value.abs().amax((1, 2, 3), keepdim=True) / 127
    assert torch.allclose(weights.unpack((value / scale).round().to(torch.int8), scale), value, atol=0.02)


def test_shipped_files_are_within_their_limits_and_all_spoken_of_by_a_card():
    shipped = [path for path in weights.FOLDER.iterdir() if ".progress." not in path.name]
    files = {path.name: path for path in shipped if path.suffix == ".safetensors"}
    sizes = [path.stat().st_size for path in shipped]
    assert max(sizes) < 10_000_000
    assert sum(sizes) < 60_000_000
    named = {}
    for path in (p for p in shipped if p.suffix == ".json"):
        card = json.loads(path.read_text())
        named |= {card["file"]: card["sha256"]}
        named |= {part["file"]: part["sha256"] for part in card.get("shared", {}).values()}
        assert card["command"].startswith("python -m gi_core train '")
        assert card["known_failures"]
    assert set(files) - set(named) == {"lpips-squeeze.safetensors"}
    assert all(weights.sha256(files[name]) == digest for name, digest in named.items())
