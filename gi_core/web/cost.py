"""How long a run will take on this machine, its control included: measured, remembered per kind of run."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import torch

from gi_core.run import prepare
from gi_core.scenario import Scenario

PROBE_SECONDS = 1.5
PROBE_STEPS = 40


class Costs:
    """Seconds per iteration by what drives them: victim, picture and batch size, local steps, kind of attack."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._per_iteration: dict[tuple[object, ...], float] = {}
        self.typical = 5.0

    def known(self, scenario: Scenario) -> float | None:
        """Predicted seconds, None before the first measurement of this kind."""
        with self._lock:
            each = self._per_iteration.get(kind(scenario))
        return None if each is None else 2 * each * scenario.attack_component.iterations

    def learn(self, scenario: Scenario, seconds: float, iterations: int) -> None:
        """Remember a finished run."""
        self.typical = (self.typical + 2 * seconds) / 2
        self._remember(scenario, seconds / max(iterations, 1))

    def _remember(self, scenario: Scenario, each: float) -> None:
        """Half weight to the new measurement."""
        with self._lock:
            before = self._per_iteration.get(kind(scenario))
            self._per_iteration[kind(scenario)] = each if before is None else (before + each) / 2

    def predict(self, scenario: Scenario) -> float:
        """Predicted seconds; an unknown kind is measured on the first iterations of a run on a random picture."""
        if (seconds := self.known(scenario)) is None:
            generator = torch.Generator().manual_seed(0)
            run = prepare(scenario, torch.rand((scenario.batch_size, *scenario.image_shape), generator=generator))
            with closing(iter(run)) as frames:  # type: ignore[type-var]
                more = next(frames, None) is not None
                before, started = run.seconds, time.monotonic()
                while more and time.monotonic() - started < PROBE_SECONDS and run.iterations < PROBE_STEPS:
                    more = next(frames, None) is not None
            later = run.iterations - 1
            self._remember(scenario, (run.seconds - before) / later if later else before)
            seconds = self.known(scenario) or 0.0
        return seconds


def kind(scenario: Scenario) -> tuple[object, ...]:
    return (
        scenario.model, scenario.image_size, scenario.batch_size, scenario.mode, scenario.local_steps,
        scenario.attack_component.name,
    )  # fmt: skip
