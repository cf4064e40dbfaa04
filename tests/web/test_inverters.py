"""Trained inverters for the reader's browser: their files are served, and nothing else is."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from gi_core import Scenario
from gi_core.attacks import attacks
from gi_core.models import build
from gi_core.networks import weights
from gi_core.web import inverters
from gi_core.web.server.files import Files


@pytest.fixture(scope="module")
def client():
    return TestClient(Starlette(middleware=[Middleware(Files, prefix=inverters.PREFIX, answer=inverters.answer)]))


def test_each_is_made_of_what_its_card_names(client):
    known = inverters.parts()
    assert tuple(known) == inverters.NAMES and set(known) <= set(attacks.names())
    victim = build(Scenario().model, image_shape=(3, 32, 32), num_classes=10)
    for name, parts in known.items():
        card = weights.find(name, victim)
        assert [part["file"] for part in parts] == [card["file"], *(s["file"] for s in card.get("shared", {}).values())]
    file, path = next(iter(inverters.files().items()))
    assert client.get(f"/inverters/{file}").content == path.read_bytes()


@pytest.mark.parametrize("name", ["", "lpips-squeeze.safetensors", "../weights/index.json", "venom"])
def test_no_other_file_is_given_away(client, name):
    assert client.get(f"/inverters/{name}").status_code == 404
