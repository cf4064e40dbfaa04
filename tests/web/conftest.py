"""A served app and a real browser. Without Chromium the browser tests are skipped; under CI=true they fail."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.web.stage import arrive

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[str, object]]:
    """(URL, service) of the app on a free port."""
    from gi_core.web import app
    from gi_core.web.server.run_service import RunService
    from gi_core.web.settings import Limits

    service = RunService(Limits(image_size=64, batch_size=8))
    demo = app.build(service)
    _, url, _ = demo.launch(**app.launch_settings(), prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    yield url, service
    demo.close()


@dataclass
class Server:
    """``app.py`` in a process of its own, whose home and temporary files lie in one folder."""

    process: subprocess.Popen
    url: str
    folder: Path

    def resident(self) -> float:
        """Memory in MB, after garbage was collected and free blocks were handed back (SIGUSR1 asks for it)."""
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(0.7)
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


BEGIN = """
import ctypes, gc, os, runpy, signal, sys
def tidy(*_):
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
signal.signal(signal.SIGUSR1, tidy)
log = open(os.environ["WRITTEN"], "a", buffering=1)
def hook(event, args):
    if event == "open" and isinstance(args[0], str) and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        log.write(os.path.abspath(args[0]) + "\\n")
sys.addaudithook(hook)
sys.argv = ["app.py"]
runpy.run_path("app.py", run_name="__main__")
"""


@pytest.fixture
def launch(tmp_path) -> Iterator[Callable[..., Server]]:
    """``launch(port=..., GI_LIMITS=...)``: start app.py with these settings; all are killed afterwards.

    Every path that the process opens for writing is appended to ``folder/written``.
    """
    started: list[Server] = []

    def start(port: int = 0, **settings: str) -> Server:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            port = probe.getsockname()[1]
        folder = tmp_path / "server"
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        places = {"HOME": folder, "TMPDIR": folder / "tmp", "XDG_CACHE_HOME": folder / "cache"}
        serving = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), "PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            [sys.executable, "-c", BEGIN], cwd=ROOT, stdout=(folder / "log").open("a"), stderr=subprocess.STDOUT,
            env=os.environ | {k: str(v) for k, v in places.items()} | serving
            | {"WRITTEN": str(folder / "written")} | settings,
        )  # fmt: skip
        server = Server(process, f"http://127.0.0.1:{port}/", folder)
        started.append(server)
        for _ in range(600):
            assert process.poll() is None, (folder / "log").read_text()
            with contextlib.suppress(OSError), urllib.request.urlopen(server.url + "gradio_api/startup-events"):
                return server
            time.sleep(0.2)
        raise TimeoutError((folder / "log").read_text())

    yield start
    for server in started:
        server.kill()


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """A headless Chromium that knows no other host."""
    playwright = pytest.importorskip("playwright.sync_api") if not os.environ.get("CI") else None
    if playwright is None:
        import playwright.sync_api as playwright
    if CHROMIUM is None:
        reason = "no Chromium on this machine: install the system package 'chromium'"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with playwright.sync_playwright() as driver, tempfile.TemporaryDirectory() as profile:
        context = driver.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, headless=True, args=FLAGS, viewport={"width": 1440, "height": 900}
        )
        yield context
        context.close()


@pytest.fixture
def page(browser, served) -> Iterator[object]:
    """A fresh tab on Explore; afterwards: no console error, no request to another host."""
    url, _ = served
    tab = browser.new_page()
    tab.set_viewport_size({"width": 1440, "height": 900})
    errors: list[str] = []
    foreign: list[str] = []
    tab.on("console", lambda message: message.type == "error" and errors.append(message.text))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("request", lambda request: _foreign(request.url, url) and foreign.append(request.url))
    arrive(tab, url)
    yield tab
    tab.evaluate("try { localStorage.clear() } catch {}")
    tab.close()
    assert errors == []
    assert foreign == []


def _foreign(address: str, own: str) -> bool:
    return not address.startswith((own, "data:", "blob:"))
