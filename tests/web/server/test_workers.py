"""Processes that compute: they can be ended at any moment, have a limit of memory, write nothing, and are replaced."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import closing

import pytest
import torch

from benchmarks.stops import drawn, stopped
from gi_core.cancellation import Cancelled
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.web.server import tasks
from gi_core.web.server.run_service import RunService
from gi_core.web.server.workers import GRACE, Workers
from gi_core.web.settings import Limits
from tests.web.server.faulty_tasks import alive, asleep, deaf, failing, hungry, suicidal, writing

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")
FIELDS = {"model": "mlp", "image_size": 16, "attack": "ig:steps=20"}
MEMORY = 2_500_000_000


@pytest.fixture(scope="module")
def workers():
    made = Workers(MEMORY)
    yield made
    made.close()


def ask(workers, task, *arguments, stop=None, seconds=120.0):
    return list(workers(task, arguments, stop or threading.Event(), time.monotonic() + seconds))


def gone(pid):
    """Whether a process has ended; ended processes of this one's children may still be listed for a moment."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_a_run_in_a_worker_is_the_run_here(workers):
    scenario = Scenario.from_dict(FIELDS)
    picture = open_picture("cat", 16, 3)[None]
    told = ask(workers, tasks.live, scenario, picture, ["cat"], "x")
    own = list(tasks.here(tasks.live, (scenario, picture, ["cat"], "x"), threading.Event(), time.monotonic() + 120))
    there, here = told[-1]["run"], own[-1]["run"]
    assert there["state"] == "done" and there["scores"] == here["scores"] and there["frames"][-1] != here
    assert there["verdict"] == here["verdict"] and there["truth"] == here["truth"]
    (trace,) = [message["trace"] for message in told if "trace" in message]
    (ours,) = [message["trace"] for message in own if "trace" in message]
    assert torch.equal(trace.images, ours.images) and trace.scenario == scenario and trace.judgement is not None


@pytest.mark.parametrize("task", [deaf, asleep])
def test_a_stop_ends_what_cannot_be_asked(workers, task):
    ask(workers, alive)
    stop = threading.Event()
    with closing(workers(task, (), stop, time.monotonic() + 600)) as messages:
        pid = next(messages)["answer"]
        stop.set()
        with pytest.raises(Cancelled):
            next(messages)
    assert gone(pid) and GRACE < 2
    ((next_one, _),) = [m["answer"] for m in ask(workers, alive)]
    assert next_one != pid


def test_memory_has_a_limit_and_the_next_run_is_served(workers):
    with pytest.raises(BadInput, match=r"more memory than the 2\.5 GB"):
        ask(workers, hungry)
    assert ask(workers, alive)


def test_a_worker_that_dies_is_replaced_and_said(workers):
    with pytest.raises(BadInput, match="ended before its time"):
        ask(workers, suicidal)
    assert ask(workers, alive)


def test_an_idle_worker_that_was_ended_is_not_missed(workers):
    ((pid, _),) = [m["answer"] for m in ask(workers, alive)]
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)
    assert ask(workers, alive)


def test_a_worker_is_used_again(workers):
    first, second = (ask(workers, alive)[0]["answer"][0] for _ in range(2))
    assert first == second


def test_a_fault_is_told_by_its_place_only(workers, capfd):
    with pytest.raises(RuntimeError, match="failed in its worker"):
        ask(workers, failing)
    said = capfd.readouterr().err
    assert "ZeroDivisionError" in said and "faulty_tasks.py" in said and "ABCDEFGHIJ" not in said


def test_a_worker_writes_no_file(workers, tmp_path):
    assert ask(workers, writing, str(tmp_path / "leak")) == [{"answer": "refused"}]
    assert not (tmp_path / "leak").exists() or (tmp_path / "leak").stat().st_size == 0


@pytest.mark.slow
def test_a_nursery_that_was_ended_is_begun_anew():
    workers = Workers(MEMORY, ready=0)
    try:
        ask(workers, alive)
        workers.close()
        assert ask(workers, alive)
    finally:
        workers.close()


def test_the_service_stops_a_deaf_run_and_serves_the_next(workers, monkeypatch):
    """The page's own messages: what was shown stays, the line moves on."""
    service = RunService(Limits(), compute=workers)
    request = {"id": "a", "settings": FIELDS | {"attack": "ig:steps=90000"}, "pictures": ["cat"]}
    messages = (message["run"] for message in service.live(request) if message)
    while next(messages)["state"] != "running":
        pass
    assert service.stop("a")
    *_, last = messages
    assert last["state"] == "stopped" and last["frames"] and len(service.queue) == 0
    request = {"id": "b", "settings": FIELDS, "pictures": ["cat"]}
    *_, last = (message["run"] for message in service.live(request) if message)
    assert last["state"] == "done" and service.traces.get(last["id"]) is not None
    assert service.costs.known(Scenario.from_dict(FIELDS)) is not None


@pytest.mark.slow
def test_random_permitted_runs_end_at_a_stop_and_the_next_is_served(workers):
    """Twelve of what ``benchmarks/stops.py`` measures three hundred of."""
    scenarios = [scenario for scenario in map(drawn, range(40)) if scenario is not None][:12]
    assert len(scenarios) == 12
    for scenario in scenarios:
        row = stopped(workers, scenario, 0.2)
        assert row["ended"] in ("stopped", "cancelled", "done") or len(row["ended"]) > 20, row
        assert ask(workers, alive)
