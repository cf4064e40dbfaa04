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
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(rooms_of, "PERIOD", 0.01)
    monkeypatch.setattr(rooms_of, "LINGER", 0.4)


def request(run_id="teacher", **more):
    fields = {"model": "mlp", "image_size": 16, "attack": "ig:steps=200"}
    return {"id": run_id, "settings": fields, "pictures": [{"sample": "cat"}], **more}


def followed(service, code, until="done", name="student"):
    """A thread that collects what a follower gets, up to a state."""
    got = []

    def watch():
        for message in service.live({"id": name, "follow": code}):
            got.append(message)
            if message.get("run", {}).get("state") == until or message.get("room", {}).get("open") is False:
                return

    thread = threading.Thread(target=watch)
    thread.start()
    while not got:
        time.sleep(0.005)
    return got, thread


def test_followers_see_the_run_and_can_take_nothing_away():
    service = RunService(Limits())
    room = service.rooms.open()
    (first, one), (second, two) = followed(service, room.code), followed(service, room.code.upper(), name="other")
    *_, last = (m for m in service.live(request(room={"code": room.code, "key": room.key})) if m)
    one.join(10)
    two.join(10)
    for got in (first, second):
        runs = [m["run"] for m in got if "run" in m]
        assert got[0] == {"room": {"code": room.code, "open": True, "running": False}}
        assert len(runs) > 1 and runs[-1] | {"id": ""} == last["run"] | {"id": ""}
        assert len({run["id"] for run in runs}) == 1 and runs[0]["id"] != last["run"]["id"]
        assert "data" not in download_with(service)({"id": runs[-1]["id"]}) and room.key not in json.dumps(got)
    assert "data" in download_with(service)({"id": last["run"]["id"]})


def test_latecomers_wait_and_nothing_is_remembered():
    service = RunService(Limits())
    room = service.rooms.open()
    list(service.live(request(room={"code": room.code, "key": room.key})))
    late = service.rooms.follow("late", room.code, heartbeat=0.01)
    assert next(late) == {"room": {"code": room.code, "open": True, "running": False}}
    time.sleep(0.6)
    assert [m for m in itertools.islice(late, 3) if m] == []
    assert room.flight.latest == {}
    late.close()
    assert room.flight.watchers == set()


def test_only_the_owner_shows_and_closes():
    service = RunService(Limits())
    room = service.rooms.open()
    (refused,) = service.live(request(room={"code": room.code, "key": "guessed"}))
    assert "somebody else" in refused["run"]["message"] and len(service.queue) == 0
    (unknown,) = service.live({"id": "x", "follow": "22222222"})
    assert "mistyped" in unknown["run"]["message"]
    open_room, watching, close_room = room_functions(service.rooms)
    mine = open_room({})
    assert watching(mine) == {"watching": 0}
    assert "error" in close_room({**mine, "key": ""}) and "error" in watching({**mine, "code": "nowhere"})
    got, thread = followed(service, mine["code"])
    assert watching(mine) == {"watching": 1} and close_room(mine) == {"closed": True}
    thread.join(5)
    assert got[-1]["room"]["open"] is False and "error" in watching(mine)


def test_a_follower_leaves_without_ending_the_run():
    service = RunService(Limits())
    room = service.rooms.open()
    got, thread = followed(service, room.code)
    run = service.live(request(room={"code": room.code, "key": room.key}))
    next(run)
    assert service.stop("student") is False
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


def test_an_address_opens_no_more_than_half_of_the_rooms():
    rooms = Rooms(Limits(rooms=4))
    mine = [rooms.open("192.0.2.1") for _ in range(2)]
    with pytest.raises(BadInput, match="from your address"):
        rooms.open("192.0.2.1")
    assert rooms.open("192.0.2.2").code
    rooms.close(mine[0].code, mine[0].key)
    assert rooms.open("192.0.2.1").owner == "192.0.2.1"
