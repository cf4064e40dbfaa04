"""What the attack's denoiser would rather see, beside what the attack has found."""

from __future__ import annotations

import time
from typing import Any

from gi_core.attacks.base import Attack, IterativeAttack
from gi_core.priors import denoised
from gi_core.run import Run
from gi_core.trace import KeptFrame
from gi_core.web import payload

SHARE = 0.1
"""Of the attack's own time, at most, goes into asking."""
KEPT = 24


class DenoisedViews:
    """What the denoiser of one run sees, ``rows`` [{iteration, src}]; stays empty where the attack has no denoiser."""

    def __init__(self, run: Run) -> None:
        self.rows: list[dict[str, Any]] = []
        self._run = run
        self._prior: str = getattr(run.attack, "prior", "none")
        self._spent = 0.0

    def ask(self, frame: KeptFrame, *, in_any_case: bool = False) -> None:
        """Add the denoiser's view of a frame, unless there is none, it is known, or asking has cost too much."""
        known = bool(self.rows) and self.rows[-1]["iteration"] >= frame.iteration
        if self._prior == "none" or known or (self._spent > SHARE * frame.seconds and not in_any_case):
            return
        started = time.perf_counter()
        images = frame.images.to(self._run.truth.device)
        view = denoised(self._prior, self._run.observation, images, progress(self._run.attack, frame.iteration))
        self._spent += time.perf_counter() - started
        if view is None:
            self._prior = "none"
            return
        if len(self.rows) >= KEPT:
            self.rows = self.rows[::2]
        self.rows.append({"iteration": frame.iteration, "src": payload.strip_uri(view)})


def progress(attack: Attack, iteration: int) -> float:
    """Share of the present start's iterations that is done, in [0,1]."""
    length = attack.steps + 1 if isinstance(attack, IterativeAttack) else attack.iterations
    return min(1.0, iteration % length / max(1, length - 1))
