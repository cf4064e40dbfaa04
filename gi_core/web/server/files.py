"""Files of the page that are answered beside Gradio's queue, so that they never wait for a run."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

CACHED = {"cache-control": "public, max-age=3600"}


class Files:
    """ASGI middleware: ``answer`` gets the name of what is asked for below ``prefix``; all else goes on."""

    def __init__(self, app: ASGIApp, prefix: str, answer: Callable[[str], Response]) -> None:
        self.app, self.prefix, self.answer = app, prefix, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if path.startswith(self.prefix) and scope["method"] in ("GET", "HEAD"):
            await self.answer(path.removeprefix(self.prefix))(scope, receive, send)
        else:
            await self.app(scope, receive, send)
