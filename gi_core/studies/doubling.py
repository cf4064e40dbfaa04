"""A run that is given twice its budget, and twice that, until it tells nothing new."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from gi_core.attacks.base import Attack
from gi_core.run import Run
from gi_core.seeds import stream_seed


@dataclass(frozen=True)
class Reached:
    """Where an attack stood after a budget.

    Attributes:
        attack: which has this budget for its steps.
        images: (B,C,H,W) in [0,1]; losses: of every iteration so far.
        cpu_seconds: of this run from its start; cpu_total: with the shorter runs that were not its beginning.
    """

    attack: Attack
    images: Tensor
    losses: tuple[float, ...]
    cpu_seconds: float
    cpu_total: float

    @property
    def loss(self) -> float:
        """The lowest."""
        return min(self.losses)


def doubled(run: Run, doublings: int) -> Iterator[Reached]:
    """The attack of ``run`` at its own budget, at twice that, ... at 2^doublings times; one in a single pass once.

    Where the steps do not depend on how many there will be, a longer run goes on where the shorter one stood.
    """
    attack: Any = run.attack
    seed = stream_seed(run.scenario.seed, "attack")
    if attack.single_pass:
        yield from _stages(run, attack, [1], seed)
        return
    budgets = [attack.steps * 2**k for k in range(doublings + 1)]
    if nested(attack):
        yield from _stages(run, replace(attack, steps=budgets[-1]), [b + 1 for b in budgets], seed)
    else:
        spent = 0.0
        for budget in budgets:
            longer = replace(attack, steps=budget)
            for reached in _stages(run, longer, [longer.iterations], seed, spent):
                yield reached
                spent = reached.cpu_total


def nested(attack: Attack) -> bool:
    """Whether the first steps of a longer run are those of a shorter one: no schedule, and one restart."""
    plain = getattr(attack, "optimiser", "adam") == "lbfgs" or not getattr(attack, "decay", True)
    return plain and attack.name != "span" and getattr(attack, "restarts", 1) == 1


def _stages(run: Run, attack: Attack, ends: list[int], seed: int, before: float = 0.0) -> Iterator[Reached]:
    """One run, told of after each of these numbers of frames and at its end; ``before``: CPU seconds already spent."""
    losses: list[float] = []
    last, told, spent, started = None, 0, 0.0, time.process_time()

    def reached(images: Tensor) -> Reached:
        steps = nested(attack) and not attack.single_pass
        here: Attack = replace(attack, steps=len(losses) - 1) if steps else attack  # type: ignore[call-arg]
        return Reached(here, images.detach().cpu().float().clamp(0, 1).clone(), tuple(losses), spent, before + spent)

    for frame in attack.run(run.observation, seed):
        last = frame.images
        losses.append(float(frame.loss))
        if len(losses) in ends:
            told, spent = len(losses), spent + time.process_time() - started
            yield reached(last)
            started = time.process_time()
    if last is not None and told < len(losses):
        spent += time.process_time() - started
        yield reached(last)
