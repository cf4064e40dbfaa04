"""What is seen until the app has started: the first recorded run, playing in the page as it is served."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gi_core.web.screens.lab.lab import replay
from gi_core.web.widget import as_script, replay_names, source
from gi_core.web.words import LANGUAGES

FRAMES = 20
WORDS = ("title", "story", "client_keeps", "attacker_sees")


@lru_cache(maxsize=1)
def snippet() -> bytes:
    """A piece of HTML for the end of <body>; empty where no run is recorded."""
    if not replay_names():
        return b""
    run = replay(replay_names()[0])["run"]
    chosen = sorted({round(i) for i in np.linspace(0, len(run["frames"]) - 1, FRAMES)})
    given = {
        "side": run["size"]["width"],
        "truth": run["truth"],
        "sprite": run["sprite"],
        "frames": [{key: run["frames"][i][key] for key in ("iteration", "row")} for i in chosen],
        "words": {language: {key: table[key] for key in WORDS} for language, table in LANGUAGES.items()},
    }
    return source("preload.html").replace("GIVEN", as_script(given)).encode()


class Preload:
    """ASGI middleware that puts the snippet into the app's own page, and touches nothing else."""

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
                before, end, after = body.rpartition(b"</body>")
                body = before + snippet() + end + after if end else body
                headers["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, filled)
