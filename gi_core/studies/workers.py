"""Where a study's cells are measured: here, in processes of this machine, or on a Ray cluster."""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from gi_core.errors import BadInput
from gi_core.plugins import load_plugins, loaded_plugins
from gi_core.torch_setup import run_threads

if TYPE_CHECKING:
    from gi_core.studies.base import Cell, Row, Study

Submit = Callable[["Cell"], "Future[Outcome]"]


@dataclass(frozen=True)
class Outcome:
    """What became of a cell.

    Attributes:
        row: what was measured, or None. error: why not, one line, or "". seconds: CPU time.
    """

    cell: Cell
    row: Row | None
    error: str
    seconds: float


def attempt(study: Study, cell: Cell) -> Outcome:
    """Measure a cell; what it raises becomes its outcome."""
    started = time.process_time()
    try:
        with run_threads():
            row, error = study.measure(cell), ""
    except Exception as failure:
        row, error = None, " ".join(f"{type(failure).__name__}: {failure}".split())
    return Outcome(cell, row, error, time.process_time() - started)


def outcomes(study: Study, cells: Iterator[Cell], workers: int, cluster: str | None) -> Iterator[Outcome]:
    """Outcomes as they come in; a cell is drawn from ``cells`` only when a worker is free for it.

    Args:
        workers: cells measured at a time. cluster: address of a Ray cluster, "local" to start one here; None: processes
            of this machine, none but this one for a single worker.

    Raises:
        BadInput: a cluster is asked for, and ``ray`` is not installed, nothing answers there, or plugins are loaded,
            which its machines do not have.
    """
    if cluster is None and workers == 1:
        yield from (attempt(study, cell) for cell in cells)
        return
    with on_ray(study, cluster, workers) if cluster else in_processes(study, workers) as submit:
        waiting = {submit(cell): cell for cell in islice(cells, workers)}
        while waiting:
            done = wait(waiting, return_when=FIRST_COMPLETED).done
            for future in done:
                cell = waiting.pop(future)
                failure = future.exception()
                yield Outcome(cell, None, f"the worker was lost: {failure}", 0.0) if failure else future.result()
            waiting |= {submit(cell): cell for cell in islice(cells, len(done))}


@contextmanager
def in_processes(study: Study, workers: int) -> Iterator[Submit]:
    """Processes of this machine, with the same plugins."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=load_plugins, initargs=(loaded_plugins(),)) as pool:
        try:
            yield lambda cell: pool.submit(attempt, study, cell)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def on_ray(study: Study, address: str, workers: int) -> Iterator[Submit]:
    """Tasks of one core each on a Ray cluster (https://docs.ray.io), whose machines have this package installed."""
    if loaded_plugins():
        raise BadInput(f"--plugin {loaded_plugins()[0]} with --ray: install it as a package on the cluster instead")
    try:
        import ray
    except ImportError:
        raise BadInput("a Ray cluster needs the package ray: pip install -r requirements-cluster.txt") from None
    try:
        if address == "local":
            ray.init(address="local", num_cpus=workers, log_to_driver=False, include_dashboard=False)
        else:
            reach(address)
            ray.init(address=address, log_to_driver=False)
    except OSError as error:
        raise BadInput(f"no Ray cluster answers at {address!r}: start one with 'ray start --head'; {error}") from None
    try:
        task, shared = ray.remote(num_cpus=1)(attempt), ray.put(study)
        yield lambda cell: task.remote(shared, cell).future()
    finally:
        ray.shutdown()


def reach(address: str) -> None:
    """Knock at HOST:PORT, since Ray itself would wait for minutes. Raises OSError if nobody opens."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=10).close()
