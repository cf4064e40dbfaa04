"""A judgement in English, for the command line and the reports; the page makes its own words of code and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gi_core.evaluation.verdict import IDENTIFIED, PIXELS, SIGNIFICANCE, STRUCTURE, WORDS


def sentence(levels: Sequence[int], reason: dict[str, Any]) -> str:
    """What leaked, and the numbers that say so."""
    line_up = (
        f"among {reason['candidates']} pictures it puts the true one at rank {reason['rank']}"
        f" (guesswork: {reason['control_rank']})"
    )
    share = f"{max(0.0, reason['structure']):.0%} of the structure that guesswork lacks"
    level = max(levels)
    if reason["code"] == "too-short":
        return f"Too short to tell: the attack's loss still fell when it ended; so far {line_up}, and it adds {share}."
    if level == 0:
        return f"Nothing is shown to leak: {line_up}, and it adds {share}."
    count = sum(v == level for v in levels)
    which = "The picture" if len(levels) == 1 else f"{count} of {len(levels)} pictures"
    leaks = {
        1: f"leak{'s' if count == 1 else ''} in colours and layout, enough to pick it out, not to name it",
        2: "can be named by somebody who has not seen it",
        3: "is read out faithfully" if count == 1 else "are read out faithfully",
    }[level]
    return f"{which} {leaks}: {line_up}, and it adds {share}."


def inspected(inspection: dict[str, Any]) -> str:
    """What the client would have seen of the model before it trained."""
    if not inspection["findings"]:
        return f"Inspection of the model sent: {inspection['level']}, nothing is odd."
    first, *others = inspection["findings"]
    more = f" ({len(others)} more findings)" if others else ""
    return f"Inspection of the model sent: {inspection['level']}. {first['says']}{more}"


def weighed(reason: dict[str, Any]) -> str:
    """The inputs of the verdict on one picture, and the thresholds they are held to."""
    r = reason
    return (
        f"Weighed: SSIM {r['ssim']:.3f} against {r['control_ssim']:.3f} for the control, squared error {r['mse']:.3g}"
        f" against {r['control_mse']:.3g}, so {r['structure']:.0%} of the structure gained and {r['pixels']:.0%} of the"
        f" error removed; rank {r['rank']} against {r['control_rank']} of {r['candidates']}. {WORDS[1]} takes rank"
        f" {SIGNIFICANCE:.0%} and {STRUCTURE[0]:.0%} of the structure or {PIXELS:.0%} of the error; {WORDS[2]} rank"
        f" {IDENTIFIED:.0%} and {STRUCTURE[1]:.0%} of the structure; {WORDS[3]} {STRUCTURE[2]:.0%}."
    )
