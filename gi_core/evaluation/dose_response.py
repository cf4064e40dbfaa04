"""Dose and response: what was read out of an update has to vanish as the defense grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from gi_core.errors import BadInput
from gi_core.evaluation.controls import Gain, answer, control, gain
from gi_core.metrics.assignment import match
from gi_core.metrics.image import ssim
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed


@dataclass(frozen=True)
class Dose:
    """One strength: the defense's text and the gain in SSIM over the control on noise."""

    defense: str
    gain: Gain


@dataclass(frozen=True)
class Response:
    """Gains from the weakest dose to the strongest.

    A picture that the prior made up has the same likeness at every dose, so its gain is nowhere above zero; one that
    was read out gains at the first dose and not at the last.
    """

    doses: tuple[Dose, ...]

    @property
    def returns_to_null(self) -> bool:
        """Whether the interval at the strongest dose does not lie above zero."""
        return not self.doses[-1].gain.above_zero

    @property
    def read_out(self) -> bool:
        """Above zero at the weakest dose, and back to zero at the strongest."""
        return self.doses[0].gain.above_zero and self.returns_to_null


def dose_response(
    scenario: Scenario, images: Tensor, defenses: Sequence[str], *, labels: Tensor | None = None, draws: int = 3
) -> Response:
    """Attack the same pictures (B,C,H,W) under each defense, ``draws`` times with fresh noise and attack seeds.

    Args:
        defenses: from the weakest to the strongest.

    Raises:
        BadInput: fewer than 2 doses, or fewer than 3 pairs, of which there is no interval.
    """
    if len(defenses) < 2 or draws * len(images) < 3:
        raise BadInput(f"{len(defenses)} doses on {draws * len(images)} pictures: at least 2 doses on 3 are needed")
    return Response(tuple(_dose(scenario, images, text, labels, draws) for text in defenses))


def _dose(scenario: Scenario, images: Tensor, defense: str, labels: Tensor | None, draws: int) -> Dose:
    found: list[float] = []
    guesses: list[float] = []
    for draw in range(draws):
        seed = stream_seed(scenario.seed, f"dose {draw}")
        run = prepare(scenario.replace(defense=defense, seed=seed), images, labels)
        truth = run.truth.cpu()
        own = answer(run.attack, run.observation, stream_seed(seed, "attack"))
        found += ssim(match(own, truth), truth).tolist()
        guesses += ssim(match(control(run, "noise").images(), truth), truth).tolist()
    return Dose(defense, gain(found, guesses))
