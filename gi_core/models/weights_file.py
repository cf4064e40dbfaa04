"""A user's own weights, from a file of tensors."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from gi_core.components import option
from gi_core.errors import BadInput
from gi_core.models.base import Architecture, Victim
from gi_core.models.names import need, translated
from gi_core.models.tensor_files import MOST_BYTES, bounded, read_bytes
from gi_core.models.weights import Weights, weights


@weights.register("file")
@dataclass(frozen=True, kw_only=True)
class File(Weights):
    """Weights of a safetensors file or a checkpoint: tensors named as in the victim, torchvision or timm.

    A checkpoint (.pt, .pth) is read by PyTorch's weights-only reader: nothing in it is run.
    """

    path: str = option("", "the file: safetensors, .npz, or a checkpoint of a state_dict")
    sha256: str = option("", "its SHA-256 in hexadecimal; checked when given")

    def build(self, architecture: Architecture, image_shape: tuple[int, int, int], num_classes: int) -> Victim:
        if not self.path:
            raise BadInput("weights 'file' need a path: weights=file:path=...")
        victim = weights.parse("init").build(architecture, image_shape, num_classes)
        load_into(victim, named(architecture, victim, read(Path(self.path), self.sha256)))
        return victim


def read(path: Path, sha256: str = "") -> dict[str, Tensor]:
    """The tensors of a file. Raises BadInput for what cannot be read, or a SHA-256 that is another one."""
    data = bounded(path, MOST_BYTES)
    digest = hashlib.sha256(data).hexdigest()
    if sha256 and digest != sha256.lower():
        raise BadInput(f"weights file {path.name!r} has SHA-256 {digest}, not {sha256.lower()}")
    return read_bytes(data, path.name).tensors


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


def named(architecture: Architecture, victim: Victim, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """``tensors`` by the victim's own names. Raises BadInput where a name is missing or nobody's."""
    own = victim.state_dict()
    renamed = translated(architecture, tensors, list(own))
    found = {name: tensors[given] for name, given in renamed.items()}
    counters = {name: t for name, t in own.items() if name.endswith("num_batches_tracked") and name not in found}
    if found.keys() & own.keys() != own.keys() - counters.keys():
        need([name for name in own if name not in counters], renamed, own)
    return counters | found
