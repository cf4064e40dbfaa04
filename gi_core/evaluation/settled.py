"""Had the attack ended when it was stopped? "Nothing" of an attack whose loss still falls is too short to tell."""

from __future__ import annotations

from collections.abc import Sequence

FALLING = 0.1
"""An attack whose lowest loss fell by more than this share in the last quarter of its iterations had not ended."""
LEAST = 6
"""Losses below this number tell nothing."""


def still_falling(losses: Sequence[tuple[int, float]]) -> bool | None:
    """Whether the lowest loss so far still fell when the run ended; None where too few losses were kept.

    With L(t) the lowest loss up to iteration t of T: 1 - L(T) / L(3T/4) > FALLING. Relative, since attacks on a clean
    update pass through decades of loss on their way; under noise the loss ends at the noise's floor.

    Args:
        losses: (iteration, loss) of one restart, in order.
    """
    if len(losses) < LEAST:
        return None
    start, end = losses[0][0], losses[-1][0]
    then = min(loss for i, loss in losses if i <= start + 0.75 * (end - start))
    last = min(loss for _, loss in losses)
    return then > 0 and 1 - last / then > FALLING


def settled(history: Sequence[dict[str, float]]) -> bool | None:
    """Of a Trace's history: whether the restart of lowest loss had ended by a plateau. None: not known."""
    restarts: dict[float, list[tuple[int, float]]] = {}
    for row in history:
        restarts.setdefault(row.get("restart", 0), []).append((int(row["iteration"]), float(row["loss"])))
    if not restarts:
        return None
    falling = still_falling(min(restarts.values(), key=lambda losses: min(loss for _, loss in losses)))
    return None if falling is None else not falling
