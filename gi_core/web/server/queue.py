"""Who computes and who waits: visitors take turns, short runs go first among those whose turn it is."""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gi_core.errors import BadInput
from gi_core.web.server.visitor import NOBODY, PROGRAM, Visitor
from gi_core.web.settings import Limits

SHORT = 30.0
"""Seconds: shorter runs go before longer ones of the same turn."""


@dataclass
class QueueEntry:
    """A place in line: how long the run will take, whose it is, and since when it computes.

    ``stop`` is set to end the run; ``news`` when that, or its place in line, should be looked at.
    """

    seconds: float
    visitor: Visitor = NOBODY
    stop: threading.Event = field(default_factory=threading.Event)
    news: threading.Event = field(default_factory=threading.Event)
    started: float | None = None

    @property
    def remaining(self) -> float:
        """Seconds, as predicted; a run that takes longer than predicted is expected to end any moment."""
        done = 0.0 if self.started is None else time.monotonic() - self.started
        return max(0.5, self.seconds - done)


class RunQueue:
    """Runs that compute or wait. Addresses take turns, and tabs at one address do; safe for threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, QueueEntry] = OrderedDict()
        self._addresses, self._tabs = Turns(), Turns()
        self._line: list[Turn] | None = None

    def enter(self, run_id: str, seconds: float = 0.0, visitor: Visitor = NOBODY) -> threading.Event:
        """Take a place, for a run of so many seconds; the event is set when it has to stop.

        In a full line whoever has more runs than the newcomer gives up the last of them (longest queue drop: McKenney,
        Stochastic fairness queueing, INFOCOM 1990). Raises BadInput when nobody has.
        """
        with self._lock:
            if run_id in self._entries:
                raise BadInput("this run is already under way")
            entry = self._entries[run_id] = QueueEntry(seconds, visitor)
            self._line = None
            if len(self._entries) > self.limits.workers + self.limits.waiting:
                last = self._greedier(run_id)
                self._remove(last or run_id)
                if last is None:
                    raise BadInput(f"{len(self._entries)} runs are waiting already: please try again in a minute")
            return entry.stop

    def place(self, run_id: str) -> int:
        """0: may compute now; n: n-th in line. Raises BadInput when somebody else took the place."""
        with self._lock:
            if (entry := self._entries.get(run_id)) is None:
                raise BadInput("the line is full, and others have fewer runs in it: please try again in a minute")
            if entry.started is None:
                order, begin = self._order(), self._begin()
                ahead = next(n for n, turn in enumerate(order) if turn.name == run_id)
                if order[ahead] not in begin:
                    return max(1, ahead - len(begin) + 1)
                self._start(entry, order[ahead])
            return 0

    def wait(self, run_id: str | None = None) -> float:
        """Expected seconds until this run, or that of a newcomer, begins."""
        with self._lock:
            waiting = self._waiting()
            before = waiting if run_id is None else waiting[: waiting.index(run_id)] if run_id in waiting else []
            busy = [entry.remaining for entry in self._entries.values() if entry.started is not None]
            if run_id is not None and run_id not in waiting:
                return 0.0
            free = busy + [0.0] * max(0, self.limits.workers - len(busy))
            heapq.heapify(free)
            for name in before:
                heapq.heapreplace(free, free[0] + self._entries[name].remaining)
            return free[0]

    def pause(self, run_id: str, seconds: float) -> bool:
        """Wait so long, or until a worker is free for this run or it has to stop; whether it has to stop."""
        with self._lock:
            entry = self._entries.get(run_id)
        if entry is None:
            return False
        entry.news.wait(seconds)
        entry.news.clear()
        return entry.stop.is_set()

    def leave(self, run_id: str) -> None:
        with self._lock:
            self._remove(run_id)
            if not self._entries:
                self._addresses, self._tabs = Turns(), Turns()
            for turn in self._begin():
                self._entries[turn.name].news.set()

    def stop(self, run_id: str) -> None:
        with self._lock:
            if run_id in self._entries:
                self._entries[run_id].stop.set()
                self._entries[run_id].news.set()

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)

    def _begin(self) -> list[Turn]:
        """Who may begin now. The last of several free workers is for people: not for a program's long run."""
        free = self.limits.workers - sum(entry.started is not None for entry in self._entries.values())
        chosen: list[Turn] = []
        for turn in self._order():
            if len(chosen) == free:
                break
            last = self.limits.workers > 1 and len(chosen) + 1 == free
            if last and turn.long and self._entries[turn.name].visitor.tab == PROGRAM:
                continue
            chosen.append(turn)
        return chosen

    def _remove(self, run_id: str) -> None:
        self._line = None
        if entry := self._entries.pop(run_id, None):
            entry.news.set()

    def _waiting(self) -> list[str]:
        """Names of the waiting entries in the order in which they are served."""
        return [turn.name for turn in self._order()]

    def _order(self) -> list[Turn]:
        """Who is served next and next but one: tabs of an address take turns, then the addresses do."""
        if self._line is None:
            self._line = self._ordered()
        return self._line

    def _ordered(self) -> list[Turn]:
        mine = [(n, name, e) for n, (name, e) in enumerate(self._entries.items()) if e.started is None]
        ahead: Counter[Visitor] = Counter()
        by_tab = []
        for arrival, name, entry in mine:
            of_tab = self._tabs.next(entry.visitor.address, entry.visitor.tab, ahead[entry.visitor])
            ahead[entry.visitor] += 1
            by_tab.append((of_tab, entry.seconds > SHORT, arrival, name, entry))
        before: Counter[str] = Counter()
        turns = []
        for of_tab, long, arrival, name, entry in sorted(by_tab, key=lambda one: one[:3]):
            address = entry.visitor.address
            turns.append(Turn(self._addresses.next("", address, before[address]), long, of_tab, arrival, name))
            before[address] += 1
        return sorted(turns)

    def _greedier(self, run_id: str) -> str | None:
        """The run that is served last, if its address, or its tab at the same address, has more before it."""
        *_, last = order = self._order()
        own = next(turn for turn in order if turn.name == run_id)
        here, there = (self._entries[name].visitor.address for name in (run_id, last.name))
        more = last.of_tab > own.of_tab if here == there else last.of_address > own.of_address
        return last.name if more else None

    def _start(self, entry: QueueEntry, turn: Turn) -> None:
        self._line = None
        entry.started = time.monotonic()
        self._addresses.began("", entry.visitor.address, turn.of_address)
        self._tabs.began(entry.visitor.address, entry.visitor.tab, turn.of_tab)


@dataclass(frozen=True, order=True)
class Turn:
    """Where an entry stands in line."""

    of_address: int
    long: bool
    of_tab: int
    arrival: int
    name: str


class Turns:
    """Start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996) with runs of one size: whose turn it is in a group.

    One who comes back, or comes later, is served with those who wait, neither before nor after them.
    """

    def __init__(self) -> None:
        self._now: Counter[str] = Counter()
        self._next: Counter[tuple[str, str]] = Counter()

    def next(self, group: str, member: str, ahead: int) -> int:
        """The turn of a member's run that has ``ahead`` of its own before it."""
        return max(self._now[group], self._next[group, member]) + ahead

    def began(self, group: str, member: str, turn: int) -> None:
        """The run of that turn begins."""
        self._now[group] = max(self._now[group], turn)
        self._next[group, member] = turn + 1


class Sessions:
    """How many runs each visitor's tab has under way. Safe for threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._count: Counter[Visitor] = Counter()

    @contextmanager
    def one_more(self, visitor: Visitor) -> Iterator[None]:
        """While a run is under way. Raises BadInput when the tab has as many as allowed."""
        if not visitor.tab:
            yield
            return
        with self._lock:
            if self._count[visitor] >= self.most:
                raise BadInput(f"{self.most} of your runs are under way: stop one, or wait for it")
            self._count[visitor] += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= Counter({visitor: 1})
