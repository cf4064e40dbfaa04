"""Follow my run: those with the code see the run while it runs, nobody else sees anything, nothing stays."""

from __future__ import annotations

import itertools
import json
import threading
import time

import pytest

from gi_core.errors import BadInput
from gi_core.web.exports import download_with
from gi_core.web.server import rooms as rooms_of
from gi_core.web.server.rooms import Rooms, room_functions
from gi_core.web.server.run_service import Desk
from gi_core.web.settings import Limits


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(rooms_of, "PERIOD", 0.01)
    monkeypatch.setattr(rooms_of, "LINGER", 0.4)


def request(run_id="teacher", **more):
    fields = {"model": "mlp", "image_size": 16, "attack": "ig:steps=200"}
    return {"id": run_id, "settings": fields, "pictures": [{"sample": "cat"}], **more}


def followed(desk, code, until="done", name="student"):
    """A thread that collects what a follower gets, up to a state."""
    got = []

    def watch():
        for message in desk.live({"id": name, "follow": code}):
            got.append(message)
            if message.get("run", {}).get("state") == until or message.get("room", {}).get("open") is False:
                return

    thread = threading.Thread(target=watch)
    thread.start()
    while not got:
        time.sleep(0.005)
    return got, thread


def test_followers_see_the_run_and_can_take_nothing_away():
    desk = Desk(Limits())
    room = desk.rooms.open()
    (first, one), (second, two) = followed(desk, room.code), followed(desk, room.code.upper(), name="other")
    *_, last = (m for m in desk.live(request(room={"code": room.code, "key": room.key})) if m)
    one.join(10)
    two.join(10)
    for got in (first, second):
        runs = [m["run"] for m in got if "run" in m]
        assert got[0] == {"room": {"code": room.code, "open": True, "running": False}}
        assert len(runs) > 1 and runs[-1] | {"id": ""} == last["run"] | {"id": ""}
        assert len({run["id"] for run in runs}) == 1 and runs[0]["id"] != last["run"]["id"]
        assert "data" not in download_with(desk)({"id": runs[-1]["id"]}) and room.key not in json.dumps(got)
    assert "data" in download_with(desk)({"id": last["run"]["id"]})


def test_latecomers_wait_and_nothing_is_remembered():
    desk = Desk(Limits())
    room = desk.rooms.open()
    list(desk.live(request(room={"code": room.code, "key": room.key})))
    late = desk.rooms.follow("late", room.code, heartbeat=0.01)
    assert next(late) == {"room": {"code": room.code, "open": True, "running": False}}
    time.sleep(0.6)
    assert [m for m in itertools.islice(late, 3) if m] == []
    assert room.flight.latest == {}
    late.close()
    assert room.flight.watchers == set()


def test_only_the_owner_shows_and_closes():
    desk = Desk(Limits())
    room = desk.rooms.open()
    (refused,) = desk.live(request(room={"code": room.code, "key": "guessed"}))
    assert "somebody else" in refused["run"]["message"] and len(desk.line) == 0
    (unknown,) = desk.live({"id": "x", "follow": "22222222"})
    assert "mistyped" in unknown["run"]["message"]
    open_room, watching, close_room = room_functions(desk.rooms)
    mine = open_room({})
    assert watching(mine) == {"watching": 0}
    assert "error" in close_room({**mine, "key": ""}) and "error" in watching({**mine, "code": "nowhere"})
    got, thread = followed(desk, mine["code"])
    assert watching(mine) == {"watching": 1} and close_room(mine) == {"closed": True}
    thread.join(5)
    assert got[-1]["room"]["open"] is False and "error" in watching(mine)


def test_a_follower_leaves_without_ending_the_run():
    desk = Desk(Limits())
    room = desk.rooms.open()
    got, thread = followed(desk, room.code)
    run = desk.live(request(room={"code": room.code, "key": room.key}))
    next(run)
    assert desk.stop("student") is False
    thread.join(5)
    assert not thread.is_alive() and got[-1]["room"]["open"]
    assert [m for m in run if m][-1]["run"]["state"] == "done"


def test_rooms_are_few_and_close_unused(monkeypatch):
    rooms = Rooms(Limits(rooms=2, minutes=1))
    first = rooms.open()
    rooms.open()
    with pytest.raises(BadInput, match="2 rooms are open"):
        rooms.open()
    later = time.monotonic() + 61
    monkeypatch.setattr(rooms_of.time, "monotonic", lambda: later)
    rooms.open()
    with pytest.raises(BadInput, match="closed"):
        next(rooms.follow("x", first.code))
    assert len({rooms_of.Rooms(Limits()).open().code for _ in range(50)}) == 50
