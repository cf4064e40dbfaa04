"""The same attack on an update that carries no information on the picture: what it returns then is guesswork."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import bootstrap
from torch import Tensor

from gi_core.attacks.base import STARTS, Attack, attacks
from gi_core.components import split_top
from gi_core.data.samples import public_crops
from gi_core.errors import BadInput
from gi_core.inversion.frame import Frame
from gi_core.observation import Observation
from gi_core.run import Run, prepare
from gi_core.seeds import stream_seed

SAYS = {
    "noise": "The same attack given pure noise of the same size as the update.",
    "zero": "The same attack given an update of zeros.",
    "shuffled": "The same attack given the update with the entries of each tensor in random order.",
    "random-picture": "The same attack given the update of an unrelated picture.",
    "same-label-picture": "The same attack given the update of an unrelated picture under the same label.",
    "prior-only": "What the attacker's prior says without any update.",
}
"""What each control is, one sentence for the reader."""


@dataclass(frozen=True)
class Control:
    """The attack again, on an update without information.

    Attributes:
        name; says: one sentence for the reader.
        attack, seed: those of the run (``prior-only`` may change the prior's weight).
        observations: the run's, with another update; several where the control picture is the mean of the answers.
    """

    name: str
    says: str
    attack: Attack
    observations: tuple[Observation, ...]
    seed: int

    def frames(self) -> Iterator[Frame]:
        """Frames of the control attack (with several draws, of each in turn); closing stops the work."""
        for observation in self.observations:
            yield from self.attack.run(observation, self.seed)

    def images(self) -> Tensor:
        """(B,C,H,W) in [0,1]: the control attack's answer, the mean where there are several draws."""
        answers = [answer(self.attack, observation, self.seed) for observation in self.observations]
        return torch.stack(answers).mean(0)


def answer(attack: Attack, observation: Observation, seed: int) -> Tensor:
    """The attack's last images, (B,C,H,W) in [0,1], on the CPU."""
    last = None
    for frame in attack.run(observation, seed):
        last = frame
    if last is None:
        raise BadInput(f"attack {attack.text!r} yielded no frame")
    return last.images.detach().cpu().float().clamp(0, 1)


def noise(run: Run, draw: int = 0) -> Control:
    """Gaussian noise with the norm of each of the update's tensors."""
    return _control(run, "noise", (_noise_observation(run, draw),))


def zero(run: Run, draw: int = 0) -> Control:
    """An update of zeros. Attacks that only look at directions or quotients have nothing to go by and may refuse it."""
    return _control(run, "zero", (with_update(run.observation, torch.zeros_like),))


def shuffled(run: Run, draw: int = 0) -> Control:
    """The update's own entries, in random order within each tensor: sizes stay, what stands where is lost."""
    seed = stream_seed(run.scenario.seed, f"control shuffled {draw}")
    return _control(run, "shuffled", (shuffled_update(run.observation, seed),))


def random_picture(run: Run, draw: int = 0) -> Control:
    """The update of other pictures under other labels, through the same client and defense."""
    generator = torch.Generator().manual_seed(stream_seed(run.scenario.seed, f"control labels {draw}"))
    labels = run.victim.draw_targets(run.scenario.batch_size, generator)
    return _control(run, "random-picture", (_other_observation(run, f"random {draw}", labels),))


def same_label_picture(run: Run, draw: int = 0) -> Control:
    """The update of other pictures under the same labels: what remains of the score is the label's doing."""
    return _control(run, "same-label-picture", (_other_observation(run, f"same label {draw}", run.labels),))


PRIOR_DRAWS = 4


def prior_only(run: Run, draw: int = 0) -> Control:
    """The attack's prior by itself.

    With a flow prior: its force raised to a million times the update's. For a single-pass attack: its mean answer to
    several updates of noise.

    Raises:
        BadInput: the attack has neither.
    """
    prior = getattr(run.attack, "prior", "none")
    parts = split_top(prior, "+")
    if any(part.startswith("flow") for part in parts):
        heavy = "+".join(_with_weight(part, 1e6) if part.startswith("flow") else part for part in parts)
        attack = dataclasses.replace(run.attack, prior=heavy)  # type: ignore[call-arg]
        return _control(run, "prior-only", (_noise_observation(run, draw),), attack)
    if not run.attack.single_pass:
        raise BadInput(f"attack {run.attack.text!r} has no prior of its own: prior-only is for learned attacks")
    observations = tuple(_noise_observation(run, PRIOR_DRAWS * draw + i) for i in range(PRIOR_DRAWS))
    return _control(run, "prior-only", observations)


CONTROLS: dict[str, Callable[[Run, int], Control]] = {
    "noise": noise,
    "zero": zero,
    "shuffled": shuffled,
    "random-picture": random_picture,
    "same-label-picture": same_label_picture,
    "prior-only": prior_only,
}


def control(run: Run, name: str = "noise", draw: int = 0) -> Control:
    """The named control of a prepared run; ``draw`` numbers independent repetitions.

    Raises:
        BadInput: an unknown name, or a control that does not apply to this attack.
    """
    if name not in CONTROLS:
        raise BadInput(f"unknown control {name!r}: allowed are {', '.join(CONTROLS)}")
    return CONTROLS[name](run, draw)


TRAINED = ("mjolnir", "pnp-flow")
"""Attacks in several steps around a network trained on pictures or their gradients."""


def learned(attack: Attack) -> bool:
    """Whether it answers with a picture whatever it is sent: in a single pass, from a prior, or from such a start."""
    start = getattr(attack, "init", "randn")
    warm = start not in STARTS and learned(attacks.parse(start))
    return attack.single_pass or attack.name in TRAINED or "flow" in getattr(attack, "prior", "") or warm


def applicable(run: Run) -> list[str]:
    """Names of the controls that this run's attack admits."""
    has_prior = run.attack.single_pass or "flow" in getattr(run.attack, "prior", "")
    return [name for name in CONTROLS if has_prior or name != "prior-only"]


def _control(run: Run, name: str, observations: tuple[Observation, ...], attack: Attack | None = None) -> Control:
    return Control(name, SAYS[name], attack or run.attack, observations, stream_seed(run.scenario.seed, "attack"))


def _noise_observation(run: Run, draw: int) -> Observation:
    return noise_update(run.observation, stream_seed(run.scenario.seed, f"control noise {draw}"))


def noise_update(observation: Observation, seed: int) -> Observation:
    """Gaussian noise in place of the update, with the norm of each of its tensors."""
    generator = torch.Generator().manual_seed(seed)

    def noisy(tensor: Tensor) -> Tensor:
        white = torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype)
        return (white * (tensor.norm().cpu() / white.norm().clamp_min(1e-12))).to(tensor.device)

    return with_update(observation, noisy)


def shuffled_update(observation: Observation, seed: int) -> Observation:
    """The update with the entries of each tensor in random order."""
    generator = torch.Generator().manual_seed(seed)

    def mixed(tensor: Tensor) -> Tensor:
        order = torch.randperm(tensor.numel(), generator=generator)
        return tensor.flatten()[order.to(tensor.device)].view_as(tensor)

    return with_update(observation, mixed)


def with_update(observation: Observation, instead: Callable[[Tensor], Tensor]) -> Observation:
    """Each tensor of the update replaced; BatchNorm's statistics are those that the server itself sent out."""
    observed = observation.update
    tensors = {name: instead(tensor) for name, tensor in observed.tensors.items()}
    buffers = observed.buffers
    if buffers is not None:
        own = dict(observation.victim.named_buffers())
        buffers = {name: own[name].clone() for name in buffers}
    return dataclasses.replace(observation, update=dataclasses.replace(observed, tensors=tensors, buffers=buffers))


def _other_observation(run: Run, purpose: str, labels: Tensor) -> Observation:
    scenario = run.scenario
    seed = stream_seed(scenario.seed, f"control {purpose}")
    pictures = public_crops(scenario.batch_size, scenario.image_size, scenario.channels, seed)
    other = prepare(scenario, pictures, labels, device=str(run.truth.device))
    return other.observation


def _with_weight(prior: str, weight: float) -> str:
    name, _, rest = prior.partition(":")
    kept = [part for part in split_top(rest, ",") if part and not part.startswith("weight=")]
    return f"{name}:" + ",".join([*kept, f"weight={weight:g}"])


@dataclass(frozen=True)
class Gain:
    """Mean of paired differences "score on the true update minus score on the control's".

    Attributes:
        mean: positive: the update told something, whatever the sense of the metric.
        low, high: bootstrap interval, 95 % unless told; None below 3 pairs, where there is none to speak of.
        n: pairs.
    """

    mean: float
    low: float | None
    high: float | None
    n: int

    @property
    def above_zero(self) -> bool:
        """Whether the interval excludes zero; without an interval never."""
        return self.low is not None and self.low > 0


def gain(
    values: Sequence[float], controls: Sequence[float], *, higher_is_better: bool = True, seed: int = 0,
    confidence: float = 0.95,
) -> Gain:  # fmt: skip
    """Paired gain over control with a bias-corrected bootstrap interval (Efron 1987, 10,000 resamples).

    ``confidence``: of the interval; for a claim about m attacks at once take 1 - 0.05/m (Bonferroni).

    Raises:
        BadInput: unequal numbers, or none.
    """
    if len(values) != len(controls) or not len(values):
        raise BadInput(f"gain of {len(values)} scores over {len(controls)} controls: as many of each are needed")
    differences = (np.asarray(values, float) - np.asarray(controls, float)) * (1 if higher_is_better else -1)
    mean = float(differences.mean())
    if len(differences) < 3:
        return Gain(mean, None, None, len(differences))
    if np.ptp(differences) < 1e-12:
        return Gain(mean, mean, mean, len(differences))
    interval = bootstrap(
        (differences,),
        np.mean,
        n_resamples=10_000,
        rng=np.random.default_rng(seed),
        vectorized=True,
        confidence_level=confidence,
    ).confidence_interval
    return Gain(mean, float(interval.low), float(interval.high), len(differences))
