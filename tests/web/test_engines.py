"""The engine's own tests in every browser engine of this machine: tests/js/engine.test.js and session.test.js."""

from __future__ import annotations

import functools
import http.server
import json
import os
import queue
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from tests.web.conftest import CHROMIUM, FLAGS

ROOT = Path(__file__).resolve().parents[2]
FIREFOX = next(filter(None, map(shutil.which, ("firefox", "firefox-esr"))), None)
LONG = 600

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture
def told():
    """The page's address, and what it tells when its tests have run."""
    found: queue.Queue[dict] = queue.Queue()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            found.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(ROOT)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/tests/js/engines.html", found
    server.shutdown()


def commands(profile: Path) -> dict[str, list[str] | None]:
    chromium = CHROMIUM and [CHROMIUM, *FLAGS, f"--user-data-dir={profile}"]
    firefox = FIREFOX and [FIREFOX, "--headless", "--no-remote", "--profile", str(profile)]
    return {"Chrome": chromium, "Firefox": firefox}


@pytest.mark.parametrize("engine", ["Chrome", "Firefox"])
def test_the_numbers_are_gi_core_s(engine, told, tmp_path):
    address, found = told
    command = commands(tmp_path)[engine]
    if command is None:
        pytest.fail(f"no {engine} on this machine") if engine == "Chrome" and os.environ.get("CI") else pytest.skip(
            engine
        )
    with subprocess.Popen([*command, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            answer = found.get(timeout=LONG)
        finally:
            process.terminate()
    assert engine in answer["agent"]
    assert answer["failed"] == [] and answer["passed"] > 200
