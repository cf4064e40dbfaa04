"""What benchmarks measure a process by: its clock, its peak memory, and a process of its own for each row."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from typing import Any

import torch


def clock(device: str = "cpu") -> float:
    """Seconds: of CPU that this process used; on another device of the wall, once the device has caught up."""
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def peak(device: str = "cpu") -> float:
    """MiB: the largest resident size of this process so far; on another device the most that was allocated there."""
    if device == "cpu":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return torch.cuda.max_memory_allocated() / 2**20


def fresh(script: str, *arguments: str) -> dict[str, Any]:
    """What ``script`` prints as JSON in its last line, in a process of its own."""
    done = subprocess.run([sys.executable, script, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])
