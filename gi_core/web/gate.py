"""What the server takes in at all: no file uploads, no body beyond a batch of pictures."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

BODY = 48_000_000
"""Bytes: a request with the largest pictures allowed, six of them, in base64."""


class Gate:
    """Refuses Gradio's upload endpoint, which would write files that nothing here reads, and oversized bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            code, words = refusal
            await PlainTextResponse(words, status_code=code)(scope, receive, send)


def _refusal(scope: Scope) -> tuple[int, str] | None:
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return None
    if scope["path"].rstrip("/").endswith("/upload"):
        return 403, "No file is taken here: pictures travel inside the request, as data: URIs, and are never stored."
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0" if b"transfer-encoding" not in headers else b"")
    if not length.isdigit():
        return 411, "This request does not say how long it is."
    if int(length) > BODY:
        return 413, f"This request has {int(length) / 1e6:.0f} MB: at most {BODY / 1e6:.0f} are taken."
    return None
