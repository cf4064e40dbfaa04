"""The server that only watches."""

from __future__ import annotations

from dataclasses import dataclass

from gi_core.servers.base import Server, servers


@servers.register("honest")
@dataclass(frozen=True, kw_only=True)
class Honest(Server):
    """Sends everybody the model that was agreed on, and looks at what comes back."""
