"""Training of victims, kept at several stages: the same network before, early in and late in its training."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gi_core import models
from gi_core.components import option
from gi_core.data import arrays
from gi_core.data.arrays import Pictures
from gi_core.errors import BadInput
from gi_core.models.base import Victim
from gi_core.models.trained import file_name
from gi_core.networks import weights
from gi_core.training.base import Trainable, keep, resume, trainings


@trainings.register("victim")
@dataclass(frozen=True, kw_only=True)
class TrainVictim(Trainable):
    """A victim from ``weights=init`` on, checkpoints after the named epochs for ``weights=trained:epoch=N``.

    Adam, cosine decay to zero, random flips, train mode, bfloat16 autocast, cross-entropy. Stopped and started again
    it goes on after the last full epoch; finished, it has nothing left to do.
    """

    model: str = option("lenet", "victim architecture")
    data: str = option("cifar10", "data set")
    epochs: int = option(10, "passes over the training pictures", low=1, high=10_000)
    keep: str = option("1/10/50", "epochs to keep, separated by slashes")
    batch: int = option(128, "pictures per step", low=1, high=4096)
    lr: float = option(2e-3, "peak learning rate of Adam", low=1e-6, high=1.0)
    seed: int = option(0, "seed of order and flips", low=0, high=2**31 - 1)

    @property
    def kept(self) -> set[int]:
        """The epochs to keep. Raises BadInput for anything but whole numbers."""
        try:
            return {int(part) for part in self.keep.split("/")}
        except ValueError:
            raise BadInput(f"victim:keep={self.keep}: whole numbers separated by slashes are needed") from None

    def run(self, folder: str | Path | None, out: str | Path) -> Iterator[dict[str, Any]]:
        kept = self.kept
        train, held_out, _ = arrays.load(self.data, folder)
        shape = (train.images.shape[1], train.images.shape[2], train.images.shape[3])
        classes = int(train.labels.max()) + 1
        architecture = models.models.parse(self.model)
        victim = models.build(self.model, image_shape=shape, num_classes=classes, mode="train")
        optimiser = torch.optim.Adam(victim.parameters(), lr=self.lr)
        steps = self.epochs * (len(train) // self.batch)
        state = Path(out) / file_name(architecture, self.epochs, self.data)
        first, log = resume(state, victim, optimiser, self.text)
        log = log or [{"epoch": 0, "seconds": 0.0}]
        started = time.process_time() - log[-1]["seconds"]
        for epoch in range(first, self.epochs):
            generator = torch.Generator().manual_seed(self.seed * 100_003 + epoch)
            order = torch.randperm(len(train), generator=generator)[: len(train) // self.batch * self.batch]
            total = torch.zeros(())
            for number, rows in enumerate(order.split(self.batch)):
                progress = (epoch * (len(order) // self.batch) + number) / steps
                optimiser.param_groups[0]["lr"] = self.lr * 0.5 * (1 + math.cos(math.pi * progress))
                loss = batch_loss(victim, train, rows, generator)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                total += loss.detach()
            figures = {
                "epoch": epoch + 1,
                "loss": round(float(total) / (len(order) // self.batch), 4),
                "accuracy": round(accuracy(victim, held_out), 4),
                "seconds": round(time.process_time() - started, 1),
            }
            if epoch + 1 in kept:
                path = Path(out) / file_name(architecture, epoch + 1, self.data)
                weights.save(victim, path, self._card(shape, classes, len(train), figures), half=("weight",))
            log.append(figures)
            keep(state, victim, optimiser, self.text, log)
            yield figures | {"epochs": self.epochs}

    def _card(
        self, shape: tuple[int, int, int], classes: int, pictures: int, figures: dict[str, float]
    ) -> dict[str, Any]:
        return {
            "name": "victim",
            "model": self.model,
            "image_shape": list(shape),
            "num_classes": classes,
            "data": self.data,
            "data_licence": arrays.LICENCES[self.data],
            "pictures": pictures,
            "pictures_note": "training split only; validation is a tenth of it, held out; the test split is never read",
            "recipe": " ".join((type(self).__doc__ or "").split()),
            "options": {"epochs": self.epochs, "batch": self.batch, "lr": self.lr},
            "seed": self.seed,
            "epochs": figures["epoch"],
            "cpu_seconds": figures["seconds"],
            "validation": [figures],
            "validation_note": "accuracy: share of 5000 held-out training pictures classified right, eval mode",
            "known_failures": "A victim for demonstrations, not a good classifier.",
            "licence": "as the project; trained on the data named above, whose terms apply to what it memorised",
            "command": f"python -m gi_core train '{self.text}' --data FOLDER --out assets/weights",
        }


def batch_loss(victim: Victim, pictures: Pictures, rows: Tensor, generator: torch.Generator) -> Tensor:
    images = pictures.floats(rows)
    flip = torch.rand(len(rows), generator=generator) < 0.5
    images = torch.where(flip.view(-1, 1, 1, 1), images.flip(-1), images)
    with torch.autocast("cpu", torch.bfloat16):
        return victim.loss(images, pictures.labels[rows])


@torch.no_grad()
def accuracy(victim: Victim, pictures: Pictures) -> float:
    """Share of pictures classified right in eval mode; the victim's mode is kept."""
    was_training = victim.training
    victim.eval()
    right = sum(
        int(
            (victim(pictures.floats(slice(start, start + 500))).argmax(1) == pictures.labels[start : start + 500]).sum()
        )
        for start in range(0, len(pictures), 500)
    )
    victim.train(was_training)
    return right / len(pictures)
