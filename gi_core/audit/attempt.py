"""One attack on one Observation within a time: its answer, its losses on the way, and how well the answer fits."""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core import cancellation
from gi_core.attacks import Attack
from gi_core.errors import BadInput
from gi_core.evaluation.settled import still_falling
from gi_core.inversion.adaptation import distance_to
from gi_core.inversion.labels import recover
from gi_core.inversion.objectives import objectives
from gi_core.models.batchnorm import statistics_kept
from gi_core.observation import Observation

MOST_STEPS = 2400
"""Iterations beyond which the attacks here gain little (docs/benchmarks.md); the published budgets are longer."""
LEAST_STEPS = 20
LEAST_TOLD = 200
"""Iterations below which an attack has not had its chance, wherever its loss stands."""
KEPT = 60
WARM_UP = 3

Stop = Callable[[], bool]


@dataclass(frozen=True)
class Rebuilt:
    """What an attack returned.

    Attributes:
        images: (B,C,H,W) in [0,1]; labels: (B,) the attacker's, None without.
        seconds, iterations; ended: whether its loss had reached a plateau, None where that is not known.
        fit: distance between the update that the answer would produce and the one observed, 0 for a perfect fit: the
            only measure of success that needs no truth.
    """

    images: Tensor
    labels: Tensor | None
    seconds: float
    iterations: int
    ended: bool | None
    fit: float


def answer(attack: Attack, observation: Observation, seed: int, deadline: float, stop: Stop) -> Rebuilt | None:
    """The attack's answer at its end, at the deadline (``time.perf_counter``) or when stopped; None before a frame.

    Raises BadInput where the attack does not apply.
    """
    started, last, losses = time.perf_counter(), None, []
    keep = max(1, attack.iterations // KEPT)
    over = lambda: stop() or time.perf_counter() > deadline
    done = 0
    with cancellation.until(over), closing(attack.run(observation, seed)) as frames:  # type: ignore[type-var]
        try:
            for done, last in enumerate(frames, 1):
                if done % keep == 0 or done == attack.iterations:
                    losses.append((done, float(last.loss)))
                if over():
                    break
        except cancellation.Cancelled:
            pass
    if last is None:
        return None
    images = last.images.detach().cpu().float().clamp(0, 1)
    falling = still_falling(losses)
    ended = True if attack.single_pass else None if falling is None else not falling and done >= LEAST_TOLD
    seconds = time.perf_counter() - started
    return Rebuilt(images, last.labels, seconds, done, ended, fit(observation, images, last.labels))


def fit(observation: Observation, images: Tensor, labels: Tensor | None) -> float:
    """1 - cosine between the gradient at ``images`` (B,C,H,W) and the update; of signs, how many disagree.

    In double precision: a network of sigmoids agrees in single precision with pictures that are far off.
    """
    exact = in_double(observation)
    victim = exact.victim
    try:
        labels = recover(observation) if labels is None else labels
        with statistics_kept(victim):
            loss = victim.loss(images.to(victim.mean), labels.to(victim.mean.device))
            guess = torch.autograd.grad(loss, exact.parameters, materialize_grads=True)
    except (BadInput, RuntimeError, ValueError):
        return float("nan")
    return float(distance_to(exact, objectives.parse("cosine"))(list(guess))[0])


def in_double(observation: Observation) -> Observation:
    tensors = {name: t.double() for name, t in observation.update.tensors.items()}
    victim = copy.deepcopy(observation.victim).double()
    return dataclasses.replace(
        observation, victim=victim, update=dataclasses.replace(observation.update, tensors=tensors)
    )


def within(
    attack: Attack, observation: Observation, seconds: float, stop: Stop, longest: float | None = None
) -> Attack:
    """The attack with as many steps as fit into ``seconds`` on this machine, by the time of its first ones.

    Fewer than LEAST_TOLD say nothing, so that these are taken where they fit into ``longest`` seconds.
    Raises BadInput where it does not apply.
    """
    if attack.single_pass or not hasattr(attack, "steps"):
        return attack
    each = seconds_of_a_step(attack, observation, stop)
    most = min(attack.steps, MOST_STEPS)
    steps = min(int(seconds / each), most)
    enough = min(LEAST_TOLD, most)
    if steps < enough and longest is not None and longest / each >= enough:
        steps = enough
    return dataclasses.replace(attack, steps=max(steps, min(most, LEAST_STEPS)))  # type: ignore[call-arg]


def seconds_of_a_step(attack: Attack, observation: Observation, stop: Stop) -> float:
    """Of all its restarts, on this machine and now. Raises BadInput where the attack does not apply."""
    short = dataclasses.replace(attack, steps=max(2, WARM_UP))  # type: ignore[call-arg]
    marks = []
    with closing(short.run(observation, 0)) as frames:  # type: ignore[type-var]
        for _ in frames:
            marks.append(time.perf_counter())
            if stop() or len(marks) > WARM_UP:
                break
    each = (marks[-1] - marks[0]) / (len(marks) - 1) if len(marks) > 1 else 1.0
    return max(each * getattr(attack, "restarts", 1), 1e-6)
