"""A user's own weights, from a safetensors file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.models.base import Architecture, Victim
from gi_core.models.weights import Weights, weights


@weights.register("file")
@dataclass(frozen=True, kw_only=True)
class File(Weights):
    """Weights of a safetensors file whose tensors are named as in the victim's ``state_dict`` (body.*, head.*)."""

    path: str = option("", "the safetensors file")
    sha256: str = option("", "its SHA-256 in hexadecimal; checked when given")

    def build(self, architecture: Architecture, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        if not self.path:
            raise BadInput("weights 'file' need a path: weights=file:path=...")
        victim = weights.parse("init").build(architecture, image_shape, num_classes)
        load_into(victim, read(Path(self.path), self.sha256))
        return victim


def read(path: Path, sha256: str = "") -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    Raises:
        BadInput: it cannot be read, is not safetensors, or its SHA-256 is another one.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"weights file {path.name!r} cannot be read: {error.strerror}") from None
    digest = hashlib.sha256(data).hexdigest()
    if sha256 and digest != sha256.lower():
        raise BadInput(f"weights file {path.name!r} has SHA-256 {digest}, not {sha256.lower()}")
    try:
        return load(data)
    except SafetensorError:
        raise BadInput(f"weights file {path.name!r} is not a safetensors file") from None


def load_into(victim: Victim, tensors: dict[str, Tensor]) -> None:
    """Copy ``tensors`` into ``victim``. Raises BadInput naming the first tensor that does not fit."""
    own = victim.state_dict()
    for name in own:
        if name not in tensors:
            raise BadInput(f"the weights lack the tensor {name!r}, which the victim has")
    for name, tensor in tensors.items():
        if name not in own:
            raise BadInput(f"the weights hold a tensor {name!r}, which the victim has not")
        if tensor.shape != own[name].shape:
            raise BadInput(f"tensor {name!r} has shape {tuple(tensor.shape)}, the victim's is {tuple(own[name].shape)}")
        if not bool(tensor.isfinite().all()):
            raise BadInput(f"tensor {name!r} holds values that are not finite: only numbers are allowed")
    victim.load_state_dict(tensors)
