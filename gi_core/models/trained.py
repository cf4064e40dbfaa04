"""Victims trained here, at several stages of their training."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.models.base import Architecture, Victim
from gi_core.models.weights import Weights, weights
from gi_core.models.weights_file import load_into, read
from gi_core.paths import ASSETS

SHIPPED = ASSETS / "weights"


def file_name(architecture: Architecture, epoch: int, data: str) -> str:
    """``victim-lenet-epoch10-cifar10``: the stem of a checkpoint's files."""
    model = "".join(c if c.isalnum() or c in "-." else "_" for c in architecture.text)
    return f"victim-{model}-epoch{epoch}-{data}"


@weights.register("trained")
@dataclass(frozen=True, kw_only=True)
class Trained(Weights):
    """Weights after some epochs of training on a public data set; epoch 0 is ``init``.

    Shipped in assets/weights (or the folder that the environment variable GI_WEIGHTS names); each file has a card
    with its accuracy and the command that makes it.

    Raises:
        BadInput: no such checkpoint for this model, or one for other pictures or classes.
    """

    epoch: int = option(10, "epochs of training", low=0, high=10_000)
    data: str = option("cifar10", "data set it was trained on")

    def build(self, architecture: Architecture, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        victim = weights.parse("init").build(architecture, image_shape, num_classes)
        if self.epoch == 0:
            return victim
        folder = Path(os.environ.get("GI_WEIGHTS", SHIPPED))
        card = folder / f"{file_name(architecture, self.epoch, self.data)}.json"
        if not card.is_file():
            cards = [p for p in folder.glob("victim-*.json") if not p.name.endswith(".progress.json")]
            stages = [json.loads(p.read_text()) for p in cards]
            there = sorted(f"{c['model']} after {c['epochs']} on {c['data']}" for c in stages)
            raise BadInput(
                f"no {architecture.text!r} trained for {self.epoch} epochs on {self.data}: there are"
                f" {', '.join(there) or 'none'}; make one with: python -m gi_core train"
                f" 'victim:model={architecture.text},epochs={self.epoch}' --data FOLDER --out DIR"
            )
        facts = json.loads(card.read_text())
        if (tuple(facts["image_shape"]), facts["num_classes"]) != (image_shape, num_classes):
            raise BadInput(
                f"weights={self.text} are for pictures of {'x'.join(map(str, facts['image_shape']))} and"
                f" {facts['num_classes']} classes, not {'x'.join(map(str, image_shape))} and {num_classes}"
            )
        load_into(victim, read(card.with_suffix(".safetensors"), facts["sha256"]))
        return victim
