"""What the server takes in at all: no file uploads, no body beyond a batch of pictures, no JSON that is costly to read.

A body is read whole and looked at before the framework parses it: 48 MB of nested brackets would otherwise become
2.5 GB of objects and hold everybody up for half a minute.
"""

from __future__ import annotations

from itertools import accumulate

import anyio
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY = 48_000_000
"""Bytes: a request with the largest pictures allowed, six of them, in base64."""
TOGETHER = 4 * BODY
"""Bytes of all bodies that are being read or answered at a time."""
SECONDS = 60.0
"""A body takes no longer to arrive."""
DEPTH, PARTS = 32, 50_000
"""Brackets within brackets, and brackets and commas in all, of a JSON body; those inside texts count too."""
BRACKETS = b"[]{}"
OTHERS = bytes(set(range(256)) - set(BRACKETS))


class UploadGuard:
    """Refuses files, which Gradio would write to the disk and nothing here reads, and bodies that cost too much."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._taken = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        body = bytearray()
        try:
            refusal = refused(scope) or await self._read(receive, body) or too_costly(body)
            if refusal is not None:
                code, words = refusal
                await PlainTextResponse(words, status_code=code)(scope, receive, send)
            else:
                await self.app(scope, replayed(bytes(body), receive), send)
        finally:
            self._taken -= len(body)

    async def _read(self, receive: Receive, body: bytearray) -> tuple[int, str] | None:
        """Fill ``body``; a refusal if it is too large, too slow, or comes while too many others do."""
        try:
            with anyio.fail_after(SECONDS):
                while True:
                    message = await receive()
                    part = message.get("body", b"")
                    if len(body) + len(part) > BODY:
                        return TOO_LARGE
                    if self._taken + len(part) > TOGETHER:
                        return 503, "Too much is being sent to this server now: please try again in a minute."
                    self._taken += len(part)
                    body += part
                    if message["type"] == "http.disconnect" or not message.get("more_body"):
                        return None
        except TimeoutError:
            return 408, f"This request took more than {SECONDS:.0f} seconds to arrive."


TOO_LARGE = (413, f"This request is too large: at most {BODY / 1e6:.0f} MB are taken.")


def refused(scope: Scope) -> tuple[int, str] | None:
    """Code and words for a request that is not even read."""
    headers = dict(scope["headers"])
    kind, length = headers.get(b"content-type", b"").lower(), headers.get(b"content-length", b"0")
    if scope["path"].rstrip("/").endswith("/upload") or kind.startswith(b"multipart/"):
        return 403, "No file is taken here: pictures travel inside the request, as data: URIs, and are never stored."
    if not length.isdigit() or len(length) > 12 or int(length) > BODY:
        return TOO_LARGE
    return None


def too_costly(body: bytes | bytearray) -> tuple[int, str] | None:
    """Code and words for a body that is small, or one long text, only on the wire."""
    brackets = body.translate(None, OTHERS)
    if len(brackets) + body.count(b",") > PARTS:
        return 413, f"This request has too many parts: at most {PARTS:,} brackets and commas are taken."
    deepest = max(accumulate((1 if mark in b"[{" else -1 for mark in brackets), initial=0))
    if deepest > DEPTH:
        return 400, f"This request is nested {deepest} levels deep: at most {DEPTH} are taken."
    return None


def replayed(body: bytes, receive: Receive) -> Receive:
    """The body at once, then whatever comes after it."""
    given = False

    async def replaying() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replaying
