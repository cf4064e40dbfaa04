"""What differential privacy a set-up has over all its rounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gi_core.defenses import parse_stack, privacy_of
from gi_core.defenses.accounting import gaussian_epsilon
from gi_core.defenses.base import Privacy, noise_of
from gi_core.risk.set_up import SetUp


@dataclass(frozen=True)
class Composed:
    """Of one release, and of all.

    Attributes:
        one: a release's guarantee; releases: noisy steps of a client, over all rounds.
        epsilon: of all releases together at ``one.delta``.
    """

    one: Privacy
    releases: int
    epsilon: float


def composed(setup: SetUp) -> Composed | None:
    """The guarantee over all rounds; None where the defense gives none.

    Gaussian noise of multiplier z released k times is one release with z / sqrt(k), exactly; epsilons of Laplace noise
    add up. That a step sees only some of the pictures makes epsilon smaller; it is not counted. Noise on each step's
    examples is released at every local step, noise on the whole update once a round.
    """
    stack = parse_stack(setup.defense)
    one = privacy_of(stack, setup.batch_size)
    if one is None or not math.isfinite(one.epsilon) or one.noise_multiplier <= 0:
        return None
    releases = setup.rounds * (setup.steps if any(d.per_example for d in stack) else 1)
    noise = noise_of(stack, setup.batch_size)
    if noise is not None and noise.kind == "laplace":
        return Composed(one, releases, releases * one.epsilon)
    return Composed(one, releases, gaussian_epsilon(one.noise_multiplier / math.sqrt(releases), one.delta))
