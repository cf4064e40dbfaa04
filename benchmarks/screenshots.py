"""Pictures of every room for the README: ``python benchmarks/screenshots.py [FOLDER]`` (playwright, Chromium)."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click
import here  # noqa: F401
from PIL import Image
from playwright.sync_api import sync_playwright

from gi_core.web import build, launch_settings

COLOURS = 256
"""Of a stored picture: text and edges stay as they are, and a file stays small."""
MODES = {
    "desktop": (1440, 900, ""),
    "1280": (1280, 720, ""),
    "375": (375, 812, ""),
    "dark": (1440, 900, "&__theme=dark"),
    "projector": (1920, 1080, "&projector=1"),
}
ROOMS = ("explore", "compare", "evidence", "cheat")
SHOTS = {
    f"{room}-{mode}": (width, height, f"?tab={room}&lang=en{query}")
    for room in ROOMS
    for mode, (width, height, query) in MODES.items()
} | {
    "explore-lesson": (1440, 900, "?tab=lesson&lang=en"),
    "explore-expert": (1440, 900, "?tab=anatomy&lang=en"),
    "explore-german": (1440, 900, "?tab=explore&lang=de"),
    "explore-german-375": (375, 812, "?tab=explore&lang=de"),
    "compare-german": (1440, 900, "?tab=compare&lang=de"),
    "evidence-german": (1440, 900, "?tab=evidence&lang=de"),
    "cheat-german": (1440, 900, "?tab=cheat&lang=de"),
}


@click.command(help=__doc__)
@click.argument("folder", type=click.Path(path_type=Path), default=Path("assets/screens"))
@click.option("--only", default="", help="names that contain this")
def main(folder: Path, only: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _, url, _ = build().launch(**launch_settings(), prevent_thread_lock=True, quiet=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as profile:
        browser = driver.chromium.launch_persistent_context(
            profile, executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        for name, (width, height, query) in SHOTS.items():
            if only not in name:
                continue
            page = browser.new_page()
            page.set_viewport_size({"width": width, "height": height})
            page.goto(url + query)
            page.wait_for_function("document.body.dataset.explore === 'ready'", timeout=90_000)
            page.wait_for_timeout(4000)
            target = folder / f"{name}.png"
            page.screenshot(path=target)
            Image.open(target).convert("RGB").quantize(COLOURS, kmeans=1).save(target, optimize=True)
            print(target, flush=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
