"""What a worker computes: each task yields messages, and ends soon after its throttle says so.

Messages to the browser are ``{"run": ...}``; beside them ``{"spent": Spent}`` tells what it cost, ``{"trace": Trace}``
is the record, ``{"answer": ...}`` the answer to a question. Tasks know nothing of lines, visitors, or Gradio.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from typing import Any

from torch import Tensor

from gi_core import cancellation
from gi_core.evaluation.inspection import inspect_sent
from gi_core.evaluation.judge import judging
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.trace import Trace, finite
from gi_core.web import payload
from gi_core.web.server import cost
from gi_core.web.server.denoised_view import DenoisedViews
from gi_core.web.server.messages import unstarted

PERIOD = 0.16
"""Seconds between messages to the browser: six a second."""
RATE = 4_000_000
"""Bytes a second of these messages: those of a large batch come less often."""
Message = dict[str, Any]


class Throttle:
    """When to speak, and when to end: ``deadline`` is on the monotonic clock."""

    def __init__(self, stop: threading.Event, deadline: float) -> None:
        self._stop, self._deadline, self._next = stop, deadline, float("-inf")

    @property
    def over(self) -> bool:
        return self._stop.is_set() or time.monotonic() > self._deadline

    @property
    def due(self) -> bool:
        return time.monotonic() >= self._next

    def sent(self, size: int = 0) -> None:
        """After a message of so many bytes."""
        self._next = time.monotonic() + max(PERIOD, size / RATE)


Task = Callable[..., Iterator[Message]]
"""Takes a Throttle and plain arguments."""


def here(task: Task, arguments: tuple[Any, ...], stop: threading.Event, deadline: float) -> Iterator[Message]:
    """Messages of a task computed in this thread. Raises BadInput, and Cancelled when it had to end."""
    throttle = Throttle(stop, deadline)
    with cancellation.until(lambda: throttle.over):
        yield from task(throttle, *arguments)


def live(
    throttle: Throttle, scenario: Scenario, images: Tensor, named: list[str], run_id: str, device: str | None = None
) -> Iterator[Message]:
    """A run for the stage: the attack, then its control, then the verdict; its trace before its last message.

    At most one message each PERIOD, and the last state. A stop during the control leaves the run unjudged.

    Args:
        images: (B,C,H,W) in [0,1]; ``named``: what commands call them.
        device: where to compute; None: see :func:`gi_core.torch_setup.default_device`.
    """
    run = prepare(scenario, images, device=device)
    meter = cost.Meter(run)
    base = payload.still(run, run_id=run_id, images=named)
    drawn: dict[int, str] = {}
    opinions = DenoisedViews(run)
    with closing(iter(run)) as frames:  # type: ignore[type-var]
        for _ in frames:
            if throttle.over:
                break
            if throttle.due:
                kept, history = run.glimpse()
                opinions.ask(kept[-1])
                moved = payload.moving(kept, history, drawn) | {"opinions": opinions.rows}
                yield {"run": base | moved | {"state": "running"}}
                throttle.sent(sum(map(len, drawn.values())))
    trace = recorded_steps(run)
    yield {"spent": meter.read(trace)}
    opinions.ask(trace.frames[-1], in_any_case=True)
    base |= payload.ended(trace) | {"opinions": opinions.rows}
    judged: Message | None = None
    if not throttle.over:
        yield {"run": base | {"state": "judging", "judging": 0.0}}
        judged = yield from _judged(throttle, run, trace, base)
    if judged is not None:
        yield {"spent": meter.read(trace, judged=True)}
    yield {"trace": trace}
    yield {"run": base | {"state": "stopped" if trace.stopped else "done", "verdict": judged}}


def _judged(throttle: Throttle, run: Run, trace: Trace, base: Message) -> Generator[Message, None, Message | None]:
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


def whole(throttle: Throttle, scenario: Scenario, images: Tensor) -> Iterator[Message]:
    """A run to its end or the deadline, judged if time is left: its trace only."""
    run = prepare(scenario, images)
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
    yield {"trace": trace}


def recorded_steps(run: Run) -> Trace:
    """The run's Trace so far. Raises BadInput where it had no time for a single step."""
    if not run.iterations:
        raise unstarted()
    return run.trace()


def wire(throttle: Throttle, scenario: Scenario, images: Tensor) -> Iterator[Message]:
    """The update of a scenario that nobody ran yet: its band, its size, its share of noise."""
    yield {"answer": finite(payload.wire(prepare(scenario, images)))}


def probe(throttle: Throttle, scenario: Scenario) -> Iterator[Message]:
    """Seconds per iteration, and how much longer they take as people feel them."""
    yield {"answer": cost.probe(scenario)}


def inspection(throttle: Throttle, scenario: Scenario) -> Iterator[Message]:
    """What a client can see of the model that it was sent."""
    yield {"answer": finite(inspect_sent(scenario).to_dict())}
