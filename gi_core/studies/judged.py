"""One scenario on sample pictures, beside its control on noise, with the line-up and the verdict: one row."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.data.samples import samples
from gi_core.data.sources import open_picture
from gi_core.evaluation.controls import answer, control
from gi_core.evaluation.judge import Judgement, judge_answers
from gi_core.metrics.image import psnr
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed
from gi_core.studies.base import Row

COLUMNS = (
    "url", "samples", "psnr", "control_psnr", "ssim", "mse", "control_ssim", "control_mse", "structure", "pixels",
    "rank", "control_rank", "candidates", "level", "word",
)  # fmt: skip


def sample_names(count: int, first: int = 0) -> tuple[str, ...]:
    """``count`` sample pictures from number ``first`` on and around."""
    names = list(samples())
    return tuple(names[(first + i) % len(names)] for i in range(count))


@dataclass(frozen=True)
class Judged:
    """A run and its control on noise, judged. ``truth``: (B,C,H,W); ``samples``: the pictures' names."""

    scenario: Scenario
    samples: tuple[str, ...]
    truth: Tensor
    judgement: Judgement

    @property
    def row(self) -> Row:
        """A value for each of COLUMNS.

        PSNR is the mean over the batch. What the verdict weighs (SSIM, squared error, ranks) is that of the picture
        that leaked most, the one that the verdict speaks of. Six digits, so that the verdict can be recomputed.
        """
        told = self.judgement
        quality = psnr(told.images, self.truth).mean()
        guess = psnr(told.controls["noise"], self.truth).mean()
        return {
            "url": self.scenario.to_url(),
            "samples": "+".join(self.samples),
            "psnr": digits(float(quality)),
            "control_psnr": digits(float(guess)),
            **{key: digits(value) for key, value in told.likenesses[told.shown].to_dict().items()},
            "level": told.level,
            "word": told.word,
        }

    @property
    def strip(self) -> Tensor:
        """(C,3H,B W): truth, reconstruction and control, one row each."""
        rows = (self.truth, self.judgement.images, self.judgement.controls["noise"])
        return torch.cat([torch.cat([*images], 2) for images in rows], 1)


def judged(scenario: Scenario, names: tuple[str, ...]) -> Judged:
    """Run ``scenario`` and its control on noise on named sample pictures, on the CPU.

    Raises:
        BadInput: the attack does not apply, or the update leaves it nothing to read.
    """
    truth = torch.stack([open_picture(name, scenario.image_size, scenario.channels) for name in names])
    run = prepare(scenario, truth, device="cpu")
    images = answer(run.attack, run.observation, stream_seed(scenario.seed, "attack"))
    return Judged(scenario, names, truth, judge_answers(run, images, {"noise": control(run, "noise").images()}))


def digits(value: float) -> float | str:
    return f"{value:.6g}" if isinstance(value, float) else value
