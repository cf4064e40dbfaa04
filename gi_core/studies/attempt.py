"""One scenario run under a budget of CPU seconds, measured against a permutation control."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from gi_core.data.samples import samples
from gi_core.metrics.assignment import assign
from gi_core.metrics.image import psnr, ssim
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.studies.base import Row
from gi_core.studies.pictures import private_pictures

COLUMNS = ("ssim", "ssim_sd", "ssim_others", "psnr", "psnr_sd", "loss_first", "loss_last", "iterations", "cpu_seconds")
DECOYS = 20
FALLING, MOVING = 0.1, 0.05
"""Twice the budget shows more than this where half of it was too short to tell: a relative fall of the loss, or a
change of SSIM."""
MOMENTS = 6


@dataclass(frozen=True)
class Milestone:
    """An attack on its way: iteration, its loss, mean SSIM to the truth (which it does not know), and its pictures."""

    iteration: int
    loss: float
    ssim: float
    images: Tensor


@dataclass(frozen=True)
class Attempt:
    """What an attack made of one update.

    Attributes:
        images, truth: (B,C,H,W) in [0,1], in the true order.
        row: means and standard deviations over the batch, and ``ssim_others``: the mean SSIM of the same
            reconstructions to other pictures of the source. Where it is as high as ``ssim``, nothing was read out.
        moments: some seven of the way, denser at the start, the last one with ``images``.
    """

    images: Tensor
    truth: Tensor
    row: Row
    moments: list[Milestone]


def attempt(scenario: Scenario, source: str, place: int, *, cpu_seconds: float = float("inf")) -> Attempt:
    """Run ``scenario`` on the pictures number ``place * B`` on of ``source``.

    The attack ends at its own number of iterations, or at the first frame after ``cpu_seconds`` of process time.
    Labels of sample pictures are drawn from the scenario's seed, as in a run on the command line.
    """
    size, side = scenario.batch_size, scenario.image_size
    truth, labels = private_pictures(source, size, side, first=place * size)
    drawn = source == "samples" or scenario.model.startswith("yolov8")
    prepared = prepare(scenario, truth, None if drawn else labels % scenario.num_classes, device="cpu")
    last = scenario.attack_component.iterations - 1
    wanted = {round(last * (k / MOMENTS) ** 2) for k in range(MOMENTS)}
    started = time.process_time()
    losses: list[float] = []
    kept: list[tuple[int, Tensor]] = []
    for frame in prepared:
        images = frame.images
        if len(losses) in wanted:
            kept.append((len(losses), images.detach().clone()))
        losses.append(float(frame.loss))
        if time.process_time() - started > cpu_seconds:
            break
    spent = time.process_time() - started
    images = images.detach().clamp(0, 1)
    images = images[assign(images, truth)]
    if not kept or kept[-1][0] < len(losses) - 1:
        kept.append((len(losses) - 1, images))
    likeness, quality = ssim(images, truth), psnr(images, truth)
    row = {
        "ssim": float(likeness.mean()),
        "ssim_sd": float(likeness.std(correction=0)),
        "ssim_others": others(images, source, size, place),
        "psnr": float(quality.mean()),
        "psnr_sd": float(quality.std(correction=0)),
        "loss_first": losses[0],
        "loss_last": min(losses),
        "iterations": len(losses),
        "cpu_seconds": round(spent, 1),
    }  # fmt: skip
    return Attempt(images, truth, row, [moment(i, losses[i], pictures, truth) for i, pictures in kept])


def settled(shorter: Row, longer: Row) -> bool:
    """Whether a run (its ``row``) at twice the budget told nothing new."""
    fell = 1 - longer["loss_last"] / shorter["loss_last"] if shorter["loss_last"] > 0 else 0.0
    return fell <= FALLING and abs(longer["ssim"] - shorter["ssim"]) <= MOVING


def moment(iteration: int, loss: float, images: Tensor, truth: Tensor) -> Milestone:
    """``images`` (B,C,H,W), put into the order of ``truth``."""
    images = images.clamp(0, 1)
    images = images[assign(images, truth)]
    return Milestone(iteration, loss, float(ssim(images, truth).mean()), images)


def others(images: Tensor, source: str, size: int, place: int) -> float:
    """Mean SSIM of (B,C,H,W) reconstructions to up to 20 pictures of the source that were not in the batch."""
    available = len(samples()) if source == "samples" else DECOYS + (place + 1) * size
    chosen = [i for i in range(available) if not place * size <= i < (place + 1) * size][-DECOYS:]
    pool = torch.cat([private_pictures(source, 1, images.shape[-1], first=i)[0] for i in chosen])
    return float(torch.stack([ssim(image.expand_as(pool), pool).mean() for image in images]).mean())


def verdict(row: Row) -> str:
    """recognisable (SSIM from 0.5), traces (0.1 above other pictures), or nothing at this budget."""
    if row["ssim"] >= 0.5:
        return "recognisable"
    return "traces" if row["ssim"] - row["ssim_others"] >= 0.1 else "nothing at this budget"
