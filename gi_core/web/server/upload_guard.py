"""What the server takes in at all: no file uploads, no body beyond a batch of pictures."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY = 48_000_000
"""Bytes: a request with the largest pictures allowed, six of them, in base64."""


class UploadGuard:
    """Refuses files, which Gradio would write to the disk and nothing here reads, and oversized bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(scope) if scope["type"] == "http" else None
        if refusal is not None:
            code, words = refusal
            await PlainTextResponse(words, status_code=code)(scope, receive, send)
        else:
            await self.app(scope, _counted(receive), send)


def _refusal(scope: Scope) -> tuple[int, str] | None:
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return None
    headers = dict(scope["headers"])
    kind, length = headers.get(b"content-type", b"").lower(), headers.get(b"content-length", b"0")
    if scope["path"].rstrip("/").endswith("/upload") or kind.startswith(b"multipart/"):
        return 403, "No file is taken here: pictures travel inside the request, as data: URIs, and are never stored."
    if not length.isdigit() or int(length) > BODY:
        return 413, f"This request is too large: at most {BODY / 1e6:.0f} MB are taken."
    return None


def _counted(receive: Receive) -> Receive:
    """The same, but a body that turns out too large, having said no length, ends like a lost connection."""
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return message if taken <= BODY else {"type": "http.disconnect"}

    return counting
