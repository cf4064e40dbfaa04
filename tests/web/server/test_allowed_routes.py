"""Only the framework's routes that this app uses are open; one that a new version brings is closed."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route

from gi_core.web import app
from gi_core.web.server import allowed_routes
from gi_core.web.server.allowed_routes import AllowedRoutes

OPEN = {
    "/", "/config", "/config/", "/theme.css", "/favicon.ico", "/robots.txt", "/manifest.json",
    "/assets/{path:path}", "/static/{path:path}", "/svelte/{path:path}",
    "/gradio_api/startup-events", "/gradio_api/app_id", "/gradio_api/app_id/", "/gradio_api/theme.css",
    "/gradio_api/heartbeat/{session_hash}", "/gradio_api/queue/join", "/gradio_api/queue/data",
    "/gradio_api/component_server", "/gradio_api/component_server/", "/gradio_api/cancel",
    "/gradio_api/reset", "/gradio_api/reset/", "/gradio_api/info", "/gradio_api/info/", "/gradio_api/openapi.json",
    "/gradio_api/call/{api_name}", "/gradio_api/call/{api_name}/", "/gradio_api/call/{api_name}/{event_id}",
    "/gradio_api/call/v2/{api_name}", "/gradio_api/call/v2/{api_name}/", "/gradio_api/call/v2/{api_name}/{event_id}",
}  # fmt: skip


def framework_routes(blocks):
    """(path, methods) of every route of the framework, those that are included from routers too."""
    found = []

    def walk(routes, prefix=""):
        for route in routes:
            if isinstance(route, Route):
                found.append((prefix + route.path, route.methods or set()))
            elif hasattr(route, "effective_route_contexts"):
                found.extend((r.path, r.methods or set()) for r in route.effective_route_contexts())
            elif hasattr(route, "routes"):
                walk(route.routes or [], prefix + getattr(route, "path", ""))

    walk(blocks.app.routes)
    return found


def example(path):
    """An address that the route's path matches."""
    return re.sub(r"\{[^}]*\}", "abc123", path)


@pytest.fixture(scope="module")
def blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GI_STORE", "off")
        return app.build()


@pytest.fixture(scope="module")
def guard():
    return AllowedRoutes(None, (*allowed_routes.PAGE, *allowed_routes.CALLS, *allowed_routes.API))


def allows(guard, method, path, root=""):
    return guard._allows({"type": "http", "method": method, "path": path, "root_path": root})


def test_every_route_of_the_framework_is_open_or_closed_as_meant(blocks, guard):
    routes = framework_routes(blocks)
    assert len(routes) > 40 and {path for path, _ in routes} >= OPEN - {"/svelte/{path:path}"}
    opened = {path for path, methods in routes if any(allows(guard, m, example(path)) for m in methods)}
    assert opened - OPEN == set()
    assert OPEN & {path for path, _ in routes} == opened


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/gradio_api/deep_link"), ("POST", "/gradio_api/upload"), ("POST", "/gradio_api/process_recording"),
        ("POST", "/gradio_api/run/run_attack"), ("POST", "/gradio_api/api/run_attack"), ("GET", "/gradio_api/file=/a"),
        ("GET", "/gradio_api/proxy=http://a/"), ("GET", "/monitoring"), ("GET", "/gradio_api/queue/join"),
        ("POST", "/"), ("GET", "/gradio_api/mcp/"), ("GET", "//gradio_api/deep_link"), ("GET", "/config/../upload"),
    ],
)  # fmt: skip
def test_what_is_not_used_is_closed(guard, method, path):
    assert not allows(guard, method, path) and not allows(guard, method, f"/app{path}", "/app")


def test_behind_a_prefix_the_same_routes_are_open(guard):
    assert allows(guard, "GET", "/app/config", "/app") and allows(guard, "GET", "/app", "/app")
    tools = AllowedRoutes(None, allowed_routes.TOOLS)
    assert allows(tools, "POST", "/gradio_api/mcp/") and not allows(tools, "GET", "/gradio_api/mcp/sse")
