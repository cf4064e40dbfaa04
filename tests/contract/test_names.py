"""One name for one thing: controls, URL keys, API parameters, command-line options, columns of tables."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import torch

from gi_core.cli import main
from gi_core.data.samples import sample
from gi_core.experiment import run
from gi_core.metrics.scores import METRICS
from gi_core.report import FORMATS
from gi_core.scenario import Scenario
from gi_core.web import app, payload
from gi_core.web.api import PARAMETERS
from gi_core.web.screens.explore import explore
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits

RUN = main.get_command(None, "run")
ROOT = Path(__file__).resolve().parents[2]
FIELDS = {f.name: f for f in dataclasses.fields(Scenario)}
OTHER = {
    "channels": 1, "num_classes": 7, "image_size": 16, "batch_size": 2, "mode": "train", "weights": "init:seed=3",
    "local_steps": 2, "local_batch": 1, "local_lr": 0.5, "local_momentum": 0.5, "local_order": "fixed",
    "clients": 2, "update": "delta",
    "defense": "clip+gaussian:sigma=0.1", "knowledge": "none", "attack": "ig:steps=5", "seed": 9, "model": "mlp",
    "server": "imprint:bins=16",
}  # fmt: skip
"""A value for each field that is not its default."""


@pytest.fixture(scope="module")
def endpoints():
    """What gradio_client is told of the named endpoints."""
    demo = app.build(RunService(Limits()))
    return demo.get_api_info()["named_endpoints"]


def test_there_is_another_value_for_every_field():
    assert set(OTHER) == set(FIELDS)
    assert all(OTHER[name] != field.default for name, field in FIELDS.items())


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_has_one_name_everywhere(name, endpoints):
    field, value = FIELDS[name], OTHER[name]
    batch = {"batch_size": 2} if name == "local_batch" else {}
    changed = Scenario(**{name: value}, **batch)
    assert name in dict(parse_qsl(changed.to_url())), "URL key"
    assert Scenario.from_url(changed.to_url()) == changed
    assert name in json.loads(changed.to_json()), "JSON"
    option = next(o for o in RUN.params if o.name == name)
    assert f"--{name.replace('_', '-')}" in option.opts and field.metadata["text"] in option.help, "option"
    parameter = next(p for p in endpoints["/run_attack"]["parameters"] if p["parameter_name"] == name)
    assert parameter["python_type"]["type"], "API parameter"
    if name != "batch_size":
        assert option.default == parameter["parameter_default"] == field.default
    assert name in explore.catalog()["defaults"], "what the page's controls hold, link and send"
    command = payload.cli_text(changed, ["cat"])
    assert f"--{name.replace('_', '-')}" in command and f"{name}=" in payload.python_text(changed, ["cat"])


def test_every_field_has_a_control():
    """In the drawer; ``channels`` comes with the pictures."""
    controls = {field["name"] for section in explore.expert() for field in section["fields"]}
    assert controls - set(FIELDS) == {"passes", "prior"}, "read off local_steps and attack"
    assert set(FIELDS) - controls == {"channels"}


def test_endpoints_are_documented_with_types(endpoints):
    assert set(endpoints) == {"/run_attack", "/seconds", "/list", "/inspect", "/preflight", "/audit"}
    for endpoint in endpoints.values():
        assert endpoint["description"] and endpoint["returns"]
        for parameter in endpoint["parameters"]:
            assert parameter["python_type"]["type"] not in ("", "Any") and parameter["parameter_name"]
    assert set(PARAMETERS) == {p["parameter_name"] for p in endpoints["/run_attack"]["parameters"]}
    images = endpoints["/run_attack"]["parameters"][0]
    assert images["parameter_name"] == "images" and images["python_type"]["type"] == "list[str]"


def test_measures_have_one_name_in_json_csv_and_on_the_stage():
    scenario = Scenario(model="mlp", attack="ig:steps=3", image_size=16, batch_size=2)
    trace = run(scenario, torch.stack([sample(name, 16, 3) for name in ("cat", "coffee")]))
    told = trace.to_dict()
    columns = next(csv.reader(io.StringIO(FORMATS["csv"].write(trace).decode())))
    assert set(columns) == set(told["history"][0]) and {"iteration", "seconds", "loss", "psnr", "ssim"} <= set(columns)
    assert set(payload.curves(trace.history)) <= set(columns)
    metrics = {metric.name for metric in METRICS}
    assert metrics <= set(told["scores"][0]) and metrics <= set(payload.ended(trace)["scores"])
    assert told["scenario"] == scenario.to_dict()


@pytest.mark.parametrize("table", sorted((ROOT / "assets" / "results").glob("*.csv")), ids=lambda path: path.stem)
def test_a_column_named_like_a_field_holds_its_values(table):
    with table.open(newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    for name in set(reader.fieldnames or ()) & (set(FIELDS) - {"weights", "update", "model"}):
        for value in {row[name] for row in rows} - {""}:
            size = {"batch_size": 128} if name == "local_batch" else {}
            assert Scenario.from_dict({name: value, **size}), (name, value)
    for row in rows:
        if "url" in row:
            scenario = Scenario.from_url(row["url"])
            for name in set(row) & set(FIELDS):
                assert getattr(scenario, name) == getattr(Scenario.from_dict({name: row[name]}), name), name
