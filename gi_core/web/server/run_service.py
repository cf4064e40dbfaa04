"""Runs in flight: a line with places, stop-at-once, a deadline, and finished runs for download."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from torch import Tensor

from gi_core import cancellation
from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.store import DAMAGED, Record, Store, address, summary_of
from gi_core.trace import Trace
from gi_core.web.server import tasks, zerogpu
from gi_core.web.server.cost import Costs, TooSlow
from gi_core.web.server.messages import OWN_PICTURE, content_key, crashed, failed, names, unstarted
from gi_core.web.server.price import price
from gi_core.web.server.queue import RunQueue, Sessions
from gi_core.web.server.requests import batch_of, scenario_of
from gi_core.web.server.rooms import Rooms
from gi_core.web.server.shared_runs import SharedRuns
from gi_core.web.server.trace_cache import TraceCache
from gi_core.web.server.visitor import Visitor, program, visitor
from gi_core.web.settings import Limits

NEWS = 1.0
"""Seconds after which one of the first ten in line is told its place again; the twentieth is after twice as many."""
LIGHT = 20.0
"""Seconds that a question beside the line is computed for."""
Compute = Callable[[tasks.Task, tuple[Any, ...], threading.Event, float], Iterator[tasks.Message]]
"""Messages of a task, until a deadline on the monotonic clock or a stop; raises BadInput and Cancelled."""


class RunService:
    """Takes requests from the browser and answers with messages for the stage.

    Args:
        store: finished runs on sample pictures; without one only those that ship are known.
        compute: where tasks are computed: in this process, or in workers that can be ended.
    """

    def __init__(self, limits: Limits, store: Store | None = None, compute: Compute = tasks.here) -> None:
        self.limits = limits
        self.compute = compute
        self.store = store or Store(None)
        self.queue = RunQueue(limits)
        self.traces = TraceCache(limits)
        self.costs = Costs(self.probed)
        self.shared = SharedRuns(self.queue.stop, crashed)
        self.rooms = Rooms(limits)
        self.sessions = Sessions(limits.per_session)
        self._light = threading.BoundedSemaphore(1)

    def light(self, task: tasks.Task, *arguments: Any) -> Any:
        """The answer to a question beside the line: one at a time, for LIGHT seconds at most.

        Raises BadInput when it takes longer, or others do.
        """
        deadline = time.monotonic() + LIGHT
        if not self._light.acquire(timeout=LIGHT):
            raise BadInput("others are looking at large updates: please try again in a minute")
        try:
            return self._answer(task, arguments, deadline)
        except cancellation.Cancelled:
            raise too_long() from None
        finally:
            self._light.release()

    def probed(self, scenario: Scenario, deadline: float) -> tuple[float, float]:
        """What an iteration costs, for the estimates. Raises BadInput, and Cancelled after the deadline."""
        each, load = self._answer(tasks.probe, (scenario,), deadline)
        return each, load

    def _answer(self, task: tasks.Task, arguments: tuple[Any, ...], deadline: float) -> Any:
        with closing(self.compute(task, arguments, threading.Event(), deadline)) as messages:  # type: ignore[type-var]
            return next(message["answer"] for message in messages if "answer" in message)

    def deadline(self) -> float:
        """When a run that begins now has to end, on the monotonic clock."""
        return time.monotonic() + self.limits.seconds

    def live(self, request: dict[str, Any], session: str = "") -> Iterator[dict[str, Any]]:
        """Messages of one run: queued*, running*, judging*, then done, stopped or failed; or recorded, at once.

        Equal requests share one computation; closing the last one's iterator frees the worker.

        Args:
            request: id, settings (Scenario fields), pictures (samples or data URIs), fresh (compute it in any case),
                room (code and key: those who follow see it too). With follow (a room's code): that room's runs.
            session: whose tab asks; empty: nobody's.
        """
        watcher = str(request.get("id", ""))
        try:
            if "follow" in request:
                yield from self.rooms.follow(watcher, str(request["follow"]))
                return
            messages = self.own(watcher, request, session)
            if isinstance(room := request.get("room"), dict):
                owned = self.rooms.owned(str(room.get("code")), str(room.get("key")))
                messages = self.rooms.show(owned, messages)
            yield from messages
        except BadInput as error:
            yield failed(watcher, error)

    def own(self, watcher: str, request: dict[str, Any], session: str) -> Iterator[dict[str, Any]]:
        """Messages of a run asked for here. Raises BadInput."""
        scenario = scenario_of(request.get("settings"), self.limits)
        images = batch_of(request.get("pictures"), scenario)
        named = names(request["pictures"])
        if not request.get("fresh") and (recorded := self.recorded(scenario, named)):
            yield {"run": recorded}
            return

        def begin(flight: str) -> Iterator[dict[str, Any]]:
            try:
                yield from self.in_line(
                    flight, lambda stop: self.somewhere(flight, scenario, images, named, stop),
                    self.before_run(scenario),
                )  # fmt: skip
            except BadInput as error:
                yield failed(flight, error)

        with self.sessions.one_more(Visitor(visitor().address, session)):
            yield from self.shared.watch(watcher, "live " + content_key(scenario, images, named), begin)

    def stop(self, watcher: str) -> bool:
        """Stop a run, or stop following one; whether nobody else watches it."""
        self.rooms.leave(watcher)
        return self.shared.stop(watcher)

    def recorded(self, scenario: Scenario, pictures: list[str]) -> dict[str, Any] | None:
        """The stage's message of a run that was computed before, None when it was not. Its Trace goes on the traces."""
        record = self.store.find(address(scenario, pictures))
        if record is None or record.message is None:
            return None
        message = {"id": f"recorded-{record.key[:24]}", **record.message, "state": "recorded"}
        try:
            trace = record.replay()
        except DAMAGED:
            self.store.drop(record.key)
            return None
        if trace:
            self.traces.put(message["id"], trace)
        return message

    def keep(self, trace: Trace, pictures: list[str], message: dict[str, Any]) -> None:
        """Into the store, if it ran to its end on sample pictures only: a user's own picture never goes there."""
        if trace.stopped or OWN_PICTURE in pictures:
            return
        shown = {name: value for name, value in message.items() if name not in ("id", "state")}
        self.store.put(
            Record(
                trace.scenario, tuple(pictures), summary_of(shown) | {"iterations": trace.iterations},
                shown, trace.to_dict(), trace.npz(),
            )
        )  # fmt: skip

    def in_line(
        self, run_id: str, compute: Callable[[threading.Event], Iterator[dict[str, Any]]],
        seconds: float | None = None, who: Visitor | None = None,
    ) -> Iterator[dict[str, Any]]:  # fmt: skip
        """Wait for a worker, telling the place and the time left, then compute. Raises BadInput when the line is full.

        ``seconds``: how long it will take, where that is known; ``who`` asks, else this request's visitor.
        """
        expected = min(self.costs.typical if seconds is None else seconds, self.limits.seconds)
        stop = self.queue.enter(run_id, expected, who or visitor())
        try:
            while place := self.queue.place(run_id):
                yield {"run": {"id": run_id, "state": "queued", "place": place, "wait": round(self.queue.wait(run_id))}}
                if self.queue.pause(run_id, max(NEWS, place * NEWS / 10)):
                    raise BadInput("Left the line before the run began")
            yield from compute(stop)
        except cancellation.Cancelled:
            raise unstarted() from None
        finally:
            self.queue.leave(run_id)

    def whole(
        self, settings: dict[str, Any], pictures: list[Any], heard: Callable[[], bool] = lambda: True
    ) -> dict[str, Any]:
        """A run to its end or the deadline, judged if time is left, as ``trace.json`` holds it.

        ``heard``: whether somebody still waits for it. Raises BadInput.
        """
        scenario = scenario_of(settings, self.limits)
        images = batch_of(pictures, scenario)

        def compute(stop: threading.Event) -> Iterator[dict[str, Any]]:
            return self.compute(tasks.whole, (scenario, images), stop, self.deadline())

        who = program()

        def begin(flight: str) -> Iterator[dict[str, Any]]:
            try:
                yield from self.in_line(flight, compute, self.before_run(scenario), who)
            except BadInput as error:
                yield {"refused": error}

        key = "whole " + content_key(scenario, images, names(pictures))
        last: dict[str, Any] = {}
        with closing(self.shared.watch(secrets.token_hex(16), key, begin)) as messages:  # type: ignore[type-var]
            for message in messages:
                last = message or last
                if not heard():
                    raise BadInput("nobody waits for this run any more: it was ended")
        if "trace" not in last:
            raise last.get("refused") or BadInput(last["run"]["message"])
        trace: Trace = last["trace"]
        return trace.to_dict()

    def before_run(self, scenario: Scenario) -> float:
        """Seconds that a run is taken to last before it begins: learnt here, or its price."""
        return self.costs.known(scenario) or price(scenario).seconds * self.costs.load

    def expected(self, scenario: Scenario) -> float:
        """Predicted seconds of a run that is computed in any case: as long as is allowed, where that can't be told."""
        try:
            return self.costs.predict(scenario)
        except TooSlow:
            return float(self.limits.seconds)

    def somewhere(
        self, run_id: str, scenario: Scenario, images: Tensor, named: list[str], stop: threading.Event
    ) -> Iterator[dict[str, Any]]:
        """Messages of a run that has its worker: computed here, or on ZeroGPU where that pays.

        A run that had to be ended by force keeps what it has shown.
        """
        seconds = zerogpu.gpu_seconds(self.expected(scenario), self.limits) if zerogpu.active() else 0
        if seconds:
            messages = zerogpu.on_gpu(scenario, images, named, run_id, seconds, stop)
        else:
            messages = self.compute(tasks.live, (scenario, images, named, run_id), stop, self.deadline())
        trace, last = None, {}
        try:
            for message in messages:
                if "spent" in message:
                    self.costs.learn(scenario, message["spent"])
                elif "trace" in message:
                    trace = message["trace"]
                    self.traces.put(run_id, trace)
                else:
                    last = message["run"]
                    if trace and last["verdict"]:
                        self.keep(trace, named, last)
                    yield message
        except cancellation.Cancelled:
            if not last:
                raise
            yield {"run": last | {"state": "stopped", "verdict": None}}


def too_long() -> BadInput:
    """What is said of a question that is none for beside the line."""
    return BadInput(f"this takes more than {LIGHT:.0f} s to compute: press Run to wait for it")
