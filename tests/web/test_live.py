"""Runs in flight, without a browser: order of messages, stop, line, deadline."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.web.live import Desk, Line
from gi_core.web.requests import picture_of, scenario_of, scenario_of_link
from gi_core.web.settings import Limits


def request(run_id="a", **settings):
    fields = {"model": "mlp", "image_size": 16, "attack": "ig:steps=60", **settings}
    return {"id": run_id, "settings": fields, "pictures": [{"sample": "cat"}]}


def test_a_run_ends_judged_and_leaves_its_place():
    desk = Desk(Limits())
    states = [message["run"] for message in desk.live(request())]
    order = [state for state, _ in itertools.groupby(run["state"] for run in states)]
    assert order in (["running", "judging", "done"], ["judging", "done"])
    last = states[-1]
    assert last["verdict"]["level"] in range(4) and last["verdict"]["control"]["src"].startswith("data:image/png")
    assert last["frames"][-1]["iteration"] == 60
    trace = desk.shelf.get("a")
    assert trace is not None and trace.control is not None and trace.control["word"] == last["verdict"]["word"]
    assert len(desk.line) == 0


def test_stop_ends_within_a_step_and_keeps_the_frames():
    desk = Desk(Limits())
    messages = desk.live(request(attack="ig:steps=90000"))
    next(messages)
    next(messages)
    desk.line.stop("a")
    *_, last = messages
    assert last["run"]["state"] == "stopped" and last["run"]["verdict"] is None
    assert 0 < last["run"]["frames"][-1]["iteration"] < 90000
    assert len(desk.line) == 0


def test_closing_the_generator_frees_the_place():
    desk = Desk(Limits())
    messages = desk.live(request(attack="ig:steps=90000"))
    next(messages)
    assert len(desk.line) == 1
    messages.close()
    assert len(desk.line) == 0


def test_the_deadline_stops_a_run():
    desk = Desk(Limits(seconds=0.3))
    started = time.monotonic()
    *_, last = desk.live(request(attack="ig:steps=90000"))
    assert last["run"]["state"] == "stopped" and time.monotonic() - started < 10


def test_who_waits_is_told_the_place_and_is_served():
    desk = Desk(Limits(workers=1))
    first = desk.live(request("a", attack="ig:steps=90000"))
    next(first)
    second = desk.live(request("b", attack="ig:steps=3"))
    waiting = next(second)["run"]
    assert waiting["state"] == "queued" and waiting["place"] == 1
    first.close()
    *_, last = second
    assert last["run"]["state"] == "done"


def test_a_full_line_turns_newcomers_away():
    line = Line(Limits(workers=1, waiting=1))
    line.enter("a")
    line.enter("b")
    with pytest.raises(BadInput, match="waiting already"):
        line.enter("c")
    assert (line.place("a"), line.place("b")) == (0, 1)


def test_the_line_is_safe_for_threads():
    line = Line(Limits(workers=4, waiting=1000))
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
    desk = Desk(Limits())
    (only,) = desk.live(request() | change)
    assert only["run"]["state"] == "failed"
    assert words in only["run"]["message"] and only["run"]["message"].endswith(".")


def test_a_link_is_read_leniently_and_says_so():
    scenario, notes = scenario_of_link("?model=mlp&seed=7&batch_size=9999&attack=igg&utm=x", Limits())
    assert scenario == Scenario(model="mlp", seed=7)
    assert len(notes) == 2 and "batch_size=9999" in notes[0] and "igg" in notes[1]


def test_requests_know_only_samples_and_data():
    scenario = scenario_of({"image_size": 16}, Limits())
    assert picture_of("cat", scenario).shape == (3, 16, 16)
    with pytest.raises(BadInput, match="unknown sample"):
        picture_of("/etc/hostname", scenario)
