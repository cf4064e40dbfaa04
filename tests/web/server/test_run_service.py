"""Runs in flight, without a browser: order of messages, stop, line, deadline."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from gi_core.errors import BadInput
from gi_core.web.server import run_service, tasks
from gi_core.web.server.requests import picture_of, scenario_of
from gi_core.web.server.run_service import RunQueue, RunService
from gi_core.web.settings import Limits


def request(run_id="a", **settings):
    fields = {"model": "mlp", "image_size": 16, "attack": "ig:steps=60", **settings}
    return {"id": run_id, "settings": fields, "pictures": [{"sample": "cat"}]}


def told(messages):
    """The messages that say something; an empty one is only a sign of life."""
    return (message["run"] for message in messages if message)


def idle(service, seconds=5.0):
    end = time.monotonic() + seconds
    while len(service.queue) and time.monotonic() < end:
        time.sleep(0.01)
    return len(service.queue) == 0


def test_a_run_ends_judged_and_leaves_its_place():
    service = RunService(Limits())
    states = list(told(service.live(request())))
    order = [state for state, _ in itertools.groupby(run["state"] for run in states)]
    assert order in (["running", "judging", "done"], ["judging", "done"])
    last = states[-1]
    assert last["verdict"]["level"] in range(4) and last["verdict"]["control"]["src"].startswith("data:image/png")
    assert last["frames"][-1]["iteration"] == 60
    trace = service.traces.get(last["id"])
    assert trace is not None and trace.judgement is not None and trace.judgement["word"] == last["verdict"]["word"]
    assert len(service.queue) == 0


def test_stop_ends_within_a_step_and_keeps_the_frames():
    service = RunService(Limits())
    messages = told(service.live(request(attack="ig:steps=90000")))
    next(messages)
    next(messages)
    assert service.shared.stop("a")
    *_, last = messages
    assert last["state"] == "stopped" and last["verdict"] is None
    assert 0 < last["frames"][-1]["iteration"] < 90000
    assert idle(service)


def test_closing_the_generator_frees_the_place():
    service = RunService(Limits())
    messages = service.live(request(attack="ig:steps=90000"))
    while not next(messages):
        pass
    assert len(service.queue) == 1
    messages.close()
    assert idle(service, 1.0)


def test_the_deadline_stops_a_run():
    service = RunService(Limits(seconds=0.3))
    started = time.monotonic()
    *_, last = told(service.live(request(attack="ig:steps=90000")))
    assert last["state"] == "stopped" and time.monotonic() - started < 10


def test_who_waits_is_told_the_place_and_is_served():
    service = RunService(Limits(workers=1))
    first = service.live(request("a", attack="ig:steps=90000"))
    while not next(first):
        pass
    second = told(service.live(request("b", attack="ig:steps=3")))
    waiting = next(second)
    assert waiting["state"] == "queued" and waiting["place"] == 1
    first.close()
    *_, last = second
    assert last["state"] == "done"


def test_thirty_equal_requests_cost_one_computation(monkeypatch):
    service = RunService(Limits())
    prepared = []
    original = tasks.prepare
    monkeypatch.setattr(tasks, "prepare", lambda *a, **k: prepared.append(1) or original(*a, **k))
    ends = {}

    def client(name):
        *_, ends[name] = told(service.live(request(name, attack="ig:steps=300")))

    threads = [threading.Thread(target=client, args=(str(n),)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ends) == 30 and {end["state"] for end in ends.values()} == {"done"}
    assert len(prepared) == 1 and len({end["id"] for end in ends.values()}) == 1
    assert idle(service)


def test_one_who_stops_does_not_stop_the_others():
    service = RunService(Limits())
    first = told(service.live(request("a", attack="ig:steps=600")))
    second = told(service.live(request("b", attack="ig:steps=600")))
    next(first)
    next(second)
    assert not service.shared.stop("a")
    assert all(message["state"] != "done" for message in first)
    *_, last = second
    assert last["state"] == "done"


def test_a_fault_of_ours_is_said_in_one_sentence(monkeypatch):
    service = RunService(Limits())
    monkeypatch.setattr(tasks, "prepare", lambda *_, **k: 1 / 0)
    monkeypatch.setattr(threading, "excepthook", lambda *_: None)
    *_, last = told(service.live(request()))
    assert last["state"] == "failed" and "fault of this program" in last["message"]
    assert idle(service)


def test_a_finished_run_is_forgotten_by_itself():
    service = RunService(Limits(minutes=0.3 / 60))
    for name in "ab":
        *_, last = told(service.live(request(name, seed=ord(name))))
    assert service.traces.get(last["id"]) is not None
    time.sleep(0.6)
    assert len(service.traces) == 0


def test_a_session_has_so_many_runs_and_no_more():
    service = RunService(Limits(per_session=1))
    first = service.live(request("a", attack="ig:steps=90000"), "session")
    next(first)
    (refused,) = told(service.live(request("b"), "session"))
    assert refused["state"] == "failed" and "1 of your runs" in refused["message"]
    first.close()
    *_, last = told(service.live(request("b", attack="ig:steps=3"), "session"))
    assert last["state"] == "done"


def test_a_full_line_turns_newcomers_away():
    line = RunQueue(Limits(workers=1, waiting=1))
    line.enter("a")
    line.enter("b")
    with pytest.raises(BadInput, match="waiting already"):
        line.enter("c")
    assert (line.place("a"), line.place("b")) == (0, 1)


def test_the_line_is_safe_for_threads():
    line = RunQueue(Limits(workers=4, waiting=1000))
    threads = [threading.Thread(target=lambda n=n: (line.enter(str(n)), line.place(str(n)), line.leave(str(n))))
               for n in range(200)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(line) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": {"attack": "igg"}}, "Unknown attack"),
        ({"settings": {"image_size": 225}}, "at most 224"),
        ({"settings": {"batch_size": 2}}, "as many are needed"),
        ({"pictures": [{"sample": "../../etc/passwd"}]}, "Unknown sample"),
        ({"pictures": [{"data": "data:image/png;base64,AAAA"}]}, "not a picture"),
    ],
)
def test_bad_requests_are_one_sentence(change, words):
    service = RunService(Limits())
    (only,) = told(service.live(request() | change))
    assert only["state"] == "failed"
    assert words in only["message"] and only["message"].endswith(".")


def test_requests_know_only_samples_and_data():
    scenario = scenario_of({"image_size": 16}, Limits())
    assert picture_of("cat", scenario).shape == (3, 16, 16)
    with pytest.raises(BadInput, match="unknown sample"):
        picture_of("/etc/hostname", scenario)


def test_an_update_beside_the_line_has_its_own_deadline(monkeypatch):
    monkeypatch.setattr(run_service, "LIGHT", 0.05)
    service = RunService(Limits())
    scenario = scenario_of({"model": "mlp", "image_size": 16, "local_steps": 1000, "update": "delta"}, Limits())
    picture = picture_of("cat", scenario)[None]
    with pytest.raises(BadInput, match="press Run to wait"):
        service.light(tasks.wire, scenario, picture)
    monkeypatch.setattr(run_service, "LIGHT", 60.0)
    assert service.light(tasks.wire, scenario.replace(local_steps=1), picture)["numel"] > 0
