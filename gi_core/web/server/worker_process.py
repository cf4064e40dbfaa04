"""Processes that compute: one nursery, which has loaded everything and does nothing, and the workers that it forks.

The server starts the nursery as a fresh interpreter, so that no worker inherits a lock, a socket, or a visitor's
picture. A worker takes one task after the other, writes no file, has so much memory and no more, and ends with the
server.

Not where there is no fork (Windows).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

LOADED = (
    "gi_core.web.server.tasks",
    "gi_core.web.server.controls",
    "gi_core.catalogue",
    "gi_core.metrics.lpips",
    "timm",
)
"""Modules that every worker begins with."""
TIRED = 600_000_000
"""Bytes resident after a task, beyond those at the start, from which a worker is replaced by a fresh one."""
STOP = b"stop"
PR_SET_PDEATHSIG = 1
Message = dict[str, Any]


def nursery(line: socket.socket) -> None:
    """Fork a worker for each pair (descriptor of its connection, bytes of memory) that comes; end with the server."""
    from gi_core.torch_setup import make_torchvision_importable

    make_torchvision_importable()
    for name in LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a worker's end: its connection tells
    while True:
        content, descriptors, _, _ = socket.recv_fds(line, 8, 1)
        if not content:
            return
        memory = int.from_bytes(content, "big")
        if os.fork() == 0:
            line.close()
            try:
                confine(memory)
                work(Connection(descriptors[0]))
            finally:
                os._exit(0)
        os.close(descriptors[0])


def confine(memory: int) -> None:
    """No file can be written, no core dumped; memory is limited where the CPU computes; the nursery's end is ours."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from gi_core.torch_setup import default_device

    if default_device() == "cpu":  # CUDA maps far more than it uses
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def work(pipe: Connection) -> None:
    """Tell who we are, then take tasks until the server hangs up."""
    from gi_core.memory import give_back

    put(pipe, {"pid": os.getpid()})
    rested = resident()
    inbox = Inbox(pipe)
    while (given := inbox.task()) is not None:
        task, arguments, seconds = given
        outcome = attempt(pipe, task, arguments, inbox.stop, time.monotonic() + seconds)
        given = task = arguments = None  # nothing of a visitor outlives the task
        give_back()
        broken = outcome["end"] in ("memory", "crashed")  # an import may have ended half-way
        put(pipe, outcome | {"tired": broken or resident() - rested > TIRED})


def attempt(pipe: Connection, task: Any, arguments: Any, stop: threading.Event, deadline: float) -> Message:
    """Send the messages of a task; how it ended."""
    from gi_core.cancellation import Cancelled
    from gi_core.errors import BadInput
    from gi_core.web.server.redacted_log import where
    from gi_core.web.server.tasks import here

    try:
        for message in here(task, arguments, stop, deadline):
            put(pipe, {"message": message})
        return {"end": "done"}
    except Cancelled:
        return {"end": "cancelled"}
    except Exception as error:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):  # torch's own words
            return {"end": "memory"}
        if isinstance(error, BadInput):
            return {"end": "refused", "why": str(error)}
        return {"end": "crashed", "where": where(error)}


class Inbox:
    """What the server says while a task computes: stop, or, by hanging up, that nobody needs it any more."""

    def __init__(self, pipe: Connection) -> None:
        self.stop = threading.Event()
        self._pipe = pipe
        self._tasks: list[Any] = []
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def task(self) -> Any:
        """The next one: (task, arguments, seconds)."""
        with self._news:
            self._news.wait_for(lambda: self._tasks)
            return self._tasks.pop()

    def _listen(self) -> None:
        while True:
            try:
                given = take(self._pipe)
            except Exception:  # it hung up, or sent what can't be read here
                os._exit(0)
            if given == STOP:
                self.stop.set()
                continue
            with self._news:
                self.stop.clear()
                self._tasks.append(given)
                self._news.notify()


def put(pipe: Connection, content: Any) -> None:
    """Send; by value, where ``Connection.send`` would put a tensor into shared memory."""
    pipe.send_bytes(pickle.dumps(content, pickle.HIGHEST_PROTOCOL))


def take(pipe: Connection) -> Any:
    """What :func:`put` sent on the other side. Raises EOFError when that has hung up."""
    return pickle.loads(pipe.recv_bytes())


def resident() -> int:
    """Bytes of this process in memory; 0 where /proc doesn't tell."""
    try:
        with open("/proc/self/statm") as told:
            return int(told.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def main() -> None:
    nursery(socket.socket(fileno=int(sys.argv[1])))
