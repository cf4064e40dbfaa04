"""Equal requests share one computation: thirty people pressing Run on the same preset cost one run."""

from __future__ import annotations

import contextvars
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

Message = dict[str, Any]
HEARTBEAT = 0.8
"""Seconds after which a watcher speaks again without news, so that a closed tab is noticed."""
FEW = 8
RATE = 50
"""Messages a second to all watchers of one computation together, where they are more than a few: each message costs
the server some 5 ms."""


class SharedRun:
    """One computation in a thread of its own, and those who watch it."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(16)
        self.changed = threading.Condition()
        self.latest: Message = {}
        self.version = 0
        self.over = False
        self.watchers: set[str] = set()
        self.dismissed: set[str] = set()

    def publish(self, message: Message) -> None:
        with self.changed:
            self.latest, self.version = message, self.version + 1
            self.changed.notify_all()

    def news(self, seen: int, watcher: str, heartbeat: float = HEARTBEAT) -> tuple[Message, int, bool]:
        """(latest message, its number, whether it was the last), at once or after a heartbeat without anything new."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.version > seen or self.over or watcher in self.dismissed, timeout=heartbeat
            )
            return self.latest, self.version, self.over


class SharedRuns:
    """Computations under way, by what is computed and by who watches.

    Args:
        halt: asks the computation of a flight's id to end soon, after a last message.
        crashed: the message for watchers of a computation that failed unexpectedly.
    """

    def __init__(self, halt: Callable[[str], None], crashed: Callable[[str], Message]) -> None:
        self._halt, self._crashed = halt, crashed
        self._lock = threading.Lock()
        self._by_key: dict[str, SharedRun] = {}
        self._by_watcher: dict[str, SharedRun] = {}

    def watch(self, watcher: str, key: str, begin: Callable[[str], Iterator[Message]]) -> Iterator[Message]:
        """Messages of the computation ``key``, begun if nobody has; closing the last watcher's iterator ends it.

        ``begin`` gets the flight's id and yields messages until it is through. An empty message is a sign of life.
        """
        flight = self._join(watcher, key, begin)
        seen = 0
        try:
            while True:
                message, version, over = flight.news(seen, watcher)
                if version == seen and over:
                    return
                seen = version
                yield message
                if watcher in flight.dismissed:
                    return
                if not over:
                    time.sleep((len(flight.watchers) if len(flight.watchers) > FEW else 0) / RATE)
        finally:
            self._leave(watcher, key, flight)

    def stop(self, watcher: str) -> bool:
        """Stop a watcher's run: the computation itself when nobody else watches. Whether it was the last one."""
        with self._lock:
            flight = self._by_watcher.get(watcher)
            if flight is None:
                return False
            alone = len(flight.watchers) == 1
            if alone:
                self._forget(flight)
        if alone:
            self._halt(flight.id)
        else:
            with flight.changed:
                flight.dismissed.add(watcher)
                flight.changed.notify_all()
        return alone

    def _join(self, watcher: str, key: str, begin: Callable[[str], Iterator[Message]]) -> SharedRun:
        with self._lock:
            flight = self._by_key.get(key)
            if flight is None:
                flight = self._by_key[key] = SharedRun()
                here = contextvars.copy_context()  # ZeroGPU asks it who the visitor is
                threading.Thread(target=here.run, args=(self._fly, flight, begin), daemon=True).start()
            flight.watchers.add(watcher)
            self._by_watcher[watcher] = flight
        return flight

    def _leave(self, watcher: str, key: str, flight: SharedRun) -> None:
        with self._lock:
            flight.watchers.discard(watcher)
            self._by_watcher.pop(watcher, None)
            deserted = not flight.watchers and not flight.over
            if deserted:
                self._forget(flight)
        if deserted:
            self._halt(flight.id)

    def _fly(self, flight: SharedRun, begin: Callable[[str], Iterator[Message]]) -> None:
        try:
            for message in begin(flight.id):
                flight.publish(message)
        except Exception:
            flight.publish(self._crashed(flight.id))
            raise
        finally:
            with self._lock:
                self._forget(flight)
            with flight.changed:
                flight.over = True
                flight.changed.notify_all()

    def _forget(self, flight: SharedRun) -> None:
        """Newcomers begin anew."""
        for key in [k for k, f in self._by_key.items() if f is flight]:
            del self._by_key[key]
