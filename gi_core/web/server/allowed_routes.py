"""The framework's routes that this app uses; all others, known and to come, are refused.

Among the refused are some that write what a visitor sent to the disk (uploads, deep links, recordings), that call a
function past the queue, or that show the server's files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

READ = ("GET", "HEAD", "OPTIONS")
POST = ("POST", "OPTIONS")
Routes = Sequence[tuple[str, Sequence[str]]]

PAGE: Routes = (
    (r"/", READ),
    (r"/config/?", READ),
    (r"/(favicon\.ico|robots\.txt|manifest\.json|theme\.css)", READ),
    (r"/(assets|static|svelte)/.+", READ),
    (r"/gi/plotly\.min\.js", READ),
    (r"/gradio_api/(startup-events|app_id/?|theme\.css)", READ),
    (r"/gradio_api/heartbeat/[^/]+", READ),
)
"""What a browser loads."""

CALLS: Routes = (
    (r"/gradio_api/queue/join", POST),
    (r"/gradio_api/queue/data", READ),
    (r"/gradio_api/component_server/?", POST),
    (r"/gradio_api/(cancel|reset/?)", POST),
)
"""What the page and ``gradio_client`` send while they run."""

API: Routes = (
    (r"/gradio_api/(info/?|openapi\.json)", READ),
    (r"/gradio_api/call/(v2/)?\w+/?", POST),
    (r"/gradio_api/call/(v2/)?\w+/\w+", READ),
)
"""The API page, and what it tells people to type."""

TOOLS: Routes = ((r"/gradio_api/mcp(/|/schema)?", ("GET", "POST", "DELETE", "OPTIONS")),)
"""The endpoints as tools for language models, where they are asked for."""


class AllowedRoutes:
    """ASGI middleware: answers 404 to whatever is not in ``routes``, (pattern, methods) each."""

    def __init__(self, app: ASGIApp, routes: Routes) -> None:
        self.app = app
        self.routes = [(re.compile(pattern), methods) for pattern, methods in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._allows(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await PlainTextResponse("There is nothing here.", status_code=404)(scope, receive, send)

    def _allows(self, scope: Scope) -> bool:
        path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/")) or "/"
        return scope["type"] == "http" and any(
            scope["method"] in methods and pattern.fullmatch(path) for pattern, methods in self.routes
        )
