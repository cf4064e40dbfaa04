"""A served app and a real browser. Without Chromium the browser tests are skipped; under CI=true they fail."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[str, object]]:
    """(URL, desk) of the app on a free port."""
    from gi_core.web import page
    from gi_core.web.live import Desk
    from gi_core.web.settings import Limits

    desk = Desk(Limits(image_size=64, batch_size=8))
    demo = page.build(desk)
    _, url, _ = demo.launch(**page.launch_settings(), prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    yield url, desk
    demo.close()


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
    """A fresh tab on the app; afterwards: no console error, no request to another host."""
    url, _ = served
    tab = browser.new_page()
    tab.set_viewport_size({"width": 1440, "height": 900})
    errors: list[str] = []
    foreign: list[str] = []
    tab.on("console", lambda message: message.type == "error" and errors.append(message.text))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("request", lambda request: _foreign(request.url, url) and foreign.append(request.url))
    tab.goto(url)
    tab.wait_for_selector("[data-r=state]:not(:empty)", timeout=20_000)
    yield tab
    tab.close()
    assert errors == []
    assert foreign == []


def _foreign(address: str, own: str) -> bool:
    return not address.startswith((own, "data:", "blob:"))
