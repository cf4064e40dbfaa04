"""Every shipped network's card names the command that makes that very file."""

import copy
import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gi_core import models
from gi_core.networks import weights
from gi_core.training import train, trainings
from gi_core.training.base import InverterTraining, command, file_name

DATA = Path(os.environ.get("GI_DATA") or "/dev/null")
CARDS = sorted(path for path in weights.FOLDER.glob("*.json") if "command" in json.loads(path.read_text()))


def told(path: Path):
    card = json.loads(path.read_text()) | {"path": str(path)}
    return card, trainings.parse(card["command"].split("'")[1])


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_the_command_names_what_the_card_describes(path):
    card, training = told(path)
    if not isinstance(training, InverterTraining):
        assert path.name.startswith(training.name)
        return
    assert card["command"] == command(training)
    assert card["file"] == f"{file_name(training)}.safetensors"
    assert card["name"] == training.name
    assert (card["model"], card["weights"], card["data"]) == (training.model, training.weights, training.data)
    assert card["options"] == {"epochs": training.epochs, "batch": training.batch, "lr": training.lr}
    assert card["epochs"] <= training.epochs
    assert card["seed"] == training.seed
    assert training.pictures in (0, card["pictures"])


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_the_file_holds_the_network_that_the_command_trains(path):
    """Strictly, so that a file of an earlier form is found out."""
    card, training = told(path)
    if not isinstance(training, InverterTraining):
        return
    victim = models.build(
        training.model, image_shape=tuple(card["image_shape"]), num_classes=card["num_classes"], source=training.weights
    ).requires_grad_(False)
    assert weights.fingerprint(victim) == card["fingerprint"]
    network = weights.fill(training.network(copy.deepcopy(victim)), card)
    assert all(bool(torch.isfinite(value).all()) for value in network.state_dict().values())


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(not (DATA / "mnist.npz").is_file(), reason="GI_DATA names no folder with mnist.npz")
@pytest.mark.parametrize("text", ["venom:data=mnist,pictures=15000,epochs=0,validation=12"])
def test_a_command_makes_its_file_again(text, tmp_path):
    """The closed-form one, which takes seconds; eigenvectors may differ in sign from one processor to another."""
    shipped = weights.FOLDER / f"{file_name(trainings.parse(text))}.json"
    assert told(shipped)[1] == trainings.parse(text)
    list(train(text, data=DATA, out=tmp_path))
    ours, again = (load_file(place / f"{shipped.stem}.safetensors") for place in (weights.FOLDER, tmp_path))
    assert set(ours) == set(again)
    for name in ("front.mean", "front.offset", "front.below.mean", "front.variances"):
        assert torch.allclose(ours[name], again[name], rtol=1e-3, atol=1e-5)
