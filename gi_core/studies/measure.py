"""Many pictures through one attack: scores of the attack and of its control, picture by picture."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from gi_core.attacks import attacks
from gi_core.client import release, stream_seed
from gi_core.defenses import parse_stack
from gi_core.errors import BadInput
from gi_core.metrics.controls import answer
from gi_core.metrics.image import psnr, ssim
from gi_core.metrics.lpips import lpips
from gi_core.metrics.scores import success_rate
from gi_core.models.base import Victim
from gi_core.observation import Observation, Update
from gi_core.training.data import Pictures, load


@dataclass(frozen=True)
class Sample:
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


@lru_cache(maxsize=4)
def _test_split(data: str) -> Pictures:
    return load(data)[2]


def attack_all(
    attack: str, defense: str, client: Victim, pictures: Pictures, *, server: Victim | None = None, control: bool = True
) -> Sample:
    """Attack each picture on its own; labels are not granted, the defense's parameters neither.

    Args:
        client: the network that the gradients are computed on; server: the attacker's copy, the same unless given.
        control: also attack an update of noise with the norm of each of the update's tensors.
    """
    component, stack = attacks.parse(attack), parse_stack(defense)
    answers, controls, seconds = [], [], []
    for i in range(len(pictures)):
        seed = stream_seed(i, f"{attack} {defense}")
        released = release(client, pictures.floats(slice(i, i + 1)), pictures.labels[i : i + 1], stack=stack, seed=i)
        observation = Observation(victim=server or client, update=released.defended, batch_size=1)
        started = time.process_time()
        answers.append(answer(component, observation, seed))
        seconds.append(time.process_time() - started)
        if control:
            blank = replace(observation, update=noise_like(released.defended, seed))
            controls.append(answer(component, blank, seed))
    median = float(torch.tensor(seconds).median()) * 1000
    truth = pictures.floats(slice(None))
    return Sample(torch.cat(answers), truth, torch.cat(controls) if controls else None, median)


def noise_like(update: Update, seed: int) -> Update:
    """Gaussian noise with the norm of each of the update's tensors."""
    generator = torch.Generator().manual_seed(stream_seed(seed, "control"))
    tensors = {}
    for name, tensor in update.tensors.items():
        noise = torch.randn(tensor.shape, generator=generator)
        tensors[name] = noise * (tensor.norm() / noise.norm().clamp_min(1e-30))
    return replace(update, tensors=tensors)
