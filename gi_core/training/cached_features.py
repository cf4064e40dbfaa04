"""Tables of what a training needs of its victim, kept beside the checkpoints: computed once, read by every training."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import Tensor

from gi_core.data.arrays import Pictures
from gi_core.models.base import Victim
from gi_core.networks.weights import fingerprint


def cached(
    name: str, victim: Victim, pictures: Pictures, folder: Path, compute: Callable[[Victim, Pictures], Tensor]
) -> Tensor:
    """``compute(victim, pictures)``, or the rows that it once gave for this very victim and these very pictures.

    Args:
        name: of the table, with whatever else its rows depend on.
        folder: holds ``NAME-DIGEST.progress.safetensors``.
    """
    digest = hashlib.sha256(f"{name} {fingerprint(victim)}".encode())
    digest.update(pictures.images.contiguous().numpy().tobytes())
    digest.update(pictures.labels.numpy().tobytes())
    path = folder / f"{name}-{digest.hexdigest()[:16]}.progress.safetensors"
    if path.is_file():
        return load_file(path)["rows"]
    rows = compute(victim, pictures)
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({"rows": rows.contiguous()}, partial)
    partial.rename(path)
    return rows
