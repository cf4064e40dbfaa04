"""An audit to take away: plain data, one HTML file, PDF; and what a pipeline is told by the exit status."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gi_core.audit import words
from gi_core.audit.checks import SEVERITIES
from gi_core.audit.pages import html, pdf
from gi_core.trace import finite, versions

if TYPE_CHECKING:
    from gi_core.audit.run import Report
    from gi_core.audit.trials import Trial

SCHEMA = 1
LEVELS = ("nothing", "colours", "recognisable", "faithful")
DONE, INCOMPLETE, FOUND, STOPPED = 0, 1, 3, 130


def to_dict(report: Report) -> dict[str, Any]:
    """Plain data without pictures; NaN and infinity become null."""
    attempt = report.judged
    told = attempt.judgement.to_dict() if attempt and attempt.judgement else None
    return finite({
        "schema": SCHEMA,
        "level": report.level,
        "word": told["word"] if told else None,
        "headline": words.headline(report),
        "says": words.verdict(report),
        "verdict": told,
        "sheet": report.sheet.to_dict(),
        "attacks": [attempt_dict(a) for a in report.attempts],
        "skipped": [asdict(s) for s in report.skipped],
        "failed": {**report.sheet.failed, **report.failed},
        "change": [asdict(c) for c in report.change],
        "limits": words.limits(report),
        "pictures": pictures_of(report),
        "recipe": recipe_dict(report),
        "hashes": hashes(report),
        "settings": report.settings,
        "seconds": report.seconds,
        "stopped": report.stopped,
        "versions": versions(),
    })  # fmt: skip


def attempt_dict(one: Trial) -> dict[str, Any]:
    told = one.judgement
    return {
        "attack": one.attack, "why": one.why, "seeds": len(one.answers), "seconds": one.seconds,
        "iterations": one.best.iterations, "ended": one.best.ended, "fit": one.best.fit,
        "control_fit": {name: a.fit for name, a in one.controls.items()}, "agreement": one.agreement,
        "labels": None if one.best.labels is None else one.best.labels.tolist(),
        "level": told.level if told else None, "word": told.word if told else None,
        "levels": list(told.levels) if told else None,
    }  # fmt: skip


def pictures_of(report: Report) -> list[dict[str, Any]] | None:
    """Verdict and scores picture by picture, in the order of the truth; None without it."""
    attempt = report.judged
    if attempt is None or attempt.judgement is None:
        return None
    entries: list[dict[str, Any]] = attempt.judgement.to_dict()["pictures"]
    return entries


def recipe_dict(report: Report) -> dict[str, Any]:
    return {k: v for k, v in asdict(report.record.recipe).items() if v not in (None, {}, ())}


def hashes(report: Report) -> dict[str, str]:
    """SHA-256 of every input."""
    return report.record.hashes | ({"truth": report.truth.sha256} if report.truth and report.truth.sha256 else {})


def files(report: Report, pictures: bool = True) -> dict[str, bytes]:
    """Content of report.html, report.pdf and report.json, by name."""
    data = to_dict(report)
    return {
        "report.html": html(report, data, pictures),
        "report.pdf": pdf(report, data, pictures),
        "report.json": (json.dumps(data, indent=1) + "\n").encode(),
    }


def save(report: Report, folder: str | Path, pictures: bool = True) -> None:
    """Write the files into a folder, which is made; or into one file that ends in .html, .pdf or .json."""
    target = Path(folder)
    made = files(report, pictures)
    if f"report{target.suffix.lower()}" in made:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(made[f"report{target.suffix.lower()}"])
        return
    target.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (target / name).write_bytes(content)


def exit_status(report: Report, fail_above: str | None = None, fail_on: str | None = None) -> int:
    """0 done; 3 a picture above, or a finding at, a threshold; 130 stopped, nothing above; 1 incomplete.

    Incomplete: something broke, or a threshold for pictures was asked for and no attack could tell: none ran on an
    update that is not empty, or what ran was too short.
    """
    above = fail_above is not None and report.level is not None and report.level > LEVELS.index(fail_above)
    if above or (fail_on is not None and any(report.sheet.at_least(SEVERITIES[SEVERITIES.index(fail_on)]))):  # type: ignore[arg-type]
        return FOUND
    if report.stopped:
        return STOPPED
    return DONE if report.complete and (fail_above is None or tells(report)) else INCOMPLETE


def tells(report: Report) -> bool:
    """Whether the attacks that ran can say that nothing is above a level: an empty update needs none."""
    if report.sheet.facts["norm"] == 0:
        return True
    judged = report.judged
    return judged is not None and judged.judgement is not None and not judged.judgement.too_short
