"""What every training is: options in, progress out, a network and its card on disk at the end."""

from __future__ import annotations

import json
import math
import time
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from gi_core import models
from gi_core.components import Component, Registry, option
from gi_core.data import arrays
from gi_core.data.arrays import Pictures
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.networks import weights
from gi_core.training.cached_features import cached


@dataclass(frozen=True, kw_only=True)
class Trainable(Component):
    """Something that can be trained by name."""

    @abstractmethod
    def run(self, folder: str | Path | None, out: str | Path) -> Iterator[dict[str, Any]]:
        """Train, yielding progress ("loss", "seconds", "epoch" or "step"); ``out`` holds network and card at the end.

        Args:
            folder: of the data sets; None: the environment variable GI_DATA.

        Raises:
            BadInput: unknown victim or data set, or no data folder.
        """


@dataclass(frozen=True, kw_only=True)
class InverterTraining(Trainable):
    """How one network is trained. A subclass says which network, what a batch costs and what its figures are.

    Learning rate: linear warm-up over the first twentieth of the steps, then a cosine to zero. The epoch with the
    best validation figure is kept; the test split is never read.
    """

    recipe: ClassVar[str] = ""
    fails: ClassVar[str] = ""
    half: ClassVar[tuple[str, ...]] = ()
    shared: ClassVar[tuple[str, ...]] = ()

    model: str = option("lenet", "victim model")
    weights: str = option("init", "victim weights")
    data: str = option("cifar10", "data set")
    pictures: int = option(0, "training pictures, 0 for all", low=0, high=10**7)
    epochs: int = option(10, "passes over the pictures; 0: closed-form parts only", low=0, high=10_000)
    batch: int = option(128, "pictures per step", low=1, high=4096)
    lr: float = option(2e-3, "peak learning rate of Adam", low=1e-6, high=1.0)
    seed: int = option(0, "seed of weights, order and noise", low=0, high=2**31 - 1)
    validation: int = option(1000, "held-out pictures to validate on", low=1, high=10_000)

    @abstractmethod
    def network(self, victim: Victim) -> Any:
        """A fresh network for this victim."""

    def prepare(self, network: Any, victim: Victim, rows: Tensor, pictures: Pictures) -> None:
        """Closed-form fits before the first step, on the training pictures and their rows of :meth:`table`."""

    def table_name(self) -> str:
        """Names what :meth:`table` computes, with the options that it depends on."""
        return "features"

    def table(self, network: Any, victim: Victim, pictures: Pictures) -> Tensor:
        """What a batch needs of the victim, computed once: (N,...) rows, by default its features."""
        return features(victim, pictures)

    @abstractmethod
    def loss(
        self, network: Any, victim: Victim, rows: Tensor, pictures: Pictures, generator: torch.Generator
    ) -> Tensor:
        """0-dim loss of a batch: its rows of :meth:`table` and its pictures."""

    @abstractmethod
    def validate(self, network: Any, victim: Victim, rows: Tensor, pictures: Pictures) -> dict[str, float]:
        """Figures on held-out pictures; the first is what the best epoch maximises."""

    def run(self, folder: str | Path | None, out: str | Path) -> Iterator[dict[str, Any]]:
        yield from run(self, folder=folder, out=out)


trainings: Registry[Trainable] = Registry("training")


def parts(total: int, size: int = 100) -> list[slice]:
    return [slice(start, min(start + size, total)) for start in range(0, total, size)]


@torch.no_grad()
def features(victim: Victim, pictures: Pictures) -> Tensor:
    """(N,d) inputs of the victim's head."""
    return torch.cat([victim.features(pictures.floats(rows)) for rows in parts(len(pictures))])


def psnr(estimate: Tensor, truth: Tensor) -> float:
    """Mean over pictures of the PSNR in dB, data range 1."""
    mse = (estimate.clamp(0, 1) - truth).square().flatten(1).mean(1).clamp_min(1e-10)
    return float((-10 * mse.log10()).mean())


def run(training: InverterTraining, *, folder: str | Path | None, out: str | Path) -> Iterator[dict[str, Any]]:
    """Train, yielding {"epoch", "epochs", "step", "steps", "loss", "seconds"} every 20 steps and the validation
    figures after each epoch. Stopped and started again with the same ``out``, it goes on after the last full epoch.

    Raises:
        BadInput: unknown victim or data set, or no data folder.
    """
    train, held_out, _ = arrays.load(training.data, folder)
    if training.pictures:
        train = train.take(slice(0, training.pictures))
    held_out = held_out.take(slice(0, training.validation))
    classes = int(train.labels.max()) + 1
    channels, height, width = train.images.shape[1:]
    victim = models.build(
        training.model, image_shape=(channels, height, width), num_classes=classes, source=training.weights
    )
    victim.requires_grad_(False)
    path = Path(out) / file_name(training)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        network = training.network(victim)
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=training.lr)
    per_epoch = math.ceil(len(train) / training.batch)
    rows, held_rows = (
        cached(training.table_name(), victim, pictures, path.parent, partial(training.table, network))
        for pictures in (train, held_out)
    )
    first, log = resume(path, network, optimiser, training.text)
    if first == 0:
        training.prepare(network, victim, rows, train)
        log = [{"epoch": 0, "seconds": 0.0} | training.validate(network.eval(), victim, held_rows, held_out)]
        store(training, network, victim, path, card(training, victim, len(train), log), held_rows, held_out)
        yield log[0]
    start = time.process_time() - log[-1]["seconds"]
    for epoch in range(first, training.epochs):
        loss = 0.0
        for index, loss in enumerate(one_epoch(training, epoch, network, victim, optimiser, rows, train)):
            if (index + 1) % 20 == 0:
                yield {
                    "epoch": epoch, "epochs": training.epochs, "step": epoch * per_epoch + index + 1,
                    "steps": per_epoch * training.epochs, "loss": loss, "seconds": time.process_time() - start,
                }  # fmt: skip
        figures = training.validate(network.eval(), victim, held_rows, held_out)
        entry = {"epoch": epoch + 1, "loss": loss, "seconds": time.process_time() - start} | figures
        key = next(iter(figures))
        best = max(e[key] for e in log)
        log.append(entry)
        if figures[key] >= best:
            store(training, network, victim, path, card(training, victim, len(train), log), held_rows, held_out)
        keep(path, network, optimiser, training.text, log)
        yield entry


def one_epoch(
    training: InverterTraining,
    epoch: int,
    network: Any,
    victim: Victim,
    optimiser: torch.optim.Optimizer,
    rows: Tensor,
    train: Pictures,
) -> Iterator[float]:
    """A pass over the training pictures in an order of its own; yields the mean loss so far after each step."""
    generator = torch.Generator().manual_seed(training.seed * 100_003 + epoch)
    batches = torch.randperm(len(train), generator=generator).split(training.batch)
    network.train()
    total = 0.0
    for index, chosen in enumerate(batches):
        done = (epoch * len(batches) + index) / (training.epochs * len(batches))
        optimiser.param_groups[0]["lr"] = training.lr * schedule(done)
        loss = training.loss(network, victim, rows[chosen], train.take(chosen), generator)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += float(loss.detach())
        yield total / (index + 1)


def store(
    training: InverterTraining,
    network: Any,
    victim: Victim,
    path: Path,
    facts: dict[str, Any],
    rows: Tensor,
    held_out: Pictures,
) -> None:
    """Save the network, read it back as an attack would, and write its figures as stored into the card."""
    save = partial(weights.save, network, path, half=training.half, shared=training.shared)
    again = weights.fill(training.network(victim), save(facts))
    save(facts | {"validation_as_stored": training.validate(again, victim, rows, held_out)})


def schedule(progress: float) -> float:
    """Share of the peak learning rate at ``progress`` in [0,1]."""
    return progress / 0.05 if progress < 0.05 else 0.5 * (1 + math.cos(math.pi * (progress - 0.05) / 0.95))


def file_name(training: InverterTraining) -> str:
    text = f"{training.name}-{training.model}-{training.weights}-{training.data}"
    few = f"-{training.pictures}" if training.pictures else ""
    return "".join(c if c.isalnum() or c in "-." else "_" for c in text + few)


def command(training: InverterTraining) -> str:
    return f"python -m gi_core train '{training.text}' --data FOLDER --out assets/weights"


def card(training: InverterTraining, victim: Victim, count: int, log: list[dict[str, float]]) -> dict[str, Any]:
    """What the shipped file is, for people and for :mod:`gi_core.networks.weights`."""
    return {
        "name": training.name,
        "model": training.model,
        "weights": training.weights,
        "image_shape": list(victim.image_shape),
        "num_classes": victim.num_classes,
        "fingerprint": weights.fingerprint(victim),
        "data": training.data,
        "data_licence": arrays.LICENCES[training.data],
        "pictures": count,
        "pictures_note": "training split only; validation is a tenth of it, held out; the test split is never read",
        "recipe": " ".join(training.recipe.split()),
        "options": {"epochs": training.epochs, "batch": training.batch, "lr": training.lr},
        "seed": training.seed,
        "epochs": len(log) - 1,
        "cpu_seconds": round(log[-1]["seconds"], 1),
        "validation": log,
        "known_failures": " ".join(training.fails.split()),
        "licence": "as the project; trained on the data named above, whose terms apply to what it memorised",
        "command": command(training),
    }


def resume(path: Path, network: Any, optimiser: torch.optim.Adam, text: str) -> tuple[int, list[dict[str, float]]]:
    """Restore network and optimiser from a checkpoint, if there is one; (epochs done, log).

    Raises:
        BadInput: the checkpoint is of a training with other options.
    """
    state = path.with_suffix(".progress.json")
    if not state.is_file():
        return 0, []
    progress = json.loads(state.read_text())
    if progress["text"] != text:
        raise BadInput(f"{state} is the checkpoint of {progress['text']!r}: name another --out folder, or remove it")
    stored = load_file(path.with_suffix(".progress.safetensors"))
    network.load_state_dict({k.removeprefix("network."): v for k, v in stored.items() if k.startswith("network.")})
    for index, parameter in enumerate(optimiser.param_groups[0]["params"]):
        optimiser.state[parameter] = {
            key: stored[f"adam.{index}.{key}"].clone() for key in ("step", "exp_avg", "exp_avg_sq")
        }
    return len(progress["log"]) - 1, progress["log"]


def keep(path: Path, network: Any, optimiser: torch.optim.Adam, text: str, log: list[dict[str, float]]) -> None:
    """Write a checkpoint: everything that the next epoch depends on."""
    tensors = {f"network.{key}": value.detach().clone().contiguous() for key, value in network.state_dict().items()}
    for index, parameter in enumerate(optimiser.param_groups[0]["params"]):
        for key in ("step", "exp_avg", "exp_avg_sq"):
            tensors[f"adam.{index}.{key}"] = optimiser.state[parameter][key].clone().contiguous()
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path.with_suffix(".progress.safetensors"))
    path.with_suffix(".progress.json").write_text(json.dumps({"text": text, "log": log}))
