"""What a deployment allows: one place for every limit of the web app."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from gi_core.components import parse_value
from gi_core.errors import BadInput
from gi_core.torch_setup import default_device


@dataclass(frozen=True)
class Limits:
    """Budgets of one deployment.

    Attributes:
        workers: runs computed at a time; the others wait in line.
        waiting: runs that may wait before newcomers are turned away.
        seconds: wall-clock deadline of a run; what was found until then is kept.
        megabytes: memory of a worker; 0: its share of this machine's.
        image_size, batch_size: largest picture side and batch.
        remembered: finished runs kept in memory for download; minutes: for how long anything of a user is kept.
        per_session: runs that one browser tab may have under way.
        rooms: rooms open at a time, in which a class follows a teacher's runs.
        gpu_from: seconds on the CPU from which a run goes to ZeroGPU; gpu_seconds: the most it asks for there.
        store_megabytes, store_days: size and age at which finished runs on sample pictures leave the disk.
    """

    workers: int = 1
    waiting: int = 128
    seconds: float = 3600.0
    megabytes: float = 0.0
    image_size: int = 224
    batch_size: int = 64
    remembered: int = 24
    minutes: float = 30.0
    per_session: int = 4
    rooms: int = 8
    gpu_from: float = 20.0
    gpu_seconds: float = 60.0
    store_megabytes: float = 256.0
    store_days: float = 30.0

    @property
    def worker_bytes(self) -> int:
        """Memory of a worker: all of them, one for light questions and the server fit into this machine's."""
        share = (0.85 * machine_bytes() - SERVER_BYTES) / (self.workers + 1)
        return int(1e6 * self.megabytes or max(LEAST_BYTES, share))


SERVER_BYTES, LEAST_BYTES = 2e9, 1.5e9


@lru_cache(maxsize=1)
def machine_bytes() -> float:
    """Memory of this machine, or what its container may use of it."""
    told = [float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))] if hasattr(os, "sysconf") else []
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            told.append(float(Path("/sys/fs/cgroup", name).read_text()))
    return min(told, default=8e9)


def store_file() -> Path | None:
    """Where finished runs on sample pictures are kept: ``GI_STORE`` (``off``: nowhere), else the user's cache."""
    if where := os.environ.get("GI_STORE"):
        return None if where == "off" else Path(where)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "gradient-inversion-explorer" / "runs.sqlite3"


def mcp_server() -> bool:
    """Whether the endpoints are offered as tools to language models too: ``GI_MCP=1``. Raises BadInput without mcp."""
    wanted = os.environ.get("GI_MCP", "").lower() in ("1", "true", "yes")
    if wanted and importlib.util.find_spec("mcp") is None:
        raise BadInput('GI_MCP=1 needs a package that is not installed: pip install "gradio[mcp]"')
    return wanted


def hosts() -> tuple[str, ...]:
    """Names of this server: this machine's, a Space's, and those in ``GI_HOSTS``, separated by commas."""
    own = socket.gethostname().lower()
    space = ("*.hf.space", "huggingface.co") if os.environ.get("SPACE_ID") else ()
    given = (part.strip().lower() for part in os.environ.get("GI_HOSTS", "").split(","))
    return ("localhost", "localhost.localdomain", own, f"{own.partition('.')[0]}.local", *space, *filter(None, given))


def proxies() -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks of trusted proxies: ``GI_PROXIES``, none by default; a Space is reached through its own proxy only.

    Raises BadInput for what is no network.
    """
    given = os.environ.get("GI_PROXIES", "0.0.0.0/0,::/0" if os.environ.get("SPACE_ID") else "")
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in given.split(",") if part.strip())
    except ValueError as error:
        raise BadInput(f"GI_PROXIES: {error}: addresses or networks like 10.0.0.0/8 are needed") from None


def limits() -> Limits:
    """Tighter on a shared host (a Hugging Face Space sets SPACE_ID) than on one's own machine.

    ``GI_LIMITS`` changes single ones: ``GI_LIMITS=workers=4,minutes=5``. Raises BadInput for what is no limit.
    """
    allowed = Limits()
    if os.environ.get("SPACE_ID"):
        allowed = Limits(workers=2, seconds=120.0, image_size=64, batch_size=16, per_session=2)
        if default_device() == "cuda":
            allowed = replace(allowed, workers=1, image_size=128, batch_size=32)
    changes: dict[str, Any] = {}
    kinds = {f.name: type(f.default) for f in fields(Limits)}
    for part in filter(None, os.environ.get("GI_LIMITS", "").split(",")):
        name, _, value = part.strip().partition("=")
        if name not in kinds:
            raise BadInput(f"GI_LIMITS: unknown limit {name!r}: allowed are {', '.join(kinds)}")
        changes[name] = parse_value(name, value, kinds[name])
        if changes[name] <= 0:
            raise BadInput(f"GI_LIMITS: {name}={value}: a number above zero is needed")
    return replace(allowed, **changes)
