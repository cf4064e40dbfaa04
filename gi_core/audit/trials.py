"""Attacks on a record within a time: closed forms first, the rest with steps enough to tell, the best again."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from gi_core.attacks import Attack, attacks
from gi_core.audit.attempt import Rebuilt, Stop, answer, within
from gi_core.audit.evidence import Evidence
from gi_core.audit.plan import Candidate, Skipped
from gi_core.audit.truth import SMALLEST
from gi_core.errors import BadInput
from gi_core.evaluation.controls import noise_update, shuffled_update
from gi_core.evaluation.judge import Judgement
from gi_core.metrics.assignment import match
from gi_core.metrics.image import ssim
from gi_core.observation import Observation
from gi_core.seeds import restart_seed, stream_seed

SEEDS = 3
FIRST_ROUND = 0.5
"""Share of the time in which all candidates run once, beside their control; the best of them has the rest."""
LONGEST = 0.45
"""Share of what is left that one run may take to have its least number of steps."""
EXPLAINED = 1e-4
"""Of the update's direction, left unexplained by a closed form: below it, nothing is left to look for."""
CONTROLS: dict[str, Callable[[Observation, int], Observation]] = {"noise": noise_update, "shuffled": shuffled_update}

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Trial:
    """One attack on the record.

    Attributes:
        attack: component text as it ran; why: it was chosen.
        answers: one per seed; controls: name -> answer on an update without information.
        judgement: by the truth, None without.
    """

    attack: str
    why: str
    answers: tuple[Rebuilt, ...]
    controls: dict[str, Rebuilt]
    judgement: Judgement | None = None

    @property
    def best(self) -> Rebuilt:
        """The seed whose answer fits the update best."""
        return min(self.answers, key=lambda a: math.inf if math.isnan(a.fit) else a.fit)

    @property
    def seconds(self) -> float:
        return sum(a.seconds for a in (*self.answers, *self.controls.values()))

    @property
    def control_fit(self) -> float:
        """How well the best control fits the noise that it was given."""
        return min((a.fit for a in self.controls.values()), default=math.nan)

    @property
    def agreement(self) -> float | None:
        """Mean SSIM between the answers of independent seeds; None for one, or tiny pictures."""
        first, *others = [a.images for a in self.answers]
        if min(first.shape[2:]) < SMALLEST:
            return None
        return float(torch.stack([ssim(match(o, first), first).mean() for o in others]).mean()) if others else None


@dataclass(frozen=True)
class Clock:
    """When the attacks began and have to end, and whom to tell and ask meanwhile."""

    started: float
    deadline: float
    progress: Progress
    stop: Stop

    @property
    def left(self) -> float:
        return self.deadline - time.perf_counter()

    def tell(self, doing: str) -> None:
        whole = self.deadline - self.started
        self.progress(min(0.99, max(0.0, 1 - self.left / whole)), doing)


@dataclass
class Tried:
    """What came of the candidates: trials, the best fit first; what was not run; what broke, and why."""

    trials: list[Trial] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def order(self) -> None:
        self.trials.sort(key=lambda a: math.inf if math.isnan(a.best.fit) else a.best.fit)


def attacked(
    seen: Evidence, candidates: tuple[Candidate, ...], controls: tuple[str, ...], seed: int, clock: Clock
) -> Tried:
    """All candidates once, closed forms first; the best of the others again with more time, seeds and controls."""
    found = Tried()
    quick = [c for c in candidates if attacks.parse(c.attack).single_pass]
    slow = [c for c in candidates if c not in quick]
    for number, one in enumerate(quick):
        tried(found, seen, one, controls, 1, 0.0, stream_seed(seed, f"audit closed {number}"), clock)
        if found.trials and explains(found.trials[-1]):
            name = found.trials[-1].attack.partition(":")[0]
            left = [*quick[number + 1 :], *slow]
            found.skipped += [Skipped(c.attack, f"not needed: {name} explains the update already") for c in left]
            found.order()
            return found
    alone = len(slow) == 1
    end = time.perf_counter() + clock.left * (1.0 if alone else FIRST_ROUND)
    for number, one in enumerate(slow):
        share = max(1.0, (end - time.perf_counter()) / (len(slow) - number))
        tried(
            found, seen, one, controls if alone else controls[:1], SEEDS if alone else 1, share,
            stream_seed(seed, f"audit {number}"), clock,
        )  # fmt: skip
    found.order()
    if len(slow) > 1:
        again(found, seen, controls, stream_seed(seed, "audit again"), clock)
    return found


def tried(
    found: Tried, seen: Evidence, one: Candidate, controls: tuple[str, ...], seeds: int, seconds: float, seed: int,
    clock: Clock,
) -> None:  # fmt: skip
    """One candidate, into ``found``: as a trial, or with the reason why there is none."""
    if clock.stop() or (clock.left <= 0 and found.trials):
        why = "stopped before it" if clock.stop() else "no time was left"
        found.skipped.append(Skipped(one.attack, why))
        return
    clock.tell(one.attack)
    try:
        trial = attempt(seen.observation, attacks.parse(one.attack), one.why, controls, seeds, seconds, seed, clock)
    except BadInput as error:
        found.skipped.append(Skipped(one.attack, str(error)))
    except (RuntimeError, ValueError, ArithmeticError) as error:
        found.failed[one.attack] = str(error)[:200] or type(error).__name__
    else:
        found.trials += [trial] if trial else []


def explains(one: Trial) -> bool:
    """Whether a closed form left nothing of the update unexplained, and of one without information nearly all."""
    return at_its_end(one) and one.best.fit <= EXPLAINED and not one.control_fit <= 100 * EXPLAINED


def at_its_end(one: Trial) -> bool:
    """More time would bring nothing: it divides."""
    return attacks.parse(one.attack).single_pass


def again(found: Tried, seen: Evidence, controls: tuple[str, ...], seed: int, clock: Clock) -> None:
    """The best trial with what time is left, where more steps or seeds can bring something."""
    best = next((t for t in found.trials if not at_its_end(t)), None)
    if best is None or best is not found.trials[0] or clock.left <= 1 or clock.stop():
        return
    clock.tell(best.attack)
    more = attempt(seen.observation, longer(best.attack), best.why, controls, SEEDS, clock.left, seed, clock)
    if more is None:
        return
    if more.best.fit <= best.best.fit:
        found.trials[0] = more
    else:
        answers, against = (*best.answers, *more.answers), more.controls | best.controls
        found.trials[0] = replace(best, answers=answers, controls=against)


def longer(text: str) -> Attack:
    """The attack with its published number of steps, to be shortened anew."""
    attack = attacks.parse(text)
    if not hasattr(attack, "steps"):
        return attack
    default = next(f.default for f in dataclasses.fields(attack) if f.name == "steps")
    return dataclasses.replace(attack, steps=default)  # type: ignore[call-arg]


def attempt(
    observation: Observation, attack: Attack, why: str, controls: tuple[str, ...], seeds: int, seconds: float,
    seed: int, clock: Clock,
) -> Trial | None:  # fmt: skip
    """The attack with ``seeds`` seeds and each control once, as many steps each as the seconds allow."""
    seeds = 1 if attack.single_pass else seeds
    share = seconds / (seeds + len(controls))
    sized = within(attack, observation, share, clock.stop, LONGEST * clock.left)
    answers: list[Rebuilt] = []
    against: dict[str, Rebuilt] = {}

    def once(given: Observation, own: int) -> Rebuilt | None:
        allowed = max(1.5 * share, LONGEST * clock.left) + 1
        return answer(sized, given, own, time.perf_counter() + allowed, clock.stop)

    for number in range(seeds):
        if clock.stop() and answers:
            break
        if found := once(observation, restart_seed(seed, number)):
            answers.append(found)
        clock.tell(f"{attack.name}, seed {number + 1} of {seeds}")
    for name in controls:
        if clock.stop():
            break
        clock.tell(f"{attack.name}, control {name}")
        if found := once(CONTROLS[name](observation, stream_seed(seed, f"control {name}")), seed):
            against[name] = found
    return Trial(sized.text, why, tuple(answers), against) if answers else None
