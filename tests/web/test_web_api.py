"""The named endpoints, by gradio_client: same names and values as the command line, same scores as Python."""

from __future__ import annotations

import base64
import dataclasses
import io

import pytest
import torch
from gradio_client import Client
from PIL import Image

from gi_core.data.sources import open_picture
from gi_core.experiment import run
from gi_core.scenario import Scenario
from tests.attacks.test_every_attack import SMALLEST


@pytest.fixture(scope="module")
def client(served):
    return Client(served[0], verbose=False)


def test_run_attack_takes_every_field_of_a_scenario(client):
    parameters = client.view_api(return_format="dict", print_info=False)["named_endpoints"]["/run_attack"]["parameters"]
    names = {p["parameter_name"] for p in parameters}
    assert names == {f.name for f in dataclasses.fields(Scenario)} | {"images"}


def test_run_attack_gives_the_scores_of_python(client):
    scenario = Scenario(model="mlp", attack="ig:steps=8", num_classes=5, image_size=16, batch_size=2, seed=3)
    fields = {k: v for k, v in scenario.to_dict().items() if k != "batch_size"}
    answer = client.predict(images=["cat", "coffee"], **fields, api_name="/run_attack")
    images = torch.stack([open_picture(name, 16, 3) for name in ("cat", "coffee")])
    expected = run(scenario, images, judged=True).to_dict()
    for key in ("scores", "verdict", "control", "gain", "bounds"):
        assert answer[key] == expected[key], key
    assert answer["scenario"] == expected["scenario"]
    assert answer["scenario_hash"] == scenario.hash


def test_run_attack_takes_a_picture_as_data(client):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 60)).save(buffer, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    answer = client.predict(images=[uri], model="mlp", attack="analytic", image_size=16, api_name="/run_attack")
    assert answer["scores"][0]["psnr"] > 40


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALLEST)
def test_every_attack_answers(client, name):
    attack, fields = SMALLEST[name]
    images = ["cat", "coffee"][: fields.get("batch_size", 1)]
    answer = client.predict(images=images, attack=attack, **fields, api_name="/run_attack")
    assert answer["scenario"]["attack"].startswith(name) and len(answer["scores"]) == len(images) and answer["verdict"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"attack": "igg"}, "unknown attack"),
        ({"defense": "dp-gaussian:epsilon=-1"}, "epsilon"),
        ({"image_size": 128}, "at most 64"),
        ({"batch_size": 3}, "batch_size=3"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"local_lr": "nan"}, "finite"),
        ({"weights": "file:path=/etc/passwd"}, "no files or downloads"),
        ({"weights": "pretrained"}, "no files or downloads"),
        ({"images": ["/etc/passwd"]}, "unknown sample"),
        ({"images": ["data:image/png;base64,AAAA"]}, "not a picture"),
        ({"images": ["data:image/png;base64,!!"]}, "base64"),
    ],
)
def test_bad_input_is_one_sentence(client, changes, words):
    with pytest.raises(Exception, match=words) as caught:
        client.predict(**{"images": ["cat"], **changes}, api_name="/run_attack")
    assert "Traceback" not in str(caught.value)


def test_list_is_the_catalogue(client):
    from gi_core import catalogue

    assert client.predict(kind="attacks", api_name="/list") == catalogue.describe("attacks")
    assert set(client.predict(api_name="/list")) == set(catalogue.KINDS)
    with pytest.raises(Exception, match="unknown kind"):
        client.predict(kind="poems", api_name="/list")
