"""Torch set-up that must happen before anything else imports torchvision or starts a thread."""

from __future__ import annotations

import ctypes
import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

_library: torch.library.Library | None = None


def use_one_thread() -> None:
    """One thread: two on contended cores can be 10-100x slower (OpenMP spin waits)."""
    torch.set_num_threads(1)


def keep_freed_memory() -> None:
    """Let glibc keep large freed blocks instead of handing them back to the kernel and faulting them in again.

    A double backward allocates and frees a gradient's worth of memory many times over: on ResNet-18 an iteration takes
    0.85x the time. Elsewhere than on glibc nothing happens.
    """
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(mmap_threshold, 32 * 2**20)  # the greatest value that glibc accepts
    mallopt(trim_threshold, 2**30)


def share_heaps() -> None:
    """Let threads share two heaps (glibc; elsewhere nothing happens): for a server, which begins a thread per run.

    By default every thread may take a heap of its own, eight per core, and what it freed stays in there.
    """
    arena_max = -8  # M_ARENA_MAX of malloc.h
    try:
        ctypes.CDLL("libc.so.6").mallopt(arena_max, 2)
    except (OSError, AttributeError):
        return


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
