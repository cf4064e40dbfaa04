"""The folder that a recorder leaves: before and sent as safetensors, update.json; nobody else may read it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

LARGEST = 2 * 2**30
"""Bytes of one state; larger ones are not recorded."""
PRIVATE = "The weights sent may hold a private picture: keep this folder as you would keep the picture."
NOTHING = "nothing-recorded.txt"


class TooLarge(ValueError):
    """More than a recorder writes."""


def done(folder: Path) -> bool:
    """Whether a round was recorded already: recorders record one."""
    return (folder / "update.json").exists()


def arrays_of(named: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Copies of named arrays. Raises TooLarge."""
    arrays = {str(name): np.array(value) for name, value in named.items()}
    if sum(a.nbytes for a in arrays.values()) > LARGEST:
        raise TooLarge(f"more than {LARGEST:,} bytes")
    return arrays


def write(folder: Path, before: Mapping[str, Any], sent: Mapping[str, Any], side: dict[str, Any]) -> None:
    """Write a record: files first, ``update.json`` last, each under its name only when it is whole; mode 0600."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = {}
    for role, named in (("before", before), ("sent", sent)):
        if all(name.isdigit() for name in named):
            files[role] = f"{role}.npz"
            atomically(folder / files[role], lambda file, named=named: np.savez(file, *named.values()))
        else:
            files[role] = f"{role}.safetensors"
            tensors = {n: torch.from_numpy(np.ascontiguousarray(a)).reshape(np.shape(a)) for n, a in named.items()}
            content = save(tensors)
            atomically(folder / files[role], lambda file, content=content: file.write(content))
    told = {"format": 1, **side, "private": PRIVATE, "files": files}
    atomically(folder / "update.json", lambda file: file.write((json.dumps(told, indent=1) + "\n").encode()))
    (folder / NOTHING).unlink(missing_ok=True)


def say_nothing(folder: Path, reason: str) -> None:
    """Leave a line on why there is no record: a filter that never saw an update would else look like a safe one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    atomically(folder / NOTHING, lambda file: file.write(f"Nothing recorded: {reason[:500]}\n".encode()))


def atomically(path: Path, fill: Any) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def merged(told: Mapping[str, Any] | None, found: dict[str, Any]) -> dict[str, Any]:
    """What the framework shows, and over it what the user tells: model, input, training, filters ..."""
    return found | {key: value for key, value in (told or {}).items() if key not in ("files", "format", "private")}
