"""Attacks x victims x defenses against recorded numbers: what a change of layout must leave alone.

``python -m tests.contract.test_same_numbers`` records them anew, after a change that is meant to move them. Runs are
short, so that rounding, which differs from processor to processor, has no time to grow.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import gi_core as gi
from gi_core.data.samples import sample

TABLE = Path(__file__).with_name("same_numbers.json")
LOSS, DECIBEL = 0.01, 0.1

DELTA = {"local_steps": 4, "batch_size": 2}
TRAIN = {"model": "resnet18:width=4", "mode": "train", "batch_size": 2}
SCENARIOS: list[dict[str, Any]] = [
    {"attack": "dlg:steps=1,restarts=2,lr=0.1"},
    {"attack": "idlg:steps=1,lr=0.1", "batch_size": 2},
    {"attack": "ig:steps=8"},
    {"attack": "ig:steps=5,restarts=3", "batch_size": 2},
    {"attack": "ig:steps=5,objective=l2,prior=flow", "defense": "clip:norm=1"},
    {"attack": "ig:steps=5", "defense": "topk:keep=0.2", "knowledge": "labels+defense"},
    {"attack": "ig:steps=5", "defense": "sign", "knowledge": "labels+defense"},
    {"attack": "ig:steps=5", "defense": "clip:norm=1+gaussian:sigma=0.001"},
    {"attack": "ig:steps=5", "batch_size": 2, "clients": 3},
    {"attack": "ig:steps=2", "model": "convnet:width=8", "defense": "quantize:bits=5"},
    {"attack": "ig:steps=2", "model": "vit-tiny", "image_size": 32},
    {"attack": "ig:steps=3", **TRAIN},
    {"attack": "git+ig:steps=4"},
    {"attack": "venom", "defense": "gaussian:sigma=0.001"},
    {"attack": "fgla"},
    {"attack": "lti"},
    {"attack": "fm:steps=5"},
    {"attack": "sme:steps=5", **DELTA},
    {"attack": "fedavg-ig:steps=5", **DELTA},
    {"attack": "huang:steps=4", "knowledge": "labels+buffers", **TRAIN},
    {"attack": "bn-proxy:steps=3,candidates=3,kept=2", "knowledge": "labels+auxiliary", **TRAIN},
    {"attack": "gradinversion:steps=4,seeds=2", **TRAIN},
    {"attack": "dia:steps=4", "defense": "dropout:p=0.3", "knowledge": "labels+defense", "batch_size": 2},
    {"attack": "pnp-flow:steps=3,inner=2"},
    {"attack": "analytic", "model": "mlp"},
]


def numbers(fields: dict[str, Any]) -> dict[str, Any]:
    scenario = gi.Scenario(**fields)
    pictures = torch.stack([sample(name, scenario.image_size, 3) for name in ("cat", "coffee")[: scenario.batch_size]])
    trace = gi.run(scenario, pictures, device="cpu")
    return {
        "iterations": trace.iterations,
        "loss": [trace.history[0]["loss"], trace.history[-1]["loss"]],
        "psnr": [score["psnr"] for score in trace.scores],
        "ssim": [score["ssim"] for score in trace.scores],
    }


@pytest.mark.parametrize("place", range(len(SCENARIOS)), ids=lambda i: SCENARIOS[i]["attack"])
def test_the_numbers_are_those_of_before(place: int) -> None:
    row = json.loads(TABLE.read_text())[place]
    assert row["scenario"] == SCENARIOS[place]
    now = numbers(row["scenario"])
    assert now["iterations"] == row["iterations"]
    assert now["loss"] == pytest.approx(row["loss"], rel=LOSS, abs=1e-6)
    assert now["psnr"] == pytest.approx(row["psnr"], abs=DECIBEL)
    assert now["ssim"] == pytest.approx(row["ssim"], abs=0.01)


def test_the_table_is_whole() -> None:
    assert [row["scenario"] for row in json.loads(TABLE.read_text())] == SCENARIOS


if __name__ == "__main__":
    rows = [json.dumps({"scenario": fields, **numbers(fields)}) for fields in SCENARIOS]
    TABLE.write_text("[\n " + ",\n ".join(rows) + "\n]\n")
