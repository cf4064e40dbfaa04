"""The last finished runs, for download and for more controls."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

from gi_core.trace import Trace
from gi_core.web.settings import Limits

TOGETHER = 1_000_000_000
"""Bytes of the frames of all of them."""


class TraceCache:
    """The last finished runs, by id, in memory only, for a limited time. Safe for threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._traces: OrderedDict[str, tuple[float, Trace]] = OrderedDict()
        self._sweeping = False

    def put(self, run_id: str, trace: Trace) -> None:
        with self._lock:
            self._traces.pop(run_id, None)
            self._traces[run_id] = (time.monotonic(), trace)
            while len(self._traces) > self.limits.remembered or self._bytes() > TOGETHER:
                self._traces.popitem(last=False)
            self._sweep_later()

    def get(self, run_id: str) -> Trace | None:
        with self._lock:
            self._drop()
            return self._traces[run_id][1] if run_id in self._traces else None

    def __len__(self) -> int:
        with self._lock:
            return len(self._traces)

    def _bytes(self) -> int:
        return sum(frame.images.nbytes for _, trace in self._traces.values() for frame in trace.frames)

    def _sweep_later(self) -> None:
        if self._traces and not self._sweeping:
            oldest = next(iter(self._traces.values()))[0]
            timer = threading.Timer(max(0.0, oldest + 60 * self.limits.minutes - time.monotonic()) + 0.01, self._sweep)
            timer.daemon = self._sweeping = True
            timer.start()

    def _sweep(self) -> None:
        with self._lock:
            self._sweeping = False
            self._drop()
            self._sweep_later()

    def _drop(self) -> None:
        oldest = time.monotonic() - 60 * self.limits.minutes
        for run_id in [k for k, (when, _) in self._traces.items() if when < oldest]:
            del self._traces[run_id]
