"""The audit: the sheet, the attacks that fit it within a budget, their controls, and what they come to."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from gi_core.attacks import Attack, attacks
from gi_core.audit import report
from gi_core.audit.attempt import Rebuilt, Stop, answer, within
from gi_core.audit.change import Remedy, changes
from gi_core.audit.evidence import Evidence
from gi_core.audit.plan import Candidate, Skipped, plan
from gi_core.audit.record import RecordedUpdate
from gi_core.audit.sheet import Sheet, sheet_of
from gi_core.audit.truth import SMALLEST, Truth, read_truth
from gi_core.errors import BadInput
from gi_core.evaluation.controls import noise_update, shuffled_update
from gi_core.evaluation.identification import decoys
from gi_core.evaluation.judge import Judgement, judge_pictures
from gi_core.metrics.assignment import match
from gi_core.metrics.image import ssim
from gi_core.observation import Observation
from gi_core.seeds import restart_seed, stream_seed
from gi_core.torch_setup import run_threads

SEEDS = 3
FIRST_ROUND = 0.4
"""Share of the time in which all candidates run once, beside their control; the best of them has the rest."""
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
class Report:
    """What an audit found.

    Attributes:
        record, sheet; attempts: the chosen one first; skipped: attacks that were not run, with reasons.
        truth: the private pictures, for scoring; None without. change: what to do differently.
        failed: attack -> why it broke; seconds; stopped: whether it was cut short; settings: of this audit.
    """

    record: RecordedUpdate
    sheet: Sheet
    attempts: tuple[Trial, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    truth: Truth | None = None
    change: tuple[Remedy, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    stopped: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def judged(self) -> Trial | None:
        """The attempt that found most, by the truth: an oracle's choice among those tried."""
        with_word = [a for a in self.attempts if a.judgement is not None]
        return max(with_word, key=lambda a: (a.judgement.level, -a.best.fit)) if with_word else None  # type: ignore[union-attr]

    @property
    def level(self) -> int | None:
        """0 to 3; None without the truth, or where no attack ended."""
        attempt = self.judged
        return attempt.judgement.level if attempt and attempt.judgement else None

    def to_dict(self) -> dict[str, Any]:
        """Plain data without pictures: what ``report.json`` holds."""
        return report.to_dict(self)

    def save(self, folder: str | Path, *, pictures: bool = True) -> None:
        """Write report.html, report.pdf and report.json into a folder, or one file of these kinds."""
        report.save(self, folder, pictures)

    def exit_status(self, fail_above: str | None = None, fail_on: str | None = None) -> int:
        """0 done, 1 incomplete, 3 above a threshold (a level's word, a severity), 130 stopped."""
        return report.exit_status(self, fail_above, fail_on)

    @property
    def complete(self) -> bool:
        """Nothing that was meant to run has broken."""
        return not self.failed and not self.sheet.failed


def run(
    record: RecordedUpdate, *, truth: str | Path | Truth | None = None, minutes: float = 5.0,
    controls: Sequence[str] = ("noise", "shuffled"), attack: Sequence[str] = (), seed: int = 0,
    progress: Progress = lambda share, doing: None, stop: Stop = lambda: False,
) -> Report:  # fmt: skip
    """Audit a record.

    Args:
        truth: the client's pictures (.npz with uint8 images (N,H,W,C) and labels), only to score with.
        minutes: of all attacks and controls together.
        controls: noise, shuffled: updates without information.
        attack: component texts to run in place of our choice.
        progress: told (share in [0,1], what is being done); stop: asked between two iterations.

    Raises:
        BadInput: a truth, control or attack that does not fit.
    """
    if not 0 < minutes <= 24 * 60:
        raise BadInput(f"minutes={minutes:g}: above 0 and up to {24 * 60} is allowed")
    odd = next((name for name in controls if name not in CONTROLS), None)
    if odd is not None or not controls:
        raise BadInput(f"control {odd!r}: allowed are {', '.join(CONTROLS)}, at least one")
    with run_threads():
        return _run(record, truth, minutes, tuple(controls), tuple(attack), seed, progress, stop)


def _run(
    record: RecordedUpdate, truth: str | Path | Truth | None, minutes: float, controls: tuple[str, ...],
    wanted: tuple[str, ...], seed: int, progress: Progress, stop: Stop,
) -> Report:  # fmt: skip
    started, seen = time.perf_counter(), Evidence(record)
    chosen = plan(seen, wanted)
    known = truth if truth is None or isinstance(truth, Truth) else read_truth(Path(truth), record, seen.batch_size)
    progress(0.0, "sheet")
    sheet = sheet_of(seen)
    clock = Clock(started, started + 60 * minutes, progress, stop)
    attempts, skipped, failed = attacked(seen, chosen.candidates, controls, seed, clock)
    if known is not None:
        attempts = [judged(a, known, record, len(attempts)) for a in attempts]
    progress(1.0, "report")
    return Report(
        record, sheet, tuple(attempts), (*chosen.skipped, *skipped), known, tuple(changes(seen)), failed,
        time.perf_counter() - started, stop(),
        {"minutes": minutes, "controls": list(controls), "attack": list(wanted), "seed": seed},
    )  # fmt: skip


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


Tried = tuple[list[Trial], list[Skipped], dict[str, str]]


def attacked(
    seen: Evidence, candidates: tuple[Candidate, ...], controls: tuple[str, ...], seed: int, clock: Clock
) -> Tried:
    """All candidates once, the best of them by its fit again with more time, seeds and controls."""
    tried: list[Trial] = []
    skipped: list[Skipped] = []
    failed: dict[str, str] = {}
    shared = clock.left * (FIRST_ROUND if len(candidates) > 1 else 1.0)
    for number, one in enumerate(candidates):
        if clock.stop():
            break
        clock.tell(one.attack)
        try:
            each = max(1.0, shared / len(candidates)) if len(candidates) > 1 else clock.left
            alone = len(candidates) == 1
            found = attempt(
                seen.observation, attacks.parse(one.attack), one.why, controls if alone else controls[:1],
                SEEDS if alone else 1, each, stream_seed(seed, f"audit {number}"), clock,
            )  # fmt: skip
        except BadInput as error:
            skipped.append(Skipped(one.attack, str(error)))
        except (RuntimeError, ValueError, ArithmeticError) as error:
            failed[one.attack] = str(error)[:200] or type(error).__name__
        else:
            tried += [found] if found else []
    tried.sort(key=lambda a: math.inf if math.isnan(a.best.fit) else a.best.fit)
    if len(tried) > 1 and clock.left > 1 and not clock.stop() and not at_its_end(tried[0]):
        best = tried[0]
        clock.tell(best.attack)
        again = attempt(
            seen.observation, longer(best.attack), best.why, controls, SEEDS, clock.left,
            stream_seed(seed, "audit again"), clock,
        )  # fmt: skip
        if again is not None and again.best.fit <= best.best.fit:
            tried[0] = again
        elif again is not None:
            tried[0] = replace(best, answers=(*best.answers, *again.answers), controls=again.controls | best.controls)
    return tried, skipped, failed


def at_its_end(one: Trial) -> bool:
    """More time would bring nothing: it divides."""
    return attacks.parse(one.attack).single_pass


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
    sized = within(attack, observation, share, clock.stop)
    answers: list[Rebuilt] = []
    against: dict[str, Rebuilt] = {}

    def once(given: Observation, own: int) -> Rebuilt | None:
        return answer(sized, given, own, time.perf_counter() + 1.5 * share + 1, clock.stop)

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


def judged(one: Trial, truth: Truth, record: RecordedUpdate, tried: int) -> Trial:
    """With its verdict; the luck that the line-up allows is shared among all attempts (Bonferroni)."""
    if not one.controls:
        return one
    pictures = {name: a.images for name, a in one.controls.items()}
    told = judge_pictures(
        one.best.images, truth.images, pictures, decoys(truth.images), victim=record.victim, ended=one.best.ended
    )
    count = len(truth.images) * tried
    return replace(one, judgement=replace(told, findings=tuple(like.finding(count) for like in told.likenesses)))
