"""Who sends the model: the honest server and the malicious ones, one manipulation a file."""

from __future__ import annotations

from gi_core.servers.base import Reading, Sent, Server, servers

servers.load(__name__)

__all__ = ["Reading", "Sent", "Server", "servers"]
