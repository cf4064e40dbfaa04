"""Victims: one family per file. ``build`` gives the network that a Scenario names."""

from __future__ import annotations

import torch

from gi_core.errors import BadInput
from gi_core.models.base import Architecture, Victim, models
from gi_core.models.weights import weights

models.load(__name__)
weights.load(__name__)

__all__ = ["Architecture", "Victim", "build", "models", "outline", "weights"]


def build(
    model: str, *, image_shape: tuple[int, int, int], num_classes: int, source: str = "init", mode: str = "eval"
) -> Victim:
    """The victim in the named mode, with the named weights, on the CPU.

    Args:
        model: component text, e.g. ``lenet:activation=relu``.
        image_shape: (C,H,W).
        num_classes: K >= 2.
        source: component text of the weights: ``init`` (seed 0), ``init:seed=3``, ...
        mode: "eval" or "train" (train: BatchNorm uses the batch's own statistics).

    Raises:
        BadInput: unknown model, weights or mode, or options that do not fit the picture size.
    """
    if mode not in ("eval", "train"):
        raise BadInput(f"mode {mode!r}: 'eval' or 'train' is needed")
    architecture = models.parse(model)
    victim = weights.parse(source).build(architecture, image_shape, num_classes)
    return victim.train(mode == "train")


def outline(model: str, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
    """The victim without numbers: its tensors have shapes and take no memory (torch's meta device).

    Raises BadInput for an unknown model, or options that do not fit the picture size.
    """
    architecture = models.parse(model)
    try:
        with torch.device("meta"):
            return architecture.build(image_shape, num_classes)
    except RuntimeError as error:
        size = "x".join(map(str, image_shape))
        raise BadInput(f"model {architecture.text!r} does not fit pictures of {size}: {error}") from None
