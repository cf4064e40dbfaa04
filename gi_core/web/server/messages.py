"""What is said of a run that failed, and how a request is named."""

from __future__ import annotations

import hashlib
from typing import Any

from torch import Tensor

from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.store import address

OWN_PICTURE = "your-picture.png"


def unstarted() -> BadInput:
    """What is said of a run that was ended before it had anything to show."""
    return BadInput("stopped, or out of time, before the attack's first step")


def failed(run_id: str, error: BadInput) -> dict[str, Any]:
    """The message that puts one sentence in place of the verdict."""
    return {"run": {"id": run_id, "state": "failed", "message": sentence(str(error))}}


def crashed(run_id: str) -> dict[str, Any]:
    """What the browser shows when a computation fails for a reason that is ours."""
    return failed(run_id, BadInput("this run failed on the server, which is a fault of this program"))


def sentence(text: str) -> str:
    """First letter large, a full stop at the end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def names(pictures: list[Any]) -> list[str]:
    """How commands name the pictures: samples by name, one's own as a file to fill in."""
    given = [p if isinstance(p, dict) else {"sample": p} for p in pictures]
    return [p["sample"] if "data" not in p and not p["sample"].startswith("data:") else OWN_PICTURE for p in given]


def content_key(scenario: Scenario, images: Tensor, named: list[str]) -> str:
    """Equal for equal requests, own pictures by their content."""
    return address(scenario, [*named, hashlib.sha256(images.numpy().tobytes()).hexdigest()])
