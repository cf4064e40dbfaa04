"""What a flow-matching prior adds, setting by setting, at equal seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from gi_core.attacks import attacks
from gi_core.client import stream_seed
from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.metrics.controls import gain, noise
from gi_core.metrics.scores import score
from gi_core.observation import Observation
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.pictures import private_pictures

SMOOTH, NARROW = "lenet:init=default", "resnet18:width=8"
SETTINGS: dict[str, dict[str, object]] = {
    "batch 4": {"model": SMOOTH, "batch_size": 4},
    "noise": {"model": SMOOTH, "batch_size": 4, "defense": "gaussian:sigma=0.001"},
    "5 local steps": {"model": NARROW, "batch_size": 4, "local_steps": 5, "local_lr": 0.03},
    "20 local steps": {"model": NARROW, "batch_size": 4, "local_steps": 20, "local_lr": 0.03},
    "batch 1": {"model": SMOOTH, "batch_size": 1},
    "batch 8": {"model": SMOOTH, "batch_size": 8},
    "top 10 %": {"model": SMOOTH, "batch_size": 4, "defense": "topk:keep=0.1"},
    "clip": {"model": SMOOTH, "batch_size": 4, "defense": "clip:norm=1"},
    "1 epoch trained": {"model": "lenet", "batch_size": 4, "weights": "trained:epoch=1"},
    "10 epochs trained": {"model": "lenet", "batch_size": 4, "weights": "trained:epoch=10"},
    "batch 2": {"model": SMOOTH, "batch_size": 2},
    "batch 16": {"model": SMOOTH, "batch_size": 16},
    "1 local step": {"model": NARROW, "batch_size": 4, "local_steps": 1, "update": "delta", "local_lr": 0.03},
}
METHODS = {
    "tv": "sme:lr=0.1,signed=true,tv=0.001,steps={steps}",
    "tv, weak": "sme:lr=0.1,signed=true,tv=1e-6,steps={steps}",
    "tv, strong": "sme:lr=0.1,signed=true,tv=0.01,steps={steps}",
    "flow": "fm:steps={steps}",
    "flow, weight 3": "fm:prior=(flow:weight=3),steps={steps}",
    "flow, firm": "fm:prior=(flow:weight=2,start=0.6),steps={steps}",
    "pnp-flow": "pnp-flow:steps={steps}",
    "none": "sme:lr=0.1,signed=true,tv=0,steps={steps}",
    "flow, Gaussian": "fm:prior=(flow:net=gaussian),steps={steps}",
    "control: flow without update": "fm:steps={steps}",
}
CONTROL = "control: flow without update"
PROBE = 8
"""Frames timed to turn seconds into iterations."""


@studies.register("fm-table")
@dataclass(frozen=True, kw_only=True)
class FlowTable(Study):
    """No prior, total variation and the flow prior at equal CPU seconds, over the settings of the FM paper.

    After "Deep Leakage with Generative Flow Matching Denoiser" (arXiv 2601.15049); its tables are not public, so
    settings and pictures are ours. Labels known. ``gain`` columns compare with the baseline picture by picture
    (above 0: it leaks more), with 95 % bootstrap intervals over pictures; the control gives the same attack noise of
    the update's norms.
    """

    question: ClassVar[str] = "Where does a generative prior leak more than total variation, at equal seconds?"
    keys: ClassVar[tuple[str, ...]] = ("setting", "method")
    columns: ClassVar[tuple[str, ...]] = (
        "model", "weights", "batch", "local_steps", "defense", "attack", "count", "psnr", "ssim", "lpips", "fmse",
        "success", "baseline", "ssim_gain", "ssim_gain_low", "ssim_gain_high", "lpips_gain",
        "lpips_gain_low", "lpips_gain_high", "attack_seconds",
    )  # fmt: skip

    source: str = option("cifar10", "where the private pictures come from: samples, or a data set in GI_DATA")
    baseline: str = option("tv", "method that the gain columns compare with")
    budget: float = option(6.0, "CPU seconds per attacked batch", low=0.05, high=1e5)
    count: int = option(8, "pictures per setting, at least one batch", low=1, high=10_000)
    settings: str = option("all", "all, or names of settings separated by slashes")
    methods: str = option("all", "all, or names of methods separated by slashes")
    seed: int = option(0, "of attacks and defenses", low=0, high=2**31 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        chosen(self.settings, SETTINGS, "settings")
        chosen(self.methods, METHODS, "methods")
        chosen(self.baseline, METHODS, "baseline")

    def cells(self) -> Iterator[Cell]:
        for setting in chosen(self.settings, SETTINGS, "settings"):
            for method in chosen(self.methods, METHODS, "methods"):
                yield {"setting": setting, "method": method}

    def measure(self, cell: Cell) -> Row:
        rows, attack, seconds = attacked(self, cell["setting"], cell["method"])
        scenario = Scenario(**SETTINGS[cell["setting"]])  # type: ignore[arg-type]
        row: Row = {
            "model": scenario.model, "weights": scenario.weights, "batch": scenario.batch_size,
            "local_steps": scenario.local_steps, "defense": scenario.defense, "attack": attack, "count": len(rows),
            "attack_seconds": seconds, "baseline": self.baseline,
        }  # fmt: skip
        for name in ("psnr", "ssim", "lpips", "fmse", "success"):
            row[name] = mean(rows, name)
        baseline = rows if cell["method"] == self.baseline else attacked(self, cell["setting"], self.baseline)[0]
        for name, higher in (("ssim", True), ("lpips", False)):
            found = None
            if row[name] is not None:
                found = gain([r[name] for r in rows], [r[name] for r in baseline], higher_is_better=higher)
            for part, column in (("mean", ""), ("low", "_low"), ("high", "_high")):
                row[f"{name}_gain{column}"] = getattr(found, part, None)
        return row


def chosen(text: str, known: Mapping[str, object], what: str) -> list[str]:
    """The names in ``text``. Raises BadInput for one that is not known."""
    names = list(known) if text == "all" else text.split("/")
    for name in names:
        if name not in known:
            raise BadInput(f"fm-table:{what}={name}: allowed are all, or {', '.join(known)} joined by slashes")
    return names


def mean(rows: list[Row], name: str) -> float | None:
    values = [row[name] for row in rows]
    return None if None in values else float(np.mean(values))


@lru_cache(maxsize=64)
def attacked(study: FlowTable, setting: str, method: str) -> tuple[list[Row], str, float]:
    """Scores of every picture of a setting, the attack's text with its steps, and its mean CPU seconds per batch."""
    rows: list[Row] = []
    seconds = 0.0
    size = int(str(SETTINGS[setting]["batch_size"]))
    batches = max(1, study.count // size)
    text = ""
    for number in range(batches):
        truth, labels = private_pictures(study.source, size, 32, first=number * size)
        scenario = Scenario(**SETTINGS[setting], seed=study.seed + number)  # type: ignore[arg-type]
        prepared = prepare(scenario, truth, labels, device="cpu")
        observation = prepared.observation
        if method == CONTROL:
            observation = noise(prepared).observations[0]
        text = text or METHODS[method].format(steps=affordable(METHODS[method], observation, study.budget))
        started = time.process_time()
        *_, last = attacks.parse(text).run(observation, stream_seed(scenario.seed, "attack"))
        seconds += time.process_time() - started
        rows += score(last.images, truth, prepared.victim)
    return rows, text, seconds / batches


def affordable(method: str, observation: Observation, budget: float) -> int:
    """Steps that fit into ``budget`` CPU seconds, by timing the first frames of a trial."""
    frames = attacks.parse(method.format(steps=1000)).run(observation, 0)
    next(frames)
    started = time.process_time()
    for _ in range(PROBE):
        next(frames)
    frames.close()  # type: ignore[attr-defined]
    return max(PROBE, int(budget * PROBE / max(1e-6, time.process_time() - started)))
