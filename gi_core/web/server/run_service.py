"""Runs in flight: a line with places, stop-at-once, a deadline, and finished runs for download."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from typing import Any

from torch import Tensor

from gi_core import cancellation
from gi_core.errors import BadInput
from gi_core.evaluation.judge import judging
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.store import DAMAGED, Record, Store, address, restored, summary_of
from gi_core.trace import Trace
from gi_core.web import payload
from gi_core.web.server import zerogpu
from gi_core.web.server.cost import Costs, TooSlow
from gi_core.web.server.denoised_view import DenoisedViews
from gi_core.web.server.queue import RunQueue, Sessions
from gi_core.web.server.requests import batch_of, scenario_of
from gi_core.web.server.rooms import Rooms
from gi_core.web.server.shared_runs import SharedRuns
from gi_core.web.server.trace_cache import TraceCache
from gi_core.web.server.visitor import Visitor, visitor
from gi_core.web.settings import Limits

PERIOD = 0.16
"""Seconds between messages to the browser: six a second."""


LIGHT = 20.0
"""Seconds that an update is computed for beside the line."""
OWN_PICTURE = "your-picture.png"


class RunService:
    """Takes requests from the browser and answers with messages for the stage.

    ``store``: finished runs on sample pictures; without one only those that ship are known.
    """

    def __init__(self, limits: Limits, store: Store | None = None) -> None:
        self.limits = limits
        self.store = store or Store(None)
        self.queue = RunQueue(limits)
        self.traces = TraceCache(limits)
        self.costs = Costs()
        self.shared = SharedRuns(self.queue.stop, crashed)
        self.rooms = Rooms(limits)
        self.sessions = Sessions(limits.per_session)
        self._light = threading.BoundedSemaphore(1)

    def prepared(self, scenario: Scenario, images: Tensor) -> Run:
        """A run up to its update, for a question beside the line: one at a time, for LIGHT seconds at most.

        Raises BadInput when it takes longer, or others do.
        """
        deadline = time.monotonic() + LIGHT
        if not self._light.acquire(timeout=LIGHT):
            raise BadInput("others are looking at large updates: please try again in a minute")
        try:
            with cancellation.until(lambda: time.monotonic() > deadline):
                return prepare(scenario, images)
        except cancellation.Cancelled:
            raise BadInput(f"this update takes more than {LIGHT:.0f} s to compute: press Run to wait for it") from None
        finally:
            self._light.release()

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
                    self.costs.known(scenario),
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
        self, run_id: str, compute: Callable[[threading.Event], Iterator[dict[str, Any]]], seconds: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """Wait for a worker, telling the place and the time left, then compute. Raises BadInput when the line is full.

        ``seconds``: how long it will take, where that is known.
        """
        expected = min(self.costs.typical if seconds is None else seconds, self.limits.seconds)
        stop = self.queue.enter(run_id, expected, visitor())
        said: dict[str, Any] = {}
        try:
            while place := self.queue.place(run_id):
                news = {"id": run_id, "state": "queued", "place": place, "wait": round(self.queue.wait(run_id))}
                if news != said:
                    yield {"run": (said := news)}
                if stop.wait(0.1):
                    raise BadInput("Left the line before the run began")
            deadline = self.deadline()
            with cancellation.until(lambda: stop.is_set() or time.monotonic() > deadline):
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
            run, throttle = prepare(scenario, images), Throttle(stop, self.deadline())
            with closing(iter(run)) as frames:  # type: ignore[type-var]
                for _ in frames:
                    if throttle.over:
                        break
            trace = recorded_steps(run)
            if not throttle.over:
                with closing(judging(run, trace)) as steps, suppress(cancellation.Cancelled):
                    for _ in steps:
                        if throttle.over:
                            break
            yield {"trace": trace.to_dict()}

        def begin(flight: str) -> Iterator[dict[str, Any]]:
            try:
                yield from self.in_line(flight, compute, self.costs.known(scenario))
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
        trace: dict[str, Any] = last["trace"]
        return trace

    def expected(self, scenario: Scenario) -> float:
        """Predicted seconds of a run that is computed in any case: as long as is allowed, where that can't be told."""
        try:
            return self.costs.predict(scenario)
        except TooSlow:
            return float(self.limits.seconds)

    def somewhere(
        self, run_id: str, scenario: Scenario, images: Tensor, named: list[str], stop: threading.Event
    ) -> Iterator[dict[str, Any]]:
        """Messages of a run that has its worker: computed here, or on ZeroGPU where that pays."""
        seconds = zerogpu.gpu_seconds(self.expected(scenario), self.limits) if zerogpu.active() else 0
        if not seconds:
            yield from self.compute(run_id, prepare(scenario, images), named, stop)
            return
        last: dict[str, Any] = {}
        for message in zerogpu.on_gpu(scenario, images, named, run_id, seconds, stop):
            if "run" in message:
                last = message["run"]
                yield message
                continue
            trace = restored(scenario, message["trace"], message["images"])
            self.traces.put(run_id, trace)
            if last["verdict"] is not None:
                self.keep(trace, named, last)

    def compute(self, run_id: str, run: Run, images: list[str], stop: threading.Event) -> Iterator[dict[str, Any]]:
        """Messages of a run that has its worker: the attack, then its control, then the verdict.

        At most one message each PERIOD, and the last state. A stop during the control leaves the run unjudged.
        """
        watch = self.costs.watch(run)
        base = payload.still(run, run_id=run_id, images=images)
        drawn: dict[int, str] = {}
        opinions = DenoisedViews(run)
        throttle = Throttle(stop, self.deadline())
        with closing(iter(run)) as frames:  # type: ignore[type-var]
            for _ in frames:
                if throttle.over:
                    break
                if throttle.due:
                    kept, history = run.glimpse()
                    opinions.ask(kept[-1])
                    moved = payload.moving(kept, history, drawn) | {"opinions": opinions.rows}
                    yield {"run": base | moved | {"state": "running"}}
                    throttle.sent()
        trace = recorded_steps(run)
        watch.attacked(trace.iterations, to_its_end=not trace.stopped)
        opinions.ask(trace.frames[-1], in_any_case=True)
        base |= payload.ended(trace) | {"opinions": opinions.rows}
        judged: dict[str, Any] | None = None
        if not throttle.over:
            yield {"run": base | {"state": "judging", "judging": 0.0}}
            judged = yield from self.judged(run, trace, base, throttle)
        self.traces.put(run_id, trace)
        message = base | {"state": "stopped" if trace.stopped else "done", "verdict": judged}
        if judged is not None:
            watch.judged(trace.iterations)
            self.keep(trace, images, message)
        yield {"run": message}

    def judged(
        self, run: Run, trace: Trace, base: dict[str, Any], throttle: Throttle
    ) -> Generator[dict[str, Any], None, dict[str, Any] | None]:
        """The core's judgement as the stage shows it; None when stopped before the end."""
        with closing(judging(run, trace)) as steps:
            while True:
                try:
                    share = next(steps)
                except StopIteration as end:
                    return payload.verdict(run, end.value)
                except cancellation.Cancelled:
                    return None
                if throttle.over:
                    return None
                if throttle.due:
                    yield {"run": base | {"state": "judging", "judging": share}}
                    throttle.sent()


class Throttle:
    """When to speak, and when to end."""

    def __init__(self, stop: threading.Event, deadline: float) -> None:
        self._stop, self._deadline, self._last = stop, deadline, float("-inf")

    @property
    def over(self) -> bool:
        return self._stop.is_set() or time.monotonic() > self._deadline

    @property
    def due(self) -> bool:
        return time.monotonic() - self._last >= PERIOD

    def sent(self) -> None:
        self._last = time.monotonic()


def unstarted() -> BadInput:
    """What is said of a run that was ended before it had anything to show."""
    return BadInput("stopped, or out of time, before the attack's first step")


def recorded_steps(run: Run) -> Trace:
    """The run's Trace so far. Raises BadInput where it had no time for a single step."""
    if not run.iterations:
        raise unstarted()
    return run.trace()


def failed(run_id: str, error: BadInput) -> dict[str, Any]:
    """The message that puts one sentence in place of the verdict."""
    return {"run": {"id": run_id, "state": "failed", "message": sentence(str(error))}}


def crashed(run_id: str) -> dict[str, Any]:
    """What the browser shows when a computation fails for a reason that is ours."""
    return failed(run_id, BadInput("this run failed on the server, which is a fault of this program"))


def sentence(text: str) -> str:
    """First letter large, a full stop at the end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def names(pictures: list[Any]) -> list[str]:
    """How commands name the pictures: samples by name, one's own as a file to fill in."""
    given = [p if isinstance(p, dict) else {"sample": p} for p in pictures]
    return [p["sample"] if "data" not in p and not p["sample"].startswith("data:") else OWN_PICTURE for p in given]


def content_key(scenario: Scenario, images: Tensor, named: list[str]) -> str:
    """Equal for equal requests, own pictures by their content."""
    return address(scenario, [*named, hashlib.sha256(images.numpy().tobytes()).hexdigest()])
