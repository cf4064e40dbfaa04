"""What the server takes in: no file, no body without end."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from gi_core.web.server import upload_guard


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(upload_guard, "BODY", 1000)

    async def read(request: Request) -> PlainTextResponse:
        try:
            return PlainTextResponse(str(len(await request.body())))
        except ClientDisconnect:
            return PlainTextResponse("cut off", status_code=400)

    routes = [Route("/{path:path}", read, methods=["GET", "POST"])]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(upload_guard.UploadGuard)]))


def test_what_fits_passes(client):
    assert client.post("/gradio_api/queue/join", json={"a": 1}).text == "7"
    assert client.post("/x", content=iter([b"a" * 600, b"b" * 400])).text == "1000"
    assert client.get("/gradio_api/upload").status_code == 200


@pytest.mark.parametrize("path", ["/gradio_api/upload", "/upload/", "/gradio_api/component_server"])
def test_no_file_is_taken(client, path):
    answer = client.post(path, files={"files": ("a.jpg", b"picture")})
    assert answer.status_code == 403 and "never stored" in answer.text


@pytest.mark.parametrize("length", ["1001", "-1", "many"])
def test_a_body_that_says_it_is_too_large_is_not_read(client, length):
    assert client.post("/x", content=b"a", headers={"content-length": length}).status_code == 413


def test_a_body_that_does_not_say_how_long_it_is_is_cut_off(client):
    assert client.post("/x", content=iter([b"a" * 600] * 5)).text == "cut off"
