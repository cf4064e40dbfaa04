"""Whatever route of the framework is called with a photograph, well or badly formed: its bytes stay nowhere."""

from __future__ import annotations

import base64
import contextlib
import gc
import io
import json
import logging
import subprocess
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request

import pytest

from gi_core.web import app
from gi_core.web.server.redacted_log import redacted
from tests.web.server.test_allowed_routes import example, framework_routes
from tests.web.server.test_session_cleanup import MINUTES, PLACE, found, photograph, traces

FIELDS = {"model": "mlp", "attack": "analytic", "image_size": 16}


def uri():
    return "data:image/jpeg;base64," + base64.b64encode(photograph()).decode()


def call(server, method, path, body=None, kind="application/json", seconds=20):
    """Status and beginning of the answer; streams are left after their first lines."""
    request = urllib.request.Request(server.url + path.lstrip("/"), body, {"Content-Type": kind}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, answer.read(100_000 if "stream" not in answer.headers["content-type"] else 16)
    except urllib.error.HTTPError as error:
        return error.code, error.read(100_000)
    except (TimeoutError, urllib.error.URLError, ConnectionError, OSError) as error:
        return 0, str(error).encode()


def bodies():
    """Requests with the photograph in them: as they should be, and broken in many ways."""
    picture = uri()
    well = {
        "data": [[picture], "mlp", 10, 16],
        "fn_index": 0,
        "session_hash": "own",
        "event_data": {"pictures": [picture]},
    }
    yield json.dumps(well).encode(), "application/json"
    for data in ([[picture], "mlp"], [picture], [[[picture]] * 3], {"images": picture}, picture, [], None):
        yield json.dumps(well | {"data": data}).encode(), "application/json"
    for fields in (
        {"fn_index": picture}, {"session_hash": [picture]}, {"event_data": picture}, {"trigger_id": picture},
        {"fn_name": picture, "component_id": 3}, {"fn_name": "download", "component_id": picture},
        {"fn_name": "describe", "component_id": 3, "data": [picture]}, {"event_id": picture}, {picture: picture},
    ):  # fmt: skip
        yield json.dumps(well | fields).encode(), "application/json"
    whole = json.dumps(well).encode()
    yield whole[:-9], "application/json"
    yield whole, "text/plain"
    yield picture.encode(), "application/json"
    yield photograph(), "image/jpeg"
    part = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="p.jpg"\r\n\r\n'
        + photograph()
        + b"\r\n--x--\r\n"
    )
    yield part, "multipart/form-data; boundary=x"


def test_no_route_of_the_framework_leaves_a_picture_on_disk_or_in_a_log(launch, monkeypatch):
    monkeypatch.setenv("GI_STORE", "off")
    routes = framework_routes(app.build())
    server = launch(GI_LIMITS=f"minutes={MINUTES},seconds=20")
    for path, methods in routes:
        address = example(path).replace("abc123", "run_attack", 1)
        for method in methods - {"HEAD", "POST"}:
            call(server, method, f"{address}?session_hash=own&deep_link=own", seconds=2)
        if "POST" in methods:
            for body, kind in bodies():
                status, _ = call(server, "POST", address, body, kind)
                assert status != 0, f"{path} gave no answer"
    assert found(server, [PLACE, *traces(photograph())]) == []
    assert "message left out" in (server.folder / "log").read_text(), "some of these calls do end in a traceback"


def test_too_few_parameters_do_not_print_the_picture(launch):
    """The framework says what it got, in a traceback."""
    server = launch(GI_STORE="off")
    status, answer = call(server, "POST", "gradio_api/call/run_attack", json.dumps({"data": [[uri()], "mlp"]}).encode())
    assert status == 200
    event = json.loads(answer)["event_id"]
    assert b"error" in call(server, "GET", f"gradio_api/call/run_attack/{event}")[1]
    log = server.folder / "log"
    assert "ValueError (message left out)" in log.read_text()
    assert found(server, [PLACE, *traces(photograph())]) == []


def test_no_link_to_the_state_of_a_session_is_made(launch):
    server = launch(GI_STORE="off")
    body = {"data": {"search": ""}, "component_id": 1, "fn_name": "describe", "session_hash": "own"}
    call(server, "POST", "gradio_api/component_server", json.dumps(body).encode())
    assert call(server, "GET", "gradio_api/deep_link?session_hash=own")[0] == 404
    assert not list(server.folder.rglob("deep_links"))


SEND = """
import sys, json
from gradio_client import Client
from tests.web.server.test_privacy import FIELDS, uri
answer = Client(sys.argv[1], verbose=False).predict(images=[uri()], api_name="/run_attack", **FIELDS)
assert answer["scores"]
"""
ABANDON = """
import sys, json, urllib.request
from tests.web.server.test_privacy import uri
body = json.dumps({"data": [[uri()], "mlp"]}).encode()
urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "gradio_api/call/run_attack", body,
                                              {"Content-Type": "application/json"})).read()
"""


def holders(piece):
    """Texts and bytes of this process that hold the piece, among all that the collector can reach."""
    gc.collect()
    texts = {}
    for thing in gc.get_objects():
        for held in gc.get_referents(thing):
            if type(held) in (str, bytes, bytearray) and len(held) > 4 * len(piece):
                texts[id(held)] = held
    return sum(1 for text in texts.values() if (piece if isinstance(text, str) else piece.encode()) in text)


@pytest.mark.slow
@pytest.mark.parametrize("script", [SEND, ABANDON], ids=["answered", "left"])
def test_the_last_request_leaves_the_memory(script, monkeypatch):
    """Of what another process sends, nothing is held after the deletion time, not even by the framework."""
    monkeypatch.setenv("GI_LIMITS", f"minutes={MINUTES}")
    monkeypatch.setenv("GI_STORE", "off")
    piece = uri()[4000:4060]
    demo = app.build()
    _, url, _ = demo.launch(**app.launch_settings(), prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    try:
        subprocess.run([sys.executable, "-c", script, url], check=True, timeout=120)
        end = time.monotonic() + 60 * MINUTES + 20
        while holders(piece) and time.monotonic() < end:
            time.sleep(0.5)
        assert holders(piece) == 0
    finally:
        demo.close()


def test_logs_tell_where_and_not_with_what(capsys):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("somebody.elses")
    logger.addHandler(handler)
    secret = "N48.85"
    try:
        with redacted():
            logger.warning(f"cannot read {secret}")
            with contextlib.suppress(KeyError):
                try:
                    raise ValueError(secret)
                except ValueError as error:
                    logger.error("%s", secret, exc_info=True)
                    raise KeyError(secret) from error
            try:
                raise RuntimeError(secret)
            except RuntimeError:
                traceback.print_exc()
            thread = threading.Thread(target=int, args=[secret])
            thread.start()
            thread.join()
    finally:
        logger.removeHandler(handler)
    told = stream.getvalue() + capsys.readouterr().err
    assert secret not in told
    assert all(kind in told for kind in ("ValueError", "RuntimeError", "WARNING at", "test_privacy.py"))
