"""How many of a batch's labels an attack got right, and how many an even guess would have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def labels_right(guessed: Sequence[int], true: Sequence[int]) -> float:
    """Share in [0,1] of the batch's labels that were found, whatever their order."""
    return sum((Counter(guessed) & Counter(true)).values()) / len(true)


def even_guess(true: Sequence[int], classes: int) -> float:
    """The same share for B/K pictures of each of K classes: what needs no update at all."""
    share = len(true) / classes
    return sum(min(share, count) for count in Counter(true).values()) / len(true)


def label_recovery(guessed: Sequence[int], true: Sequence[int], classes: int) -> dict[str, float | str]:
    """``right``, ``even guess``, and a warning where the first does not exceed the second."""
    found: dict[str, float | str] = {"right": labels_right(guessed, true), "even guess": even_guess(true, classes)}
    if labels_right(guessed, true) <= even_guess(true, classes):
        found["warning"] = "no better than guessing every class equally often: the labels were not recovered"
    return found
