"""How torch computes here: its threads, its device, and a torchvision that can be imported beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gi_core.errors import BadInput

_library: torch.library.Library | None = None


def thread_count() -> int:
    """``GI_THREADS``: threads that a run may use. Default 1, as two on contended cores can be 10 to 100 times slower.

    Raises BadInput for anything but a whole number from 1 to 1024.
    """
    text = os.environ.get("GI_THREADS") or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= 1024):
        raise BadInput(f"GI_THREADS={text[:40]}: a whole number from 1 to 1024 is needed")
    return int(text)


@contextmanager
def run_threads() -> Iterator[None]:
    """Compute with :func:`thread_count` threads inside the block; the caller's number comes back after it."""
    before, wanted = torch.get_num_threads(), thread_count()
    if before != wanted:
        torch.set_num_threads(wanted)
    try:
        yield
    finally:
        if before != wanted:
            torch.set_num_threads(before)


def default_device() -> str:
    """``GI_DEVICE``, or CUDA where there is one, or the CPU."""
    return os.environ.get("GI_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")


def open_device(name: str | None) -> torch.device:
    """The device called ``name``, None for :func:`default_device`. Raises BadInput where it cannot compute here."""
    name = name or default_device()
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        there = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise BadInput(f"device={name[:60]}: no such device computes here: there is {there}") from None
    return device


def make_torchvision_importable() -> None:
    """Import torchvision even where its compiled operators cannot load (CUDA wheel beside a CPU torch).

    Such a wheel fails while registering shape functions for two operators that nobody here calls; declaring
    their signatures lets the import pass. A good build is left alone.
    """
    global _library
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        _library = torch.library.Library("torchvision", "DEF")  # kept alive: dropping it undefines the operators
        _library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision  # noqa: F401
