"""Training a tiny inverter: the loss falls, stopping and resuming changes nothing, the card is complete."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from gi_core.errors import BadInput
from gi_core.models import build
from gi_core.networks import weights
from gi_core.networks.fgla import FGLA
from gi_core.training import train, trainings


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("data")
    coarse = torch.rand(330, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    images = torch.nn.functional.interpolate(coarse, 28, mode="bilinear")
    arrays = (images * 255).byte().permute(0, 2, 3, 1).numpy()
    np.savez(path / "mnist.npz", images=arrays, labels=np.arange(330) % 10, split=np.array([0] * 300 + [1] * 30))
    return path


@pytest.mark.parametrize(
    "text",
    [
        "fgla:data=mnist,epochs=2,batch=32,width=8",
        "fgla-noisy:data=mnist,epochs=2,batch=32,width=8",
        "venom:data=mnist,epochs=2,batch=32,width=8",
        "lti:data=mnist,epochs=2,batch=32,pictures=270",
        "mjolnir:data=mnist,epochs=2,batch=8,pictures=64,width=4",
        "mjolnir:data=mnist,epochs=2,batch=8,pictures=64,width=4,crop=32,windows=4",
        "git:data=mnist,epochs=2,batch=32,pictures=270,lr=3e-4,noise=0",
    ],
)
def test_loss_falls_and_the_card_is_complete(text, folder, tmp_path):
    progress = list(train(text, data=folder, out=tmp_path))
    losses = [p["loss"] for p in progress if "steps" not in p and p["epoch"] > 0]
    assert len(losses) == 2
    assert losses[-1] < losses[0]
    (card,) = [json.loads(p.read_text()) for p in tmp_path.glob("*.json") if "progress" not in p.name]
    for key in (
        "name", "data", "data_licence", "recipe", "seed", "epochs", "validation", "known_failures", "licence",
        "command", "sha256", "fingerprint", "bytes",
    ):  # fmt: skip
        assert card[key] not in ("", None, []), key
    assert card["name"] == text.split(":")[0]
    assert trainings.parse(card["command"].split("'")[1]) == trainings.parse(text)


def test_stopped_and_resumed_training_gives_the_same_weights_bit_for_bit(folder, tmp_path):
    text = "fgla:data=mnist,epochs=2,batch=32,width=8"
    list(train(text, data=folder, out=tmp_path / "whole"))
    for entry in train(text, data=folder, out=tmp_path / "halves"):
        if entry["epoch"] == 1 and "steps" not in entry:
            break
    list(train(text, data=folder, out=tmp_path / "halves"))
    whole, halves = (load_file(next((tmp_path / p).glob("fgla*progress.safetensors"))) for p in ("whole", "halves"))
    assert all(torch.equal(whole[key], halves[key]) for key in whole)
    with pytest.raises(BadInput, match="checkpoint of 'fgla:"):
        list(train(text.replace("epochs=2", "epochs=3"), data=folder, out=tmp_path / "whole"))


def test_trained_network_is_found_for_its_victim(folder, tmp_path, monkeypatch):
    list(train("fgla:data=mnist,epochs=1,batch=64,width=8", data=folder, out=tmp_path))
    monkeypatch.setenv("GI_WEIGHTS", str(tmp_path))
    victim = build("lenet", image_shape=(1, 28, 28), num_classes=10)
    network, card = weights.load("fgla", victim, lambda v: FGLA(v, width=8))
    assert card["pictures"] == 270
    assert network(torch.rand(2, 12 * 7 * 7)).shape == (2, 1, 28, 28)
