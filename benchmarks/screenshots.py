"""Pictures of every screen for the README: ``python benchmarks/screenshots.py [FOLDER]`` (playwright, Chromium)."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click
import here  # noqa: F401
from playwright.sync_api import sync_playwright

from gi_core.web import build, launch_settings

MODES = {
    "desktop": (1440, 900, ""),
    "1280": (1280, 720, ""),
    "375": (375, 812, ""),
    "dark": (1440, 900, "&__theme=dark"),
    "projector": (1920, 1080, "&projector=1"),
}
ROOMS = ("compare", "evidence")
SHOTS = {
    f"{room}-{mode}": (width, height, f"?tab={room}&lang=en{query}")
    for room in ROOMS
    for mode, (width, height, query) in MODES.items()
} | {
    "lab-light": (1440, 900, "?lang=en"),
    "lab-dark": (1440, 900, "?__theme=dark&lang=en"),
    "lab-375": (375, 812, "?lang=en"),
    "lab-projector": (1280, 720, "?projector=1&lang=en"),
    "dial": (1440, 900, "?tab=dial&lang=en"),
    "anatomy": (1440, 900, "?tab=anatomy&lang=en"),
    "lesson": (1440, 900, "?tab=lesson&step=4&lang=en"),
    "lesson-german": (1440, 900, "?tab=lesson&step=6&lang=de"),
    "lab-german-375": (375, 812, "?lang=de"),
}


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path), default=Path("assets/screens"))
def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _, url, _ = build().launch(**launch_settings(), prevent_thread_lock=True, quiet=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as profile:
        browser = driver.chromium.launch_persistent_context(
            profile, executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        for name, (width, height, query) in SHOTS.items():
            page = browser.new_page()
            page.set_viewport_size({"width": width, "height": height})
            page.goto(url + query)
            page.wait_for_function("(document.querySelector('[data-r=state]') || {}).textContent")
            page.wait_for_timeout(8000)
            page.wait_for_function("!document.body.innerText.includes('measuring')", timeout=90_000)
            page.screenshot(path=folder / f"{name}.png")
            print(folder / f"{name}.png", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
