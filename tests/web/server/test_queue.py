"""The line: addresses and tabs take turns, short runs first, and nobody fills it alone."""

from __future__ import annotations

import json
import time
import urllib.request
from types import SimpleNamespace

import pytest
from gradio.context import LocalContext

from gi_core.errors import BadInput
from gi_core.web import app
from gi_core.web.server import backpressure
from gi_core.web.server.queue import RunQueue, Sessions
from gi_core.web.server.run_service import RunService
from gi_core.web.server.visitor import NOBODY, PROGRAM, Visitor, visitor
from gi_core.web.settings import Limits

GREEDY, MODEST = Visitor("192.0.2.1", "a"), Visitor("192.0.2.2", "b")


def order(queue, names):
    """The waiting names as they are served, each finished before the next one begins."""
    served = []
    while left := [name for name in names if name not in served]:
        name = next(name for name in left if queue.place(name) == 0)
        queue.leave(name)
        served.append(name)
    return served


def lined(entries, **limits):
    queue = RunQueue(Limits(workers=1, **limits))
    for name, who, seconds in entries:
        queue.enter(name, seconds, who)
    return queue


def test_a_newcomer_is_served_before_the_second_run_of_a_greedy_one():
    runs = [(f"g{n}", GREEDY, 5) for n in range(8)] + [("m0", MODEST, 5), ("m1", MODEST, 5)]
    queue = lined(runs)
    assert queue.place("g0") == 0 and queue.place("m0") == 1 and queue.place("g1") == 2
    assert order(queue, [name for name, *_ in runs])[:4] == ["g0", "m0", "g1", "m1"]


def test_a_programs_long_runs_leave_a_worker_to_people():
    program = Visitor("192.0.2.1", PROGRAM)
    queue = RunQueue(Limits(workers=2))
    for name, who, seconds in (("p0", program, 600), ("p1", program, 600), ("p2", program, 5)):
        queue.enter(name, seconds, who)
    assert queue.place("p0") == 0 and queue.place("p1") == 1, "long runs, and one worker left"
    queue.enter("m0", 600, MODEST)
    assert queue.place("m0") == 0
    queue.leave("m0")
    assert queue.place("p2") == 0, "a short one may have it"


def test_tabs_behind_one_address_take_turns():
    pupils = [Visitor("192.0.2.1", str(n)) for n in range(3)]
    runs = [(f"{n}-{tab.tab}", tab, 5) for tab in pupils for n in range(2)]
    assert order(lined(runs), [name for name, *_ in runs]) == ["0-0", "0-1", "0-2", "1-0", "1-1", "1-2"]


def test_short_runs_go_first_within_a_turn():
    visitors = [Visitor(f"192.0.2.{n}") for n in range(4)]
    runs = list(zip("abcd", visitors, (5, 600, 600, 5), strict=True))
    queue = lined(runs)
    assert queue.place("a") == 0
    assert order(queue, "abcd") == ["a", "d", "b", "c"]


def test_in_a_full_line_the_greedy_one_gives_up_the_last_run():
    names = [f"g{n}" for n in range(20)]
    queue = lined([(name, GREEDY, 5) for name in names], waiting=19)
    assert queue.place("g0") == 0
    with pytest.raises(BadInput, match="20 runs are waiting already"):
        queue.enter("g20", 5, GREEDY)
    for n in range(9):
        queue.enter(f"m{n}", 5, MODEST)
    with pytest.raises(BadInput, match="others have fewer"):
        queue.place("g19")
    assert queue.place("m0") == 1 and len(queue) == 20
    queue.enter("m9", 5, MODEST)
    with pytest.raises(BadInput, match="waiting already"):
        queue.enter("m10", 5, MODEST)


def test_pupils_behind_one_address_share_a_full_line():
    tabs = [Visitor("192.0.2.1", str(n)) for n in range(6)]
    queue = lined([(f"0-{n}", tabs[0], 5) for n in range(2)] + [("1-0", tabs[1], 600), ("2-0", tabs[2], 5)], waiting=3)
    queue.enter("3-0", 5, tabs[3])
    assert order(queue, ["0-0", "2-0", "3-0", "1-0"]) == ["0-0", "2-0", "3-0", "1-0"], "0-1 gave way"
    queue = lined([(name, tab, 600) for name, tab in zip("abcd", tabs, strict=False)], waiting=3)
    with pytest.raises(BadInput, match="waiting already"):
        queue.enter("e", 5, tabs[4])


def test_the_expected_wait_follows_the_order():
    queue = lined([("a", GREEDY, 10), ("b", GREEDY, 20), ("c", MODEST, 5)])
    queue.place("a")
    assert 9 < queue.wait("c") <= 10 and 14 < queue.wait("b") <= 15 and queue.wait("a") == 0
    assert 34 < queue.wait() <= 35


def test_a_tab_is_counted_by_its_address_too():
    sessions = Sessions(1)
    with sessions.one_more(GREEDY):
        with pytest.raises(BadInput, match="are under way"), sessions.one_more(GREEDY):
            pass
        with sessions.one_more(Visitor("192.0.2.9", "a")):
            pass


def test_an_api_run_that_nobody_waits_for_frees_its_worker(monkeypatch):
    """A call is made and its answer never fetched; it used to go on for its whole limit, or forever in the line."""
    monkeypatch.setenv("GI_STORE", "off")
    monkeypatch.setattr(backpressure, "UNHEARD", 1.0)
    service = RunService(Limits())
    seen = []
    enter = service.queue.enter
    monkeypatch.setattr(service.queue, "enter", lambda *a: seen.append(a[2]) or enter(*a))
    demo = app.build(service)
    _, url, _ = demo.launch(**app.launch_settings(), prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    try:
        body = json.dumps({"images": ["cat"], "model": "mlp", "image_size": 16, "attack": "ig:steps=90000"}).encode()
        request = urllib.request.Request(
            url + "gradio_api/call/v2/run_attack", body, {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request).read()
        end = time.monotonic() + 30
        while not len(service.queue) and time.monotonic() < end:
            time.sleep(0.05)
        assert len(service.queue) == 1
        while len(service.queue) and time.monotonic() < end:
            time.sleep(0.05)
        assert len(service.queue) == 0
        assert [visitor.address for visitor in seen] == ["127.0.0.1"]
    finally:
        demo.close()


@pytest.mark.parametrize(
    ("client", "user", "address"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::/64"),
        ("192.0.2.1", "ada", "user ada"),
        ("testclient", None, "testclient"),
    ],
)
def test_who_asks_is_a_user_an_address_or_a_network(client, user, address):
    request = SimpleNamespace(client=SimpleNamespace(host=client), username=user, session_hash="tab")
    before = LocalContext.request.set(request)
    try:
        assert visitor() == Visitor(address, "tab")
    finally:
        LocalContext.request.reset(before)
    assert visitor() == NOBODY
