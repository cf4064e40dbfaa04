"""Every attack that answers in one pass, at one noise, beside its control; and how its gain falls with the noise."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from torch import Tensor

from gi_core.bounds.bits import gaussian_bits
from gi_core.client import Released
from gi_core.data.samples import samples
from gi_core.data.sources import open_picture
from gi_core.defenses.accounting import gaussian_epsilon
from gi_core.errors import BadInput
from gi_core.evaluation.controls import control
from gi_core.evaluation.judge import judge_answers
from gi_core.metrics.assignment import match
from gi_core.metrics.image import psnr
from gi_core.run import Run, prepare
from gi_core.scenario import Scenario
from gi_core.web import payload
from gi_core.web.server.messages import sentence

CANDIDATES = ("venom", "git", "lti", "fgla", "fgla:decoder=undo")
"""Single-pass attacks, in the order of the columns; those with trained weights for the victim are shown."""
COLUMNS = 4
DELTA = 1e-5
RANGE = (1e-4, 3.0)
SEEDS = 3


def scenario(attack: str, z: float, seed: int = 0) -> Scenario:
    """Clip 1 over all tensors together, Gaussian noise of z."""
    return Scenario(attack=attack, defense=f"clip+gaussian:sigma={z:g}", seed=seed)


@lru_cache(maxsize=1)
def attackers() -> tuple[str, ...]:
    """The candidates that can run against this victim, fresh lenet."""
    found = []
    for name in CANDIDATES:
        try:
            answered(ready(name, 1.0, "cat"))
        except BadInput:
            continue
        found.append(name)
    return tuple(found[:COLUMNS])


def ready(attack: str, z: float, sample: str, seed: int = 0) -> Run:
    """A prepared run on a sample picture. Raises BadInput."""
    if sample not in samples():
        raise BadInput(f"unknown sample {sample[:60]!r}: allowed are {', '.join(samples())}")
    chosen = scenario(attack, z, seed)
    return prepare(chosen, open_picture(sample, chosen.image_size, chosen.channels)[None])


def turned(run: Run, attack: str) -> Run:
    """The same release before another attack."""
    released = Released(run.clean, run.observation.update)
    scenario = replace(run.scenario, attack=attack)
    return Run(scenario, run.victim, run.truth, run.labels, released, run.observation)


def answered(run: Run) -> Tensor:
    """(1,C,H,W): the answer of a single-pass attack."""
    *_, last = run
    return last.images.detach().cpu().float().clamp(0, 1)


def single_pass(request: dict[str, Any]) -> dict[str, Any]:
    """Every attack's answer at one noise multiplier, with its control and verdict."""
    try:
        z, sample = float(request.get("z", "nan")), str(request.get("sample", ""))
        run = ready(attackers()[0], z, sample)
    except (BadInput, TypeError, ValueError) as error:
        return {"error": sentence(str(error))}
    rows, truth = [column(turned(run, name)) for name in attackers()], run.truth.cpu()
    return {
        "z": z, "side": truth.shape[-1], "epsilon": gaussian_epsilon(z, DELTA), "bits": gaussian_bits(z),
        "attacks": rows,
    }  # fmt: skip


def column(run: Run) -> dict[str, Any]:
    started = time.perf_counter()
    images = answered(run)
    ms = 1000 * (time.perf_counter() - started)
    judgement = judge_answers(run, images, {"noise": control(run, "noise").images()})
    guess, truth = judgement.controls["noise"], run.truth.cpu()
    own, other = float(psnr(match(images, truth), truth).mean()), float(psnr(guess, truth).mean())
    return {
        "name": run.attack.text, "src": payload.strip_uri(images), "control": payload.strip_uri(guess), "ms": ms,
        "psnr": own, "control_psnr": other, "gain": own - other, "level": judgement.level,
        "word": judgement.word,
    }  # fmt: skip


@lru_cache(maxsize=32)
def gains(sample: str) -> dict[str, Any]:
    """Mean gain over control in dB against z, over SEEDS draws of the noise."""
    zs = np.geomspace(*RANGE, 12).tolist()
    points = [mean_gains(z, sample) for z in zs]
    series = [{"name": name, "gain": [point[name] for point in points]} for name in attackers()]
    return {"z": zs, "seeds": SEEDS, "series": series}


def mean_gains(z: float, sample: str) -> dict[str, float]:
    """Mean gain of each attack in dB over SEEDS draws of the noise."""
    found: dict[str, list[float]] = {name: [] for name in attackers()}
    for seed in range(SEEDS):
        shared = ready(attackers()[0], z, sample, seed)
        for name in found:
            run = turned(shared, name)
            truth = run.truth.cpu()
            own, other = answered(run), control(run, "noise").images()
            found[name].append(float(psnr(own, truth).mean() - psnr(other, truth).mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}


def single_pass_curve(request: dict[str, Any]) -> dict[str, Any]:
    """The gains of one picture against the noise, for the browser."""
    try:
        return gains(str(request["sample"]))
    except BadInput as error:
        return {"error": sentence(str(error))}
