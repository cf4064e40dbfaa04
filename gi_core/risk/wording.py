"""An answer in English, for the page, the report and the command line: made of the answer's codes and numbers."""

from __future__ import annotations

from typing import Any

from gi_core.evaluation.verdict import WORDS
from gi_core.risk.estimate import Estimate
from gi_core.risk.privacy import Composed

OUTSIDE = {
    "protocol": "The server follows the protocol: one that sends crafted weights can read far more.",
    "fresh": "Victims have fresh weights and the attacker knows the labels; after training most attacks find less.",
    "rounds": "One update: the same pictures sent in several rounds add up, and noise averages out.",
    "sum": "In a sum the attacks look for one client's pictures; an attack on all of them at once was not run.",
    "no-aggregation": "Without secure aggregation each of the participants sends its update alone: their number hides"
    " nothing.",
    "budgets": "Budgets are small (see the number of steps in each run): 'Nothing' is no proof of safety, only a bound"
    " is.",
    "first-step": "Each local step clips and adds noise of its own: what was measured is the first step alone, whose"
    " update tells more than their sum.",
    "pictures": "Pictures are photographs and drawings of 16 to 64 pixels; other data, such as text, is another"
    " question.",
}
"""What an answer does not cover, by its code."""


def counted(runs: int) -> str:
    return f"{runs} run" if runs == 1 else f"{runs} runs"


def range_words(low: int, high: int) -> str:
    """``Nothing``, or ``from Nothing to Faithful``."""
    return WORDS[low] if low == high else f"from {WORDS[low]} to {WORDS[high]}"


def estimated(found: Estimate) -> str:
    """An estimate in a sentence: never to be read as a measurement."""
    low, high = found.levels
    words = range_words(low, high)
    if (low, high) == (0, len(WORDS) - 1):
        return "Nothing measured narrows it down: from Nothing to Faithful. Measure it."
    return (
        f"Estimated, not measured: {words}, between set-ups that are protected a little less and a little more"
        f" ({counted(found.runs)}, up to {found.distance:.1f} away). Of the measured set-ups, left out in turn, nine in"
        " ten lie in such a range."
    )


def composed_words(found: Composed) -> str:
    """Differential privacy over all rounds, in a sentence."""
    return (
        f"Differential privacy at delta {found.one.delta:g}: epsilon {found.one.epsilon:.3g} a release,"
        f" {found.epsilon:.3g} over {found.releases} (no gain from sampling counted)."
    )


def sentence(reason: dict[str, Any]) -> str:
    """The answer in a sentence or two, without a guess."""
    if reason["code"] == "unjudged":
        low, high = reason["gain"]
        return (
            f"Measured in a table without a line-up, so without a verdict: SSIM gain over control from {low:+.2f} to"
            f" {high:+.2f}."
        )
    if reason["code"] == "far":
        return (
            f"Not measured: the nearest run is {reason['distance']:.1f} away, and beyond {reason['limit']:g} it says"
            " nothing."
        )
    if reason["code"] == "incomparable":
        return "Not measured: no run here has this family of network, BatchNorm mode and kind of defense."
    where = "at this very set-up" if reason["distance"] == 0 else f"at distance {reason['distance']:.1f}"
    where = where if reason["alike"] else f"the nearest {where}"
    words = range_words(*reason["levels"])
    told = f"{words[0].upper()}{words[1:]}: the strongest of the attacks tried, over {counted(reason['runs'])}, {where}"
    if reason["levels"][1] == 0:
        told += "; that is what these attacks and budgets found, not a promise"
    if reason["likeness"] is not None:
        likeness = f"Likeness does rise, by an SSIM of {reason['likeness']:.2f} in the mean"
        told += f". {likeness}, but the line-up does not find the picture"
    if reason["alone"]:
        alone = counted(reason["alone"])
        told += f". Alone {alone} would read as {WORDS[1]} or more; among so many, that much is luck"
    if reason["longer"] is not None:
        told += f". A longer study nearby found more: SSIM gain {reason['longer']:+.2f}, see the tables"
    return told + "."
