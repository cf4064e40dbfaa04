"""The true pictures of a record: they score, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gi_core.audit.evidence import MOST_PICTURES
from gi_core.audit.record import RecordedUpdate
from gi_core.errors import BadInput
from gi_core.models.tensor_files import Content, read_tensors

SMALLEST = 11
"""Side of SSIM's window."""


@dataclass(frozen=True)
class Truth:
    """(B,C,H,W) pictures in [0,1] and their labels (B,), None without; sha256: of the file."""

    images: Tensor
    labels: Tensor | None
    sha256: str = ""


def read_truth(path: Path, record: RecordedUpdate, pictures: int) -> Truth:
    """The pictures of a file. Raises BadInput for what cannot be read or does not fit the record."""
    return truth_of(read_tensors(path), record, pictures)


def truth_of(content: Content, record: RecordedUpdate, pictures: int) -> Truth:
    """``images``: uint8 (N,H,W,C) or (N,H,W), or floats in [0,1]; ``labels``: (N,). Raises BadInput."""
    images = content.tensors.get("images")
    if images is None:
        raise BadInput(f"the truth holds {', '.join(list(content.tensors)[:5])}: an array called 'images' is needed")
    images = images.unsqueeze(-1) if images.dim() == 3 else images
    channels, height, width = record.victim.image_shape
    if images.dim() != 4 or tuple(images.shape[1:]) != (height, width, channels):
        raise BadInput(
            f"true pictures of shape {tuple(images.shape)}: (N,H,W,C) with {height}x{width}x{channels} is needed"
        )
    if min(height, width) < SMALLEST:
        raise BadInput(f"true pictures of {height}x{width}: likeness is measured from {SMALLEST} pixels on")
    if len(images) > MOST_PICTURES or len(images) != pictures:
        raise BadInput(f"{len(images)} true pictures: the record has {pictures} (at most {MOST_PICTURES})")
    scaled = images.float() / 255 if not images.is_floating_point() else images.float()
    if float(scaled.min()) < 0 or float(scaled.max()) > 1:
        raise BadInput("true pictures: whole numbers from 0 to 255, or numbers in [0,1], are needed")
    labels = content.tensors.get("labels")
    if labels is not None:
        labels = record.victim.check_targets(labels.flatten().to(torch.long), len(images))
    return Truth(scaled.movedim(-1, 1).contiguous(), labels, content.sha256)
