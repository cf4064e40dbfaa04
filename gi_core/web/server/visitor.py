"""Who asks: a name that the Hub vouches for or the address that a request comes from, and the browser's tab."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from gradio.context import LocalContext


@dataclass(frozen=True)
class Visitor:
    """Whom the line counts.

    Attributes:
        address: the user who signed in, else the address of the request, or of whom a trusted proxy names; of IPv6 the
            network, as one customer has 2^64 addresses (RFC 6177).
        tab: a name that a tab gives itself.
    """

    address: str = ""
    tab: str = ""


NOBODY = Visitor()
PROGRAM = "a program"
"""The tab of all calls from an address that no page makes: names of sessions are theirs to make up."""


def visitor() -> Visitor:
    """Whose request is being answered in this thread; nobody's outside of Gradio's events."""
    request = LocalContext.request.get(None)
    client = getattr(request, "client", None)
    if client is None:
        return NOBODY
    user = getattr(request, "username", None)
    where = f"user {user}" if user else network(str(client.host))
    return Visitor(where, str(getattr(request, "session_hash", "") or ""))


def program() -> Visitor:
    """Who calls an endpoint: one for each address, whatever sessions it names."""
    return Visitor(visitor().address, PROGRAM)


def network(address: str) -> str:
    """An IPv4 address as it is, of an IPv6 address its /64."""
    try:
        return str(ip_network(f"{ip_address(address)}/64", strict=False)) if ":" in address else address
    except ValueError:
        return address
