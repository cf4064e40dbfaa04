"""The page as it is served: with its styles, its script and the first room in it, before Gradio has started."""

from __future__ import annotations

from functools import lru_cache

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gi_core.web.screens.explore import explore
from gi_core.web.widget import as_script, head, source


@lru_cache(maxsize=1)
def beginning() -> bytes:
    """Styles, bundle and words, for the end of <head>."""
    return head().encode()


@lru_cache(maxsize=1)
def snippet() -> bytes:
    """Explore and the header, for the end of <body>; Gradio's widgets take them over."""
    return source("preload.html").replace("GIVEN", as_script(explore.catalog())).encode()


class Preload:
    """ASGI middleware that puts both into the app's own page, and touches nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = scope["type"] == "http" and scope["method"] == "GET"
        if not own or scope["path"].rstrip("/") != scope.get("root_path", "").rstrip("/"):
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def filled(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            headers = MutableHeaders(raw=start["headers"])
            if headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers:
                for tag, given in ((b"</head>", beginning()), (b"</body>", snippet())):
                    before, end, after = body.rpartition(tag)
                    body = before + given + end + after if end else body
                headers["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, filled)
