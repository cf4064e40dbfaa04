"""Predictions hold on the machine that the test runs on, whatever else it does."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from gi_core import cancellation
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.web.screens.explore.explore import estimate_with
from gi_core.web.server import cost
from gi_core.web.server.cost import Costs, Spent, TooSlow, kind, probe
from gi_core.web.server.run_service import RunQueue, RunService
from gi_core.web.settings import Limits


def processor_seconds(service, scenario):
    """Of a whole run, its control and verdict included."""
    before = time.thread_time()
    picture = open_picture("cat", scenario.image_size, 3)[None]
    *_, last = service.somewhere("x", scenario, picture, ["cat"], threading.Event())
    assert last["run"]["state"] == "done"
    return time.thread_time() - before


@pytest.mark.slow
@pytest.mark.parametrize(("model", "attack"), [("lenet", "ig:steps=150"), ("mlp", "ig:steps=600,objective=l2")])
def test_a_prediction_before_the_first_run_is_right_to_a_factor_of_two(model, attack):
    """In processor seconds, as other programs may want the processor meanwhile."""
    service, scenario = RunService(Limits()), Scenario(model=model, attack=attack)
    processor_seconds(service, Scenario(model="mlp", attack="ig:steps=3"))  # what is loaded once
    predicted = service.costs.predict(scenario) / service.costs.load
    assert 0.5 < predicted / processor_seconds(service, scenario) < 2


def test_longer_runs_take_longer_and_other_kinds_are_not_known():
    costs, scenario = Costs(), Scenario(model="mlp", attack="ig:steps=100")
    assert costs.known(scenario) is None
    short = costs.predict(scenario)
    costs.fixed = 0.0
    assert costs.known(scenario.replace(attack="ig:steps=300")) == pytest.approx(3 * costs.known(scenario), rel=0.02)
    assert short > 0 and costs.known(scenario.replace(seed=4)) == costs.known(scenario)
    for change in ({"model": "lenet"}, {"image_size": 64}, {"batch_size": 2}, {"attack": "ig:steps=100,tv=0"}):
        assert costs.known(scenario.replace(**change)) is None
    assert kind(scenario) == kind(scenario.replace(defense="clip"))


def test_restarts_are_a_kind_of_their_own():
    """Side by side they share what an iteration costs."""
    assert kind(Scenario(attack="ig:restarts=8")) != kind(Scenario(attack="ig")) == kind(Scenario(attack="ig:steps=7"))


def test_an_attack_that_ends_early_is_expected_to():
    costs, scenario = Costs(), Scenario(model="mlp", attack="dlg:restarts=4")
    costs._each[kind(scenario)] = 0.01
    before = costs.known(scenario)
    costs.learn(scenario, Spent(1.0, 1.0, scenario.attack_component.iterations // 4, judged=False, to_its_end=True))
    costs._each[kind(scenario)] = 0.01
    assert costs.known(scenario) == pytest.approx(before / 4, rel=0.2)


SLOW = {"model": "mlp", "image_size": 16, "local_steps": 1000, "update": "delta", "attack": "fedavg-ig"}


def test_a_probe_ends_with_its_patience_and_says_so(monkeypatch):
    service = RunService(Limits())
    monkeypatch.setattr(cost, "PATIENCE", -1.0)
    steps = []
    monkeypatch.setattr(torch.optim.SGD, "step", lambda *_: steps.append(1))
    with pytest.raises(TooSlow, match="press Run"):
        service.costs.predict(Scenario.from_dict(SLOW))
    assert not steps and service.costs.known(Scenario.from_dict(SLOW)) is None
    assert service.expected(Scenario.from_dict(SLOW)) == service.limits.seconds
    assert "press Run" in estimate_with(service)({"settings": SLOW})["slow"]


def test_a_probe_that_is_asked_to_end_ends_within_a_step():
    asked = []
    with cancellation.until(lambda: len(asked) > 5 or asked.append(1)), pytest.raises(cancellation.Cancelled):
        probe(Scenario.from_dict(SLOW))
    assert len(asked) == 6


def test_who_waits_for_another_probe_is_told(monkeypatch):
    costs = Costs()
    monkeypatch.setattr(cost, "PATIENCE", 0.0)
    with costs._probing, pytest.raises(TooSlow, match="try again"):
        costs.predict(Scenario(model="mlp"))


def test_what_cannot_run_is_not_predicted():
    with pytest.raises(BadInput, match="BatchNorm"):
        Costs().predict(Scenario(attack="gradinversion"))


def test_who_waits_is_told_how_long():
    line = RunQueue(Limits(workers=2))
    for name, seconds in (("a", 10), ("b", 4), ("c", 5), ("d", 1)):
        line.enter(name, seconds)
    assert [line.place(name) for name in "abcd"] == [0, 0, 1, 2]
    expected = {"a": 0, "b": 0, "c": 4, "d": 9, None: 10}
    for name, seconds in expected.items():
        assert line.wait(name) == pytest.approx(seconds, abs=0.2), name
    line.leave("a")
    assert line.wait("d") == pytest.approx(4, abs=0.2)


def test_the_wait_is_told_before_run_is_pressed():
    service = RunService(Limits())
    estimate = lambda: estimate_with(service)({"settings": {"model": "mlp"}})
    assert estimate()["wait"] == 0
    service.queue.enter("a", 40)
    service.queue.place("a")
    service.queue.enter("b", 20)
    assert estimate()["wait"] == pytest.approx(60, abs=1)
    assert estimate()["seconds"] > 0
