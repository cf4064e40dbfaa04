"""Follow my run: whoever knows a room's code sees the runs that its owner presses, while they run.

A room remembers no run: what it shows is forgotten LINGER seconds after its end, and latecomers wait for the next one.
Followers get what the owner's screen shows, under another id, so they can't download the run.

The browser's side: ``server.open_room({})`` gives {code, key} or {error}; the owner's runs carry ``room: {code, key}``;
a follower triggers ``run`` with {id, follow: code} and gets ``{room: {code, open, running}}``, then run messages;
``server.stop_run({id})`` stops following; ``server.room({code, key})`` gives {watching}; ``server.close_room`` ends it.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from gi_core.errors import BadInput
from gi_core.web.server.shared_runs import Message, SharedRun
from gi_core.web.server.visitor import visitor
from gi_core.web.settings import Limits

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
LENGTH = 8
"""A code is easy to read aloud, and one of 8.5e11."""
LINGER = 5.0
PERIOD = 0.4
"""Seconds between two messages to a follower: thirty of them cost less than one more run."""


@dataclass
class Room:
    """A code for many, a key for its owner."""

    code: str
    key: str
    flight: SharedRun = field(default_factory=SharedRun)
    used: float = field(default_factory=time.monotonic)
    running: bool = False
    owner: str = ""


class Rooms:
    """Open rooms. Safe for threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._rooms: dict[str, Room] = {}

    def open(self, owner: str = "") -> Room:
        """A new room of an address. Raises BadInput when there are as many as allowed, or half of them are its own."""
        with self._lock:
            self._close_unused()
            if len(self._rooms) >= self.limits.rooms:
                raise BadInput(f"{len(self._rooms)} rooms are open already: one has to close first")
            own = sum(room.owner == owner for room in self._rooms.values())
            if owner and own >= max(1, self.limits.rooms // 2):
                raise BadInput(f"{own} rooms are open from your address already: one of them has to close first")
            code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
            room = self._rooms[code] = Room(code, secrets.token_hex(16), owner=owner)
            return room

    def owned(self, code: str, key: str) -> Room:
        """The room of this key. Raises BadInput."""
        room = self._room(code)
        if not hmac.compare_digest(room.key, key):
            raise BadInput(f"room {room.code} belongs to somebody else")
        return room

    def close(self, code: str, key: str) -> None:
        """Followers are told, and the code is void. Raises BadInput."""
        room = self.owned(code, key)
        with self._lock:
            self._end(room)

    def show(self, room: Room, messages: Iterator[Message]) -> Iterator[Message]:
        """The messages of a run, for its owner; followers get them too."""
        room.running = True
        try:
            with closing(messages):  # type: ignore[type-var]
                for message in messages:
                    room.used = time.monotonic()
                    if message:
                        room.flight.publish(_renamed(message, room.key))
                    yield message
        finally:
            room.running = False
            forget = threading.Timer(LINGER, _forget, (room, room.flight.version))
            forget.daemon = True
            forget.start()

    def follow(self, watcher: str, code: str, heartbeat: float = 2.0) -> Iterator[Message]:
        """What the owner sees; an old or empty message is a sign of life. Closing the iterator leaves the room.

        Before and after, ``room`` says what goes on: code, open, running. Raises BadInput for an unknown code.
        """
        room = self._room(code)
        flight = room.flight
        flight.watchers.add(watcher)
        seen = 0 if room.running else flight.version
        try:
            yield {"room": {"code": room.code, "open": True, "running": room.running}}
            while not flight.over and watcher not in flight.dismissed:
                message, seen, _ = flight.news(seen, watcher, heartbeat)
                yield message
                time.sleep(PERIOD)
            yield {"room": {"code": room.code, "open": not flight.over, "running": False}}
        finally:
            flight.watchers.discard(watcher)
            flight.dismissed.discard(watcher)

    def leave(self, watcher: str) -> None:
        """Let a follower go."""
        with self._lock:
            shared = [room.flight for room in self._rooms.values() if watcher in room.flight.watchers]
        for flight in shared:
            with flight.changed:
                flight.dismissed.add(watcher)
                flight.changed.notify_all()

    def _room(self, code: str) -> Room:
        with self._lock:
            self._close_unused()
            if (room := self._rooms.get(code.strip().lower())) is None:
                raise BadInput("this room is closed, or its code is mistyped: ask for the link again")
            return room

    def _close_unused(self) -> None:
        oldest = time.monotonic() - 60 * self.limits.minutes
        for room in [r for r in self._rooms.values() if r.used < oldest and not r.running]:
            self._end(room)

    def _end(self, room: Room) -> None:
        del self._rooms[room.code]
        with room.flight.changed:
            room.flight.over, room.flight.latest = True, {}
            room.flight.changed.notify_all()


def room_functions(rooms: Rooms) -> list[Callable[[dict[str, Any]], dict[str, Any]]]:
    """What the browser may ask about rooms."""

    def answered(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        @functools.wraps(answer)
        def safe(request: dict[str, Any]) -> dict[str, Any]:
            try:
                return answer(request)
            except BadInput as error:
                return {"error": str(error)}

        return safe

    def open_room(request: dict[str, Any]) -> dict[str, Any]:
        """A new room's code, for followers, and key, for its owner."""
        room = rooms.open(visitor().address)
        return {"code": room.code, "key": room.key}

    def room(request: dict[str, Any]) -> dict[str, Any]:
        """How many follow."""
        return {"watching": len(rooms.owned(str(request["code"]), str(request["key"])).flight.watchers)}

    def close_room(request: dict[str, Any]) -> dict[str, Any]:
        """End a room."""
        rooms.close(str(request["code"]), str(request["key"]))
        return {"closed": True}

    return [answered(open_room), answered(room), answered(close_room)]


def _forget(room: Room, version: int) -> None:
    with room.flight.changed:
        if room.flight.version == version:
            room.flight.latest = {}


def _renamed(message: Message, key: str) -> Message:
    """The same run under an id that opens nothing else on this server."""
    return {
        kind: content | {"id": "room-" + hashlib.sha256(f"{key} {content.get('id')}".encode()).hexdigest()[:16]}
        for kind, content in message.items()
    }
