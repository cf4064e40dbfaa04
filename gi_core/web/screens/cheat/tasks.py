"""What a worker computes for the scene; tasks as in ``gi_core/web/server/tasks.py``."""

from __future__ import annotations

import time
from collections.abc import Iterator

from torch import Tensor

from gi_core.evaluation.inspection import inspect_sent
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.web.screens.cheat.reading import inspected, reading
from gi_core.web.server.tasks import Message, Throttle


def read_round(throttle: Throttle, scenario: Scenario, images: Tensor, side: int) -> Iterator[Message]:
    """One round, and what the server reads of it; readings come at ``side`` pixels."""
    yield {"run": {"state": "working"}}
    started = time.perf_counter()
    found = reading(prepare(scenario, images), side)
    yield {"run": {"state": "done", "reading": found, "seconds": round(time.perf_counter() - started, 2)}}


def look(throttle: Throttle, scenario: Scenario, images: Tensor) -> Iterator[Message]:
    """The client's inspection with its own photographs."""
    yield {"answer": inspected(inspect_sent(scenario, images))}
