"""Many pictures through one attack: scores of the attack and of its control, picture by picture."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from gi_core.attacks import attacks
from gi_core.client import release
from gi_core.data.arrays import Pictures, load
from gi_core.defenses import parse_stack
from gi_core.errors import BadInput
from gi_core.evaluation.controls import answer
from gi_core.metrics.image import psnr, ssim
from gi_core.metrics.lpips import lpips
from gi_core.metrics.scores import success_rate
from gi_core.models.base import Victim
from gi_core.observation import Observation, Update
from gi_core.seeds import stream_seed


@dataclass(frozen=True)
class Measured:
    """What an attack made of a sample of pictures.

    Attributes:
        images, truth, controls: (N,C,H,W); ``controls`` are the answers to updates of pure noise, () without.
        milliseconds: process time of one attack, median.
    """

    images: Tensor
    truth: Tensor
    controls: Tensor | None
    milliseconds: float

    def row(self) -> dict[str, float | None]:
        """Means with the half-width of their 95 % intervals, the success rate with its Wilson interval, controls."""
        quality, structure = psnr(self.images, self.truth), ssim(self.images, self.truth)
        rate = success_rate((structure > 0.5).tolist())
        row: dict[str, float | None] = {
            "psnr": float(quality.mean()), "psnr_ci": half_width(quality),
            "ssim": float(structure.mean()), "ssim_ci": half_width(structure),
            "lpips": perceived(self.images, self.truth),
            "asr": rate.rate, "asr_low": rate.low, "asr_high": rate.high,
            "control_psnr": None, "control_ssim": None, "milliseconds": self.milliseconds,
        }  # fmt: skip
        if self.controls is not None:
            row["control_psnr"] = float(psnr(self.controls, self.truth).mean())
            row["control_ssim"] = float(ssim(self.controls, self.truth).mean())
        return row


SCORES = (
    "psnr", "psnr_ci", "ssim", "ssim_ci", "lpips", "asr", "asr_low", "asr_high", "control_psnr", "control_ssim",
    "milliseconds",
)  # fmt: skip


def half_width(values: Tensor) -> float:
    """Of the 95 % interval of the mean, by the normal law; 0 for one value."""
    return float(1.96 * values.std() / len(values) ** 0.5) if len(values) > 1 else 0.0


def perceived(images: Tensor, truth: Tensor) -> float | None:
    colour = [t.expand(-1, 3, -1, -1) for t in (images, truth)]
    found = lpips(*colour) if images.shape[-1] >= 32 else None
    return None if found is None else float(found.mean())


def held_out(data: str, count: int) -> Pictures:
    """The first ``count`` test pictures of a data set that GI_DATA holds. Raises BadInput if there are fewer."""
    test = _test_split(data)
    if len(test) < count:
        raise BadInput(f"{count} test pictures asked for, {data} has {len(test)}")
    return test.take(slice(0, count))


def classes_of(data: str) -> int:
    """How many classes a data set's test pictures have."""
    return int(_test_split(data).labels.max()) + 1


@lru_cache(maxsize=4)
def _test_split(data: str) -> Pictures:
    return load(data)[2]


def attack_all(
    attack: str, defense: str, client: Victim, pictures: Pictures, *, server: Victim | None = None, control: bool = True
) -> Measured:
    """Attack each picture on its own; labels are not granted, the defense's parameters neither.

    Args:
        client: the network that the gradients are computed on; server: the attacker's copy, the same unless given.
        control: also attack an update of noise with the norm of each of the update's tensors.

    Raises:
        BadInput: the attack can't run against this victim.
    """
    found = attack_each((attack,), defense, client, pictures, server=server, control=control)[attack]
    if isinstance(found, BadInput):
        raise found
    return found


def attack_each(
    texts: tuple[str, ...],
    defense: str,
    client: Victim,
    pictures: Pictures,
    *,
    server: Victim | None = None,
    control: bool = True,
    blank: bool = False,
) -> dict[str, Measured | BadInput]:
    """As :func:`attack_all` for several attacks, which all get the very same updates; or why one can't run.

    Args:
        blank: every attack gets the update of noise only, as its control does.
    """
    stack, shared = parse_stack(defense), {text: Collected(text, defense) for text in texts}
    for i in range(len(pictures)):
        released = release(client, pictures.floats(slice(i, i + 1)), pictures.labels[i : i + 1], stack=stack, seed=i)
        observation = Observation(victim=server or client, update=released.defended, batch_size=1)
        noise = replace(observation, update=noise_like(released.defended, i)) if control or blank else None
        for collected in shared.values():
            if blank and noise is not None:
                collected.attack(i, noise, None)
            else:
                collected.attack(i, observation, noise if control else None)
    truth = pictures.floats(slice(None))
    return {text: collected.sample(truth) for text, collected in shared.items()}


class Collected:
    """One attack's answers so far, picture by picture; it stops at the first update that it refuses."""

    def __init__(self, text: str, defense: str) -> None:
        self.component, self.purpose = attacks.parse(text), f"{text} {defense}"
        self.answers: list[Tensor] = []
        self.controls: list[Tensor] = []
        self.seconds: list[float] = []
        self.refused: BadInput | None = None

    def attack(self, number: int, observation: Observation, noise: Observation | None) -> None:
        if self.refused is not None:
            return
        seed = stream_seed(number, self.purpose)
        started = time.process_time()
        try:
            self.answers.append(answer(self.component, observation, seed))
        except BadInput as error:
            self.refused = error
            return
        self.seconds.append(time.process_time() - started)
        if noise is not None:
            self.controls.append(answer(self.component, noise, seed))

    def sample(self, truth: Tensor) -> Measured | BadInput:
        if self.refused is not None:
            return self.refused
        median = float(torch.tensor(self.seconds).median()) * 1000
        return Measured(torch.cat(self.answers), truth, torch.cat(self.controls) if self.controls else None, median)


def noise_like(update: Update, seed: int) -> Update:
    """Gaussian noise with the norm of each of the update's tensors."""
    generator = torch.Generator().manual_seed(stream_seed(seed, "control"))
    tensors = {}
    for name, tensor in update.tensors.items():
        noise = torch.randn(tensor.shape, generator=generator)
        tensors[name] = noise * (tensor.norm() / noise.norm().clamp_min(1e-30))
    return replace(update, tensors=tensors)
