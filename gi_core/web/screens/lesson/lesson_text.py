"""The steps of the Lesson; their words stand in the string table as ``lesson_N_title``, ``_text`` and ``_reveal``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        run: the recorded run it shows; show: which of private, update, attacker, control.
        guess: whether one guesses the verdict's level before the attacker's picture is shown.
        play: whether the attacker's pictures run from noise to the end.
    """

    run: str | None = None
    show: tuple[str, ...] = ()
    guess: bool = False
    play: bool = False


STEPS = (
    Step("2-bare", ("private", "update")),
    Step("2-bare", ("private", "attacker"), guess=True),
    Step("1-noise", ("private", "attacker"), play=True),
    Step("1-noise", ("private", "attacker"), guess=True),
    Step("4-strong", ("private", "attacker"), guess=True),
    Step("1-noise", ("attacker", "control")),
    Step(),
)
