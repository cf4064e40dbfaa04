"""What a flow-matching prior adds, setting by setting, at equal seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np

from gi_core.attacks import attacks
from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.evaluation.controls import gain, noise
from gi_core.metrics.scores import score
from gi_core.observation import Observation
from gi_core.run import prepare
from gi_core.scenario import Scenario
from gi_core.seeds import stream_seed
from gi_core.studies.base import Cell, Row, Study, studies
from gi_core.studies.pictures import private_pictures

SMOOTH, NARROW = "lenet:init=default", "resnet18:width=8"
SETTINGS: dict[str, dict[str, Any]] = {
    "batch 4": {"model": SMOOTH, "batch_size": 4},
    "noise 1e-4": {"model": SMOOTH, "batch_size": 4, "defense": "gaussian:sigma=1e-4"},
    "noise 3e-4": {"model": SMOOTH, "batch_size": 4, "defense": "gaussian:sigma=3e-4"},
    "noise 1e-3": {"model": SMOOTH, "batch_size": 4, "defense": "gaussian:sigma=0.001"},
    "5 local steps": {"model": NARROW, "batch_size": 4, "local_steps": 5, "local_lr": 0.03},
    "20 local steps": {"model": NARROW, "batch_size": 4, "local_steps": 20, "local_lr": 0.03},
    "batch 2": {"model": SMOOTH, "batch_size": 2},
    "batch 16": {"model": SMOOTH, "batch_size": 16},
    "clip": {"model": SMOOTH, "batch_size": 4, "defense": "clip:norm=1"},
    "top 10 %": {"model": SMOOTH, "batch_size": 4, "defense": "topk:keep=0.1"},
    "50 epochs trained": {"model": "lenet", "batch_size": 4, "weights": "trained:epoch=50"},
    "10 epochs trained": {"model": "lenet", "batch_size": 4, "weights": "trained:epoch=10"},
    "1 epoch trained": {"model": "lenet", "batch_size": 4, "weights": "trained:epoch=1"},
    "batch 8": {"model": SMOOTH, "batch_size": 8},
    "batch 1": {"model": SMOOTH, "batch_size": 1},
    "1 local step": {"model": NARROW, "batch_size": 4, "local_steps": 1, "update": "delta", "local_lr": 0.03},
}


@dataclass(frozen=True)
class Method:
    """An attack's text with ``{steps}`` and ``{trial}``, and what the trial may be; where it gets no update."""

    text: str
    trials: tuple[str, ...] = ()
    uninformed: bool = False


SMOOTHNESS = tuple(f"tv={weight}" for weight in ("1e-7", "1e-6", "1e-5", "1e-4", "0.001", "0.01"))
FORCES = tuple(f"weight={weight},fade={fade}" for weight, fade in ((0.3, 2), (3, 4), (0.5, 0), (1, 0), (2, 0), (4, 0)))
FLOW = Method("fm:prior=(flow:{trial},every=4),steps={steps}", FORCES)
CONTROL = "control: flow without update"
METHODS = {
    "tv": Method("sme:lr=0.1,signed=true,{trial},steps={steps}", SMOOTHNESS),
    "none": Method("sme:lr=0.1,signed=true,tv=0,steps={steps}"),
    "flow": FLOW,
    "pnp-flow": Method(
        "pnp-flow:{trial},steps={steps}", tuple(f"lr={lr}" for lr in ("0.02", "0.05", "0.1", "0.2", "0.4", "0.8"))
    ),
    CONTROL: Method(FLOW.text, FORCES, uninformed=True),
    "flow + tv": Method(
        "fm:{trial},every=4),steps={steps}",
        tuple(
            f"tv={tv},prior=(flow:{force}"
            for tv in ("1e-6", "1e-5", "1e-4")
            for force in ("weight=0.3,fade=2", "weight=1,fade=0")
        ),
    ),
    "flow Gaussian": Method("fm:prior=(flow:net=gaussian,{trial},every=4),steps={steps}", FORCES),
}
PROBE = 8
"""Frames timed to turn seconds into iterations."""


@studies.register("fm-table")
@dataclass(frozen=True, kw_only=True)
class FlowTable(Study):
    """No prior, total variation and the flow prior at equal CPU seconds, over the settings of the FM paper.

    After "Deep Leakage with Generative Flow Matching Denoiser" (arXiv 2601.15049); its tables are not available to us,
    so settings and pictures are ours. Labels known. Every method's weight is the best of its trials, as many for each,
    by mean SSIM on ``tuning`` validation pictures of the same setting; the scored pictures are others. ``gain``
    columns compare with the baseline picture by picture (above 0: it leaks more), with 95 % bootstrap intervals over
    pictures; the control is the tuned flow attack on noise of the update's norms.
    """

    question: ClassVar[str] = "Where does a generative prior leak more than total variation, at equal seconds?"
    keys: ClassVar[tuple[str, ...]] = ("setting", "method")
    columns: ClassVar[tuple[str, ...]] = (
        "model", "weights", "batch", "local_steps", "defense", "attack", "trials", "tuned_on", "count", "psnr", "ssim",
        "lpips", "fmse", "success", "baseline", "ssim_gain", "ssim_gain_low", "ssim_gain_high", "lpips_gain",
        "lpips_gain_low", "lpips_gain_high", "attack_seconds",
    )  # fmt: skip
    known_settings: ClassVar[Mapping[str, dict[str, Any]]] = SETTINGS
    known_methods: ClassVar[Mapping[str, Method]] = METHODS

    source: str = option("cifar10", "where the pictures come from: a data set in GI_DATA")
    baseline: str = option("tv", "method that the gain columns compare with")
    budget: float = option(3.0, "CPU seconds per attacked batch", low=0.05, high=1e5)
    steps: int = option(0, "iterations of every method instead of a budget; 0: by the budget", low=0, high=100_000)
    count: int = option(16, "pictures per setting, at least one batch", low=1, high=10_000)
    tuning: int = option(4, "validation pictures per trial, at least one batch", low=1, high=1000)
    settings: str = option("all", "all, or names of settings separated by slashes")
    methods: str = option("all", "all, or names of methods separated by slashes")
    seed: int = option(0, "of attacks and defenses", low=0, high=2**31 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._chosen("settings", self.known_settings)
        self._chosen("methods", self.known_methods)
        self._chosen("baseline", self.known_methods)

    def cells(self) -> Iterator[Cell]:
        for setting in self._chosen("settings", self.known_settings):
            for method in self._chosen("methods", self.known_methods):
                yield {"setting": setting, "method": method}

    def measure(self, cell: Cell) -> Row:
        setting, method = cell["setting"], cell["method"]
        text = tuned(self, setting, method)
        rows, seconds = attacked(self, setting, method, text)
        scenario = Scenario(**self.known_settings[setting])
        trials = len(self.known_methods[method].trials)
        row: Row = {
            "model": scenario.model, "weights": scenario.weights, "batch": scenario.batch_size,
            "local_steps": scenario.local_steps, "defense": scenario.defense, "attack": text, "trials": max(1, trials),
            "tuned_on": batches(self, setting, self.tuning) * scenario.batch_size if trials else 0,
            "count": len(rows), "attack_seconds": seconds, "baseline": self.baseline,
        }  # fmt: skip
        for name in ("psnr", "ssim", "lpips", "fmse", "success"):
            row[name] = mean(rows, name)
        baseline = attacked(self, setting, self.baseline, tuned(self, setting, self.baseline))[0]
        for name, higher in (("ssim", True), ("lpips", False)):
            found = None
            if row[name] is not None:
                found = gain([r[name] for r in rows], [r[name] for r in baseline], higher_is_better=higher)
            for part, column in (("mean", ""), ("low", "_low"), ("high", "_high")):
                row[f"{name}_gain{column}"] = getattr(found, part, None)
        return row

    def _chosen(self, name: str, known: Mapping[str, object]) -> list[str]:
        """The names that an option holds. Raises BadInput for one that is not known."""
        text = getattr(self, name)
        names = list(known) if text == "all" else text.split("/")
        for one in names:
            if one not in known:
                raise BadInput(f"{self.name}:{name}={one}: allowed are all, or {', '.join(known)} joined by slashes")
        return names


def mean(rows: list[Row], name: str) -> float | None:
    values = [row[name] for row in rows]
    return None if None in values else float(np.mean(values))


def batches(study: FlowTable, setting: str, count: int) -> int:
    """How many batches hold ``count`` pictures; at least one."""
    return max(1, count // int(study.known_settings[setting]["batch_size"]))


@lru_cache(maxsize=256)
def tuned(study: FlowTable, setting: str, method: str) -> str:
    """The method's text with its steps and the trial that does best on validation pictures.

    The method without an update takes over the trial, and the steps, of its twin that has one.
    """
    own = study.known_methods[method]
    if own.uninformed:
        twin = next(n for n, m in study.known_methods.items() if m.text == own.text and not m.uninformed)
        return tuned(study, setting, twin)
    trials = own.trials or ("",)
    steps = study.steps or affordable(study, setting, own.text.replace("{trial}", trials[0]))
    texts = [own.text.replace("{trial}", trial).format(steps=steps) for trial in trials]
    if len(texts) == 1:
        return texts[0]

    def worth(text: str) -> float:
        rows, _ = attacked(study, setting, method, text, "validation")
        return float(np.mean([row["ssim"] for row in rows]))

    return max(texts, key=worth)


@lru_cache(maxsize=256)
def attacked(
    study: FlowTable, setting: str, method: str, text: str, split: Literal["test", "validation"] = "test"
) -> tuple[list[Row], float]:
    """Scores of every picture of a setting under the attack ``text``, and its mean CPU seconds per batch."""
    rows: list[Row] = []
    seconds = 0.0
    number = batches(study, setting, study.count if split == "test" else study.tuning)
    for place in range(number):
        prepared = private(study, setting, place, split)
        observation = prepared.observation
        if study.known_methods[method].uninformed:
            observation = noise(prepared).observations[0]
        started = time.process_time()
        *_, last = attacks.parse(text).run(observation, stream_seed(prepared.scenario.seed, "attack"))
        seconds += time.process_time() - started
        rows += score(last.images, prepared.truth, prepared.victim)
    return rows, seconds / number


def private(study: FlowTable, setting: str, place: int, split: Literal["test", "validation"]) -> Any:
    """The client's round of one batch of the setting: a prepared Run."""
    options = study.known_settings[setting]
    size = int(options["batch_size"])
    truth, labels = private_pictures(study.source, size, 32, first=place * size, split=split)
    return prepare(Scenario(**options, seed=study.seed + place), truth, labels, device="cpu")


def affordable(study: FlowTable, setting: str, method: str) -> int:
    """Steps that fit into the budget, by timing the first frames of a trial on a validation batch."""
    observation: Observation = private(study, setting, 0, "validation").observation
    attack = attacks.parse(method.format(steps=1000))
    next(attack.run(observation, 0))  # networks are loaded
    times = [time.process_time()]
    frames = attack.run(observation, 0)
    next(frames)
    times.append(time.process_time())
    for _ in range(PROBE):
        next(frames)
    times.append(time.process_time())
    frames.close()  # type: ignore[attr-defined]
    start, probe = times[1] - times[0], times[2] - times[1]
    return max(PROBE, int((study.budget - start) * PROBE / max(1e-6, probe)))
