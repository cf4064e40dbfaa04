"""What the server takes in: no file, no body without end."""

from __future__ import annotations

import asyncio
import json

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from benchmarks.load import at_once
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
    assert client.post("/x", content=iter([b"a" * 600] * 5)).status_code == 413


@pytest.mark.parametrize(
    "body", [b"[" * 900, b'{"a":' * 50 + b"1" + b"}" * 50, b"[" + b"[]," * 300 + b"[]]", b"[" + b"1," * 400 + b"1]"]
)
def test_a_body_that_is_costly_to_parse_is_not_parsed(client, monkeypatch, body):
    monkeypatch.setattr(upload_guard, "PARTS", 300)
    answer = client.post("/x", content=body)
    assert answer.status_code in (400, 413) and "at most" in answer.text


def test_brackets_and_commas_of_a_large_request_fit():
    pictures = [{"data": "data:image/png;base64," + "A" * 100_000}] * 64
    body = json.dumps({"data": [pictures], "event_data": {"a": {"b": [1, [2]]}}}).encode()
    assert upload_guard.too_costly(body) is None


def test_the_bodies_of_all_together_have_a_limit(monkeypatch):
    monkeypatch.setattr(upload_guard, "TOGETHER", 1000)
    answers, waiting = [], asyncio.Event()

    async def slow(scope, receive, send):
        await receive()
        await waiting.wait()
        await PlainTextResponse("served")(scope, receive, send)

    guard = upload_guard.UploadGuard(slow)

    async def post(size):
        async def receive():
            return {"type": "http.request", "body": b"a" * size, "more_body": False}

        async def send(message):
            if message["type"] == "http.response.start":
                answers.append(message["status"])

        await guard({"type": "http", "method": "POST", "path": "/x", "headers": []}, receive, send)

    async def all_three():
        first = asyncio.create_task(post(800))
        await asyncio.sleep(0)
        await post(800)
        assert answers == [503]
        waiting.set()
        await first
        await post(800)

    at_once(all_three())  # a browser test before this one leaves an event loop running in this thread
    assert answers == [503, 200, 200] and guard._taken == 0
