"""Tasks that misbehave; a module of its own, so that a worker need not load the tests."""

from __future__ import annotations

import itertools
import os
import signal
import time
from pathlib import Path

import torch


def deaf(throttle):
    """Work that never asks whether it should end, in one step that holds the interpreter."""
    yield {"answer": os.getpid()}
    sum(itertools.repeat(0))


def asleep(throttle):
    yield {"answer": os.getpid()}
    while True:
        time.sleep(60)


def hungry(throttle):
    held = []
    while True:
        held.append(torch.ones(10**7))
    yield {}


def suicidal(throttle):
    os.kill(os.getpid(), signal.SIGKILL)
    yield {}


def failing(throttle):
    raise ZeroDivisionError("".join(map(chr, range(65, 75))))
    yield {}


def writing(throttle, path):
    try:
        Path(path).write_text("a picture")
    except OSError:
        yield {"answer": "refused"}


def alive(throttle):
    yield {"answer": (os.getpid(), Path("/proc/self/maps").exists())}
