"""One step of the Dial in a real browser: from the slider's move until every picture is redrawn, in milliseconds.

python benchmarks/dial.py (playwright, Chromium)
"""

from __future__ import annotations

import shutil
import tempfile
from statistics import median, quantiles

import click
import here  # noqa: F401
from playwright.sync_api import Page, sync_playwright

from gi_core.web import build, launch_settings

STEP = """
place => new Promise(done => {
  const dial = document.querySelector("#tab-dial");
  const slider = dial.querySelector("[data-r=z]"), grid = dial.querySelector("[data-r=grid]");
  const before = grid.dataset.drawn, started = performance.now();
  const look = () => grid.dataset.drawn !== before ? done(performance.now() - started) : requestAnimationFrame(look);
  slider.value = place;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(look);
})
"""


def steps(page: Page, count: int) -> list[float]:
    """Milliseconds of ``count`` moves, each to another place, the pictures of the one before redrawn first."""
    return [float(page.evaluate(STEP, 100 + 37 * i % 800)) for i in range(count)]


@click.command()
@click.option("--count", default=30, help="moves of the slider")
def main(count: int) -> None:
    _, url, _ = build().launch(**launch_settings(), prevent_thread_lock=True, quiet=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as profile:
        browser = driver.chromium.launch_persistent_context(
            profile, executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.goto(url + "?tab=dial")
        page.wait_for_function("document.querySelector('#tab-dial [data-r=grid][data-drawn]')", timeout=60_000)
        page.wait_for_function("!document.body.innerText.includes('measuring')", timeout=180_000)
        steps(page, 3)
        found = steps(page, count)
        tenth = quantiles(found, n=10)
        pictures = page.locator("#tab-dial canvas").count()
        browser.close()
    click.echo(
        f"{count} steps, {pictures} pictures each: median {median(found):.0f} ms, "
        f"nine in ten within {tenth[-1]:.0f} ms, slowest {max(found):.0f} ms"
    )


if __name__ == "__main__":
    main()
