"""How long a run will take on this machine, its control included: measured on short probes and on finished runs.

A run costs ``2 each iterations + fixed``: the attack, its control, and the examination at the end. What is measured is
processor time (wall time on a GPU), so that a probe is right while other runs compute; ``load``, learnt on the way,
turns it into time as people feel it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, fields

import torch

from gi_core import cancellation
from gi_core.errors import BadInput
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.trace import Trace

PROBE_SECONDS = 1.5
PROBE_STEPS = 40
PATIENCE = 5.0
"""Seconds after which a probe gives up: of a large victim, or of many local steps, the first iteration takes longer."""
LENGTH = ("steps",)
"""Options that set how many iterations there are, not what one costs; restarts side by side share theirs."""


class TooSlow(BadInput):
    """It can't be told how long a run takes, as even the measurement takes too long."""


class Costs:
    """Seconds per iteration by what drives them: victim, pictures, local steps, the attack's options.

    Args:
        measure: :func:`probe` until a time on the monotonic clock; raises Cancelled then.
    """

    def __init__(self, measure: Callable[[Scenario, float], tuple[float, float]] | None = None) -> None:
        self._measure = measure or probe_until
        self._lock = threading.Lock()
        self._probing = threading.Lock()
        self._each: dict[tuple[object, ...], float] = {}
        self._share: dict[tuple[object, ...], float] = {}
        self.fixed, self.load, self.typical = 0.5, 1.0, 5.0

    def known(self, scenario: Scenario) -> float | None:
        """Predicted seconds, None before the first measurement of this kind."""
        with self._lock:
            each = self._each.get(kind(scenario))
            share = self._share.get(kind(scenario), 1.0)
        if each is None:
            return None
        return self.load * (2 * each * share * scenario.attack_component.iterations + self.fixed)

    def learnt(self, scenario: Scenario) -> bool:
        """Whether a run of this kind went to its end here: before, attacks that end early are taken for longer."""
        with self._lock:
            return kind(scenario) in self._share

    def predict(self, scenario: Scenario) -> float:
        """Predicted seconds; an unknown kind is measured on the first iterations of a run on a random picture.

        Raises BadInput for a Scenario that can't run, TooSlow after PATIENCE seconds, waiting for others included.
        """
        deadline = time.monotonic() + PATIENCE
        if not self._probing.acquire(timeout=max(0.0, PATIENCE)):
            raise TooSlow("other estimates are being made here: please try again in a minute")
        try:
            if self.known(scenario) is None:
                each, load = self._measure(scenario, deadline)
                self._learn(self._each, kind(scenario), each)
                self.load = (self.load + load) / 2
        except cancellation.Cancelled:
            raise TooSlow(f"a first iteration takes more than {PATIENCE:.0f} s: press Run to wait for it") from None
        finally:
            self._probing.release()
        return self.known(scenario) or 0.0

    def learn(self, scenario: Scenario, spent: Spent) -> None:
        """From what a run has cost."""
        key, iterations = kind(scenario), max(spent.iterations, 1)
        if not spent.judged:
            self._learn(self._each, key, spent.seconds / iterations)
            if spent.to_its_end:
                self._learn(self._share, key, iterations / max(scenario.attack_component.iterations, 1))
            return
        self.fixed = (self.fixed + max(0.0, spent.seconds - 2 * self._each[key] * spent.iterations)) / 2
        self.load = (self.load + max(1.0, spent.took / max(spent.seconds, 1e-3))) / 2
        self.typical = (self.typical + spent.took) / 2

    def _learn(self, table: dict[tuple[object, ...], float], key: tuple[object, ...], value: float) -> None:
        """Half weight to the new measurement."""
        with self._lock:
            table[key] = value if key not in table else (table[key] + value) / 2


@dataclass(frozen=True)
class Spent:
    """What a run has cost: processor seconds, seconds as people feel them, the attack's iterations, what was done."""

    seconds: float
    took: float
    iterations: int
    judged: bool
    to_its_end: bool


class Meter:
    """The stopwatch of one run, in the thread that computes it."""

    def __init__(self, run: Run) -> None:
        self.device = run.truth.device.type
        self.began, self.spent = time.monotonic(), clock(self.device)

    def read(self, trace: Trace, *, judged: bool = False) -> Spent:
        """After the attack; ``judged``: after its control and the verdict."""
        seconds, took = clock(self.device) - self.spent, time.monotonic() - self.began
        return Spent(seconds, took, trace.iterations, judged, not trace.stopped)


def clock(device: str) -> float:
    """This thread's processor seconds; on a GPU the wall's."""
    return time.thread_time() if device == "cpu" else time.monotonic()


def probe_until(scenario: Scenario, deadline: float) -> tuple[float, float]:
    """:func:`probe` in this thread. Raises Cancelled when it takes longer."""
    with cancellation.until(lambda: time.monotonic() > deadline):
        return probe(scenario)


def probe(scenario: Scenario) -> tuple[float, float]:
    """Seconds per iteration, from the second one on, and the wall's time over them.

    Raises BadInput, and Cancelled when the context's work is over before the first iteration.
    """
    generator = torch.Generator().manual_seed(0)
    run = prepare(scenario, torch.rand((scenario.batch_size, *scenario.image_shape), generator=generator))
    device = run.truth.device.type
    enough = PROBE_STEPS * getattr(run.attack, "restarts", 1)
    began, started = time.monotonic(), clock(device)
    first = started
    with closing(iter(run)) as frames:  # type: ignore[type-var]
        for _ in frames:
            if run.iterations == 1:
                first = clock(device)
            if run.iterations > enough or clock(device) - started > PROBE_SECONDS:
                break
    if not run.iterations:
        cancellation.check()
    spent, later = clock(device) - started, run.iterations - 1
    load = max(1.0, (time.monotonic() - began) / max(spent, 1e-3))
    return ((clock(device) - first) / later if later else spent), load


def kind(scenario: Scenario) -> tuple[object, ...]:
    """Runs of one kind cost the same per iteration."""
    attack = scenario.attack_component
    options = tuple(getattr(attack, f.name) for f in fields(attack) if f.name not in LENGTH)
    return (
        scenario.model, scenario.num_classes, scenario.image_size, scenario.channels, scenario.batch_size,
        scenario.mode, scenario.local_steps, scenario.clients > 1, scenario.server, attack.name, *options,
    )  # fmt: skip
