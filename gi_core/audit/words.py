"""What an audit found, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gi_core.evaluation.wording import sentence

if TYPE_CHECKING:
    from gi_core.audit.run import Report
    from gi_core.audit.trials import Trial

TELLS = ("Nothing", "Colours and layout", "Recognisable", "Faithful")


def headline(report: Report) -> str:
    """The verdict word, or what there is instead."""
    if report.judged is not None and report.judged.judgement is not None:
        return report.judged.judgement.word
    if not report.attempts:
        return "No attack applied" if report.settings else "Sheet only"
    return "Not judged: the true pictures are not known"


def verdict(report: Report) -> str:
    """One sentence on what was found, and by what."""
    attempt = report.judged
    if attempt is not None and attempt.judgement is not None:
        told = attempt.judgement
        tried = len(report.attempts)
        by = f" Found by {attempt.attack.partition(':')[0]}"
        by += f", of {tried} attacks the one that found most (chosen with the truth)." if tried > 1 else "."
        ended = f"it had {attempt.best.iterations} iterations, or its loss still fell when it ended"
        return sentence(told.levels, told.reason).replace("the attack's loss still fell when it ended", ended) + by
    if not report.attempts:
        return (
            "No attack was run."
            if not report.settings
            else "No attack could run on this update; the reasons stand below."
        )
    best = report.attempts[0]
    return f"{fits(best)} {agrees(best)} Whether it is the picture cannot be said without the true one."


def fits(attempt: Trial) -> str:
    """How well the answer explains the update, against what the attack makes of an update without information."""
    name = attempt.attack.partition(":")[0]
    return (
        f"The best answer ({name}) leaves {attempt.best.fit:.2g} of the update's direction unexplained; on an update"
        f" without information the same attack leaves {attempt.control_fit:.2g}."
    )


def agrees(attempt: Trial) -> str:
    if attempt.agreement is None:
        return "It was run once."
    return f"{len(attempt.answers)} independent starts agree by an SSIM of {attempt.agreement:.2f}."


def limits(report: Report) -> list[str]:
    """What the audit does not cover."""
    recipe = report.record.recipe
    found = [
        "That no attack found a picture is no proof: longer runs, other attacks and other knowledge may.",
        "One update of one client in one round; rounds add up.",
        "A server that alters the network before it sends it can see more than these weights allow.",
    ]
    if report.truth is None:
        found.append("Without the true pictures no answer was judged.")
    if recipe.augmentation not in (None, "none"):
        found.append(f"The pictures were augmented ({recipe.augmentation}): pixel by pixel scores are too low.")
    if report.stopped:
        found.append("It was stopped before its end; what was found until then is here.")
    return found
