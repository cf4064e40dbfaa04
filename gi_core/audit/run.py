"""The audit: the sheet, the attacks that fit it within a budget, their controls, and what they come to."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gi_core.audit import report
from gi_core.audit.attempt import Stop
from gi_core.audit.change import Remedy, changes
from gi_core.audit.evidence import Evidence
from gi_core.audit.plan import Skipped, plan
from gi_core.audit.record import RecordedUpdate
from gi_core.audit.sheet import Sheet, sheet_of
from gi_core.audit.trials import CONTROLS, Clock, Progress, Trial, attacked
from gi_core.audit.truth import Truth, read_truth
from gi_core.errors import BadInput
from gi_core.evaluation.identification import decoys
from gi_core.evaluation.judge import judge_pictures
from gi_core.evaluation.verdict import SIGNIFICANCE, Decision, Likeness
from gi_core.torch_setup import run_threads

DECOYS, MOST_DECOYS = 299, 1999
"""In a line-up: as many as make one lucky rank among all guesses no finding; where that is too many, no rank is one."""


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
    found = attacked(seen, chosen.candidates, controls, seed, clock)
    attempts = found.trials
    if known is not None:
        attempts = [judged(a, known, record, len(attempts)) for a in attempts]
    progress(1.0, "report")
    return Report(
        record, sheet, tuple(attempts), (*chosen.skipped, *found.skipped), known, tuple(changes(seen)),
        found.failed,
        time.perf_counter() - started, stop(),
        {"minutes": minutes, "controls": list(controls), "attack": list(wanted), "seed": seed},
    )  # fmt: skip


def judged(one: Trial, truth: Truth, record: RecordedUpdate, tried: int) -> Trial:
    """With its verdict; the luck that the line-up allows is shared among all guesses (Bonferroni).

    Each true picture meets the reconstruction that is most like it, so that every pair of them is a guess.
    """
    if not one.controls:
        return one
    pictures = {name: a.images for name, a in one.controls.items()}
    count = len(truth.images) ** 2 * tried
    wanted = math.ceil(count / SIGNIFICANCE) - 1
    others = decoys(truth.images, max(DECOYS, wanted) if wanted <= MOST_DECOYS else DECOYS)
    told = judge_pictures(one.best.images, truth.images, pictures, others, victim=record.victim, ended=one.best.ended)
    return replace(one, judgement=replace(told, findings=tuple(found(like, count) for like in told.likenesses)))


def found(like: Likeness, count: int) -> Decision:
    """The finding among ``count`` guesses; a line-up too small for any rank to be more than luck finds nothing."""
    told, allowed = like.finding(count), SIGNIFICANCE * like.candidates / count
    return Decision(0, "not-found", "rank", like.rank, allowed) if told.level == 1 and like.rank > allowed else told
