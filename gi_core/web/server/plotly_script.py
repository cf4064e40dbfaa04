"""plotly.js as it lies in the Python package, for the charts of the Evidence room: from this host, never another."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from starlette.responses import FileResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/gi/plotly.min.js"


def script() -> Path:
    """The file; the package itself, which takes a second to import, is not."""
    found = find_spec("plotly")
    if found is None or found.origin is None:
        raise RuntimeError("plotly is missing: pip install -r requirements.txt")
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


class PlotlyScript:
    """ASGI middleware that answers ``PATH`` with the script and touches nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope.get("root_path", "").rstrip("/")
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].removeprefix(root) == PATH:
            kept = {"cache-control": "public, max-age=86400"}
            await FileResponse(script(), media_type="text/javascript", headers=kept)(scope, receive, send)
            return
        await self.app(scope, receive, send)
