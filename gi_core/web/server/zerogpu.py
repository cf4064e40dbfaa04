"""ZeroGPU: long runs go to a forked process that has a GPU for some seconds; short ones are faster here, on the CPU.

What crosses the process's border is plain data, both ways: no tensor, no lock, nothing of CUDA.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from typing import Any

import gradio as gr
import numpy as np
import torch
from torch import Tensor

from gi_core import cancellation, seeds
from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.store import restored
from gi_core.web.server import tasks
from gi_core.web.settings import Limits

START = 10
"""Seconds that fork, transfer and the first kernels may take."""
FASTER = 4
"""How much faster than here a GPU is taken to be: a guess, which only sets the time to ask for."""
LEAST = 15


def active() -> bool:
    """Whether this is a ZeroGPU Space."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def gpu_seconds(here: float, limits: Limits) -> int:
    """How long to ask for a GPU for a run of so many seconds on this CPU; 0: it had better run here."""
    if not active() or here < limits.gpu_from:
        return 0
    return round(min(limits.gpu_seconds, max(LEAST, START + here / FASTER)))


def on_gpu(
    scenario: Scenario, images: Tensor, named: list[str], run_id: str, seconds: int, stop: threading.Event
) -> Iterator[dict[str, Any]]:
    """Messages of a run in ZeroGPU's process, as of :func:`gi_core.web.server.tasks.live`.

    A stop ends it without its trace. Raises BadInput where no GPU is to be had.
    """
    try:
        with closing(task()(scenario.to_dict(), images.numpy(), named, run_id, seconds)) as messages:
            for message in messages:
                if stop.is_set():
                    raise cancellation.Cancelled
                if "trace" in message:
                    yield {"trace": restored(scenario, message["trace"], message["images"])}
                else:
                    yield message
    except gr.Error as error:
        raise BadInput(
            f"no GPU can be had now ({str(error)[:200]}): recorded runs still play, and shorter ones run without it"
        ) from None


def remote(
    scenario: dict[str, Any], images: np.ndarray, named: list[str], run_id: str, seconds: int
) -> Iterator[dict[str, Any]]:
    """What the forked process does: the same computation; what it cost tells nothing about this CPU."""
    seeds._global_generator = threading.RLock()  # another thread may have held the inherited one while it forked
    device = "cuda" if torch.cuda.is_available() else "cpu"
    given = (Scenario.from_dict(scenario), torch.from_numpy(images), named, run_id, device)
    deadline = time.monotonic() + max(1.0, seconds - START / 2)
    for message in tasks.here(tasks.live, given, threading.Event(), deadline):
        if "trace" in message:
            trace = message["trace"]
            yield {"trace": trace.to_dict(), "images": trace.npz()}
        elif "run" in message:
            yield message


def duration(scenario: dict[str, Any], images: np.ndarray, named: list[str], run_id: str, seconds: int) -> int:
    """Seconds of GPU to ask for: ZeroGPU calls it with the task's own arguments."""
    return seconds


@lru_cache(maxsize=1)
def task() -> Any:
    """:func:`remote`, on a GPU. The Space looks for it when it starts."""
    import spaces  # type: ignore[import-not-found]

    return spaces.GPU(duration=duration)(remote)
