"""Runs in processes of their own: a stop, a deadline, a memory limit reach whatever they do."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from multiprocessing.connection import Connection
from typing import Any

from gi_core.cancellation import Cancelled
from gi_core.errors import BadInput
from gi_core.web.server.tasks import Message, Task
from gi_core.web.server.worker_process import STOP, put, take

GRACE = 1.2
"""Seconds that a task has to end after a stop, before its process is ended."""
LATE = 5.0
"""Seconds after the deadline, in which what was found until then is put together."""
TICK = 0.05
NURSERY = "import sys; sys.path[:] = {path!r}; from gi_core.web.server.worker_process import main; main()"


class Workers:
    """Computes tasks in forked processes, as many at a time as are asked for; ``memory``: bytes of each.

    An idle worker keeps what it has loaded and is given the next task.
    """

    def __init__(self, memory: int, ready: int = 1) -> None:
        self.memory = memory
        self._lock = threading.Lock()
        self._nursing = threading.Lock()
        self._nursery: socket.socket | None = None
        self._idle: list[Worker] = []
        threading.Thread(target=self._prepare, args=(ready,), daemon=True).start()

    def __call__(
        self, task: Task, arguments: tuple[Any, ...], stop: threading.Event, deadline: float
    ) -> Iterator[Message]:
        """Messages of a task. Raises BadInput, Cancelled when it had to end, RuntimeError when it fails.

        ``task``, its arguments and its messages are pickled.
        """
        worker = self._take()
        fit = False
        try:
            end = yield from worker.messages(task, arguments, stop, deadline)
            fit = not end["tired"]
        finally:
            if fit:
                with self._lock:
                    self._idle.append(worker)
            else:
                worker.end()
        if end["end"] == "refused":
            raise BadInput(end["why"])
        if end["end"] == "cancelled":
            raise Cancelled
        if end["end"] == "memory":
            raise too_large(self.memory)
        if end["end"] == "crashed":
            print(end["where"], end="", file=sys.stderr, flush=True)
            raise RuntimeError("a task failed in its worker")

    def close(self) -> None:
        """End the nursery and all workers that are idle."""
        with self._nursing:
            if self._nursery is not None:
                self._nursery.close()
                self._nursery = None
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _take(self) -> Worker:
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return self._fork()
            if not worker.gone:
                return worker
            worker.end()

    def _prepare(self, count: int) -> None:
        workers = [self._fork() for _ in range(count)]
        with self._lock:
            self._idle += workers

    def _fork(self) -> Worker:
        ours, theirs = socket.socketpair()
        with self._nursing, theirs:
            for _ in range(2):
                try:
                    self._nursery = self._nursery or started()
                    socket.send_fds(self._nursery, [self.memory.to_bytes(8, "big")], [theirs.fileno()])
                    break
                except OSError:  # it was ended from outside: another one is begun
                    self._nursery = None
        return Worker(Connection(ours.detach()), self.memory)


class Worker:
    """The server's end of one process."""

    def __init__(self, pipe: Connection, memory: int) -> None:
        self._pipe, self._memory = pipe, memory
        self._pid: int | None = None

    @property
    def gone(self) -> bool:
        """Whether an idle worker has ended."""
        try:
            while self._pipe.poll(0):
                self._hear()
        except (EOFError, OSError):
            return True
        return False

    def messages(
        self, task: Task, arguments: tuple[Any, ...], stop: threading.Event, deadline: float
    ) -> Generator[Message, None, dict[str, Any]]:
        """Messages of a task; returns how it ended. Raises BadInput when the process ends, Cancelled when it must."""
        asked, patience = False, deadline + LATE
        try:
            put(self._pipe, (task, arguments, deadline - time.monotonic()))
            while time.monotonic() < patience:
                if stop.is_set() and not asked:
                    asked, patience = True, min(patience, time.monotonic() + GRACE)
                    put(self._pipe, STOP)
                if not self._pipe.poll(TICK):
                    continue
                told = self._hear()
                if "message" in told:
                    yield told["message"]
                elif "end" in told:
                    return told
        except (EOFError, OSError):
            raise too_large(self._memory, sure=False) from None
        raise Cancelled

    def end(self) -> None:
        """End the process, whatever it does."""
        if self._pid is not None and not self.gone:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._pipe.close()

    def _hear(self) -> dict[str, Any]:
        told: dict[str, Any] = take(self._pipe)
        self._pid = told.get("pid", self._pid)
        return told


def too_large(memory: int, *, sure: bool = True) -> BadInput:
    """What is said of a run that had not memory enough, or whose process ended for no reason that we know."""
    gigabytes = f"{memory / 1e9:.1f} GB that a run has here"
    what = f"this run needs more memory than the {gigabytes}"
    if not sure:
        what = f"the process of this run ended before its time: the {gigabytes} may not be enough"
    return BadInput(f"{what}: choose smaller pictures, fewer of them, or a smaller network")


def started() -> socket.socket:
    """Our end of a nursery's line: a fresh interpreter with this one's path and environment."""
    ours, theirs = socket.socketpair()
    with theirs:
        subprocess.Popen(
            [sys.executable, "-c", NURSERY.format(path=sys.path), str(theirs.fileno())],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    return ours
