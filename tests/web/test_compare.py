"""Compare: lanes that differ in one thing, in turn, each with its control."""

from __future__ import annotations

import time

import pytest

from gi_core.web import compare
from gi_core.web.live import Desk
from gi_core.web.settings import Limits

BASE = {"model": "mlp", "image_size": 16, "attack": "ig:steps=20"}


def request(**changes):
    return {"id": "c", "settings": BASE, "pictures": [{"sample": "cat"}, {"sample": "coffee"}], "field": "seed",
            "values": ["0", "1"]} | changes  # fmt: skip


def last(desk, **changes):
    *_, message = (m for m in compare.live(desk, request(**changes)) if m)
    return message["compare"]


def test_lanes_get_equal_steps_and_a_control_each():
    desk = Desk(Limits())
    told = last(desk)
    assert told["state"] == "done" and [lane["label"] for lane in told["lanes"]] == ["0", "1"]
    for lane in told["lanes"]:
        assert lane["frames"][-1]["iteration"] == 20
        assert lane["verdict"]["control"]["psnr"] is not None
    assert len(desk.line) == 0


def test_batches_of_different_size_stand_side_by_side():
    told = last(Desk(Limits()), field="batch_size", values=["1", "3"])
    assert [lane["size"]["batch"] for lane in told["lanes"]] == [1, 3]


def test_a_budget_in_seconds_stops_every_lane():
    told = last(Desk(Limits()), settings=BASE | {"attack": "ig:steps=100000"}, seconds=0.2)
    for lane in told["lanes"]:
        assert lane["frames"][-1]["iteration"] < 100000 and lane["frames"][-1]["seconds"] < 5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"values": ["0"]}, "from 2 to 6"),
        ({"values": [str(i) for i in range(7)]}, "from 2 to 6"),
        ({"field": "knowledge"}, "allowed are"),
        ({"field": "attack", "values": ["ig", "igg"]}, "Unknown attack"),
        ({"pictures": []}, "as many are needed"),
    ],
)
def test_bad_comparisons_are_one_sentence(changes, words):
    desk = Desk(Limits())
    told = last(desk, **changes)
    assert told["state"] == "failed" and words in told["message"]
    assert len(desk.line) == 0


def test_closing_frees_the_place():
    desk = Desk(Limits())
    messages = compare.live(desk, request(settings=BASE | {"attack": "ig:steps=100000"}))
    while not next(messages):
        pass
    messages.close()
    end = time.monotonic() + 1.0
    while len(desk.line) and time.monotonic() < end:
        time.sleep(0.01)
    assert len(desk.line) == 0
