"""Take the README's screenshots from the running app: ``python assets/screenshots/take.py`` (needs Chromium)."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from gi_core.web import build, launch_settings

HERE = Path(__file__).parent
SHOTS = {
    "lab": ("", 1440, 940),
    "lab-dark": ("?__theme=dark", 1440, 940),
    "lab-375": ("", 375, 812),
}
TABS = ("Dial", "Compare", "Anatomy", "Lesson")
CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def main() -> None:
    demo = build()
    _, url, _ = demo.launch(**launch_settings(), prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tempfile.mkdtemp(), executable_path=shutil.which("chromium"), headless=True, args=CHROMIUM
        )
        page = browser.new_page()
        for name, (query, width, height) in SHOTS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(url + query)
            page.wait_for_selector("[data-r=state]:not(:empty)")
            page.wait_for_timeout(9000)
            page.screenshot(path=HERE / f"{name}.png")
        page.set_viewport_size({"width": 1440, "height": 940})
        page.goto(url)
        page.wait_for_selector("[data-r=state]:not(:empty)")
        for tab in TABS:
            page.get_by_role("tab", name=tab, exact=True).first.click()
            page.wait_for_timeout(6000)
            page.screenshot(path=HERE / f"{tab.lower()}.png")
        browser.close()
    demo.close()


if __name__ == "__main__":
    main()
