"""Stop and deadline for work that yields nothing meanwhile: local training, nested starts, probes, other clients.

Whoever runs such work says when to end it (:func:`until`); long loops ask at each step (:func:`check`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Cancelled(Exception):
    """The work was asked to end."""


_over: ContextVar[Callable[[], bool] | None] = ContextVar("over", default=None)


@contextmanager
def until(over: Callable[[], bool]) -> Iterator[None]:
    """While it lasts, :func:`check` raises :class:`Cancelled` once ``over()`` is true."""
    before = _over.get()
    _over.set(over)
    try:
        yield
    finally:
        _over.set(before)


def check() -> None:
    """Raises Cancelled when the work of this context was asked to end."""
    over = _over.get()
    if over is not None and over():
        raise Cancelled
