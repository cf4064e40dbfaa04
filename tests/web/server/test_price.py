"""A price before the work: every permitted scenario has one, the costly are refused in a sentence, nothing is built."""

from __future__ import annotations

import random

import pytest
import torch

from gi_core.attacks import attacks
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput
from gi_core.models import models, outline
from gi_core.scenario import Scenario
from gi_core.web.server import tasks
from gi_core.web.server.price import BASE, afford, price, sizes
from gi_core.web.server.requests import scenario_of
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits, machine_bytes

SPACE = Limits(workers=2, seconds=120.0, image_size=64, batch_size=16, per_session=2, megabytes=4000)


@pytest.mark.parametrize("model", models.names())
def test_every_victim_has_a_price(model):
    of = sizes(model, (3, 32, 32), 10)
    assert of.parameters == sum(p.numel() for p in outline(model, (3, 32, 32), 10).parameters())
    assert of.saved > 0 and of.operations > 0


def test_operations_are_two_for_each_weight_of_a_linear_layer():
    of = sizes("mlp:width=256,depth=1", (3, 16, 16), 10)
    assert of.operations == 2 * (3 * 16 * 16 * 256 + 256 * 10)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "mlp:width=4096,depth=8", "image_size": 224}, "GB of memory"),
        ({"model": "vit-base-16", "batch_size": 64, "image_size": 224}, "GB of memory"),
        ({"model": "vit-base-16", "clients": 1000}, "min or more before the attack"),
        (
            {"model": "resnet18", "local_steps": 1000, "clients": 100, "update": "delta"},
            "min or more before the attack",
        ),
    ],
)
def test_what_a_host_cannot_afford_is_one_sentence(monkeypatch, change, words):
    monkeypatch.setattr(tasks, "prepare", lambda *a, **k: pytest.fail("nothing of this may run"))
    limits = Limits(seconds=120.0, megabytes=2500)
    with pytest.raises(BadInput, match=words):
        afford(Scenario.from_dict({"attack": "analytic"} | change), limits)
    request = {
        "id": "a",
        "settings": {"attack": "analytic"} | change,
        "pictures": ["cat"] * change.get("batch_size", 1),
    }
    (only,) = RunService(limits).live(request)
    assert only["run"]["state"] == "failed" and words in only["run"]["message"]


def test_what_a_lesson_uses_is_affordable_on_a_space():
    for model in ("lenet", "mlp", "convnet", "resnet18", "vit-tiny"):
        for attack in attacks.names():
            afford(Scenario.from_dict({"model": model, "batch_size": "4"}).replace(attack=attack), SPACE)


def permitted(seed):
    """A random scenario within the limits of fields, whatever it costs; None where fields don't go together."""
    draw = random.Random(seed)
    fields = {
        "model": draw.choice(("lenet", "mlp", "resnet18", "vit-tiny")), "image_size": draw.choice((16, 32, 64)),
        "batch_size": draw.choice((1, 4, 16, 64)), "local_steps": draw.choice((1, 1, 10, 1000)),
        "clients": draw.choice((1, 1, 8, 1000)), "attack": draw.choice(attacks.names()),
        "defense": draw.choice(("none", "clip", "clip+gaussian", "topk", "soteria:probes=1000000000")),
        "seed": draw.randrange(100),
    }  # fmt: skip
    try:
        return scenario_of(fields, Limits(megabytes=1e6, seconds=1e9))
    except BadInput:
        return None


def test_random_permitted_scenarios_are_priced_and_more_of_anything_costs_more():
    found = [scenario for scenario in map(permitted, range(80)) if scenario is not None]
    assert len(found) > 20
    for scenario in found:
        asked = price(scenario)
        assert asked.bytes > BASE and 0 <= asked.before <= asked.seconds
        more = price(scenario.replace(batch_size=scenario.batch_size + 1))
        assert more.bytes > asked.bytes and more.seconds >= asked.seconds
        assert price(scenario.replace(clients=1000)).before >= asked.before


def test_a_worker_has_a_share_of_this_machine():
    assert 1e8 < machine_bytes() < 1e14
    for workers in (1, 4):
        share = Limits(workers=workers).worker_bytes
        assert share == 1.5e9 or (workers + 1) * share <= 0.85 * machine_bytes()
    assert Limits(megabytes=123).worker_bytes == 123e6


def test_the_peak_of_an_attack_is_about_its_price():
    """Bytes that torch holds at the peak, without the worker's own."""
    from torch.profiler import ProfilerActivity, profile

    scenario = Scenario(model="resnet18", batch_size=2, attack="ig:steps=1")
    pictures = open_picture("cat", 32, 3)[None].repeat(2, 1, 1, 1)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as told:
        held = tasks.prepare(scenario, pictures)
        next(iter(held))
    changes = [e.nbytes() for e in told.profiler.kineto_results.events() if e.name() == "[memory]"]
    peak = max(torch.tensor(changes).cumsum(0).tolist())
    assert 0.4 < (price(scenario).bytes - BASE) / peak < 1.5
