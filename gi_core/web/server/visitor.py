"""Who asks: the address that a request comes from, and the browser's tab."""

from __future__ import annotations

from dataclasses import dataclass

from gradio.context import LocalContext


@dataclass(frozen=True)
class Visitor:
    """``address``: of the request, or of whom a trusted proxy names; ``tab``: a name that a tab gives itself."""

    address: str = ""
    tab: str = ""


NOBODY = Visitor()


def visitor() -> Visitor:
    """Whose request is being answered in this thread; nobody's outside of Gradio's events."""
    request = LocalContext.request.get(None)
    client = getattr(request, "client", None)
    if client is None:
        return NOBODY
    return Visitor(str(client.host), str(getattr(request, "session_hash", "") or ""))
