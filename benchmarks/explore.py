"""Explore's first minute in a real browser, measured: ``python benchmarks/explore.py`` (playwright, Chromium).

A line each: what fits into a small window, what moves, how fast a drag is drawn, what it asks, where the words change,
how soon an own photograph stands on the stage, whether runs keep to the time that their button names, Tab stops,
and how far the layout shifts on addresses. Timings hold for this machine and the load that is printed.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import here  # noqa: F401
from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright

from gi_core.web import build, launch_settings

READY = "document.body.dataset.explore === 'ready' && !document.querySelector('[data-testid=verdict] [hidden]')"
HASH = """(() => { const c = document.querySelector('[data-testid=guess]');
  return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((h, v) => (31 * h + v) | 0, 0); })()"""
WORD = "document.querySelector('[data-testid=verdict] [data-r=word]').textContent"
IDLE = "document.querySelector('[data-testid=stop]').hidden && !document.querySelector('[data-testid=run]').hidden"
NEEDED = ("truth", "guess", "noise", "network", "defense", "pictures", "metrics", "verdict", "run")
SETTINGS = (
    "?attack=ig%3Asteps%3D150",
    "?attack=ig%3Asteps%3D400&defense=clip%2Bgaussian%3Asigma%3D0.01",
    "?model=mlp&attack=ig%3Asteps%3D300",
    "?model=convnet%3Awidth%3D16&attack=ig%3Asteps%3D60&local_steps=2",
    "?batch_size=4&attack=ig%3Asteps%3D150&mode=train",
)
"""Five kinds of run, on this device and on the server."""
ADDRESSES = ("", "?defense=clip%2Bgaussian%3Asigma%3D0.01", "?tab=lab", "?tab=lesson", "?tab=compare", "?tab=evidence")
SHIFT = """window.shift = 0; new PerformanceObserver(l => l.getEntries().forEach(e => {
  if (!e.hadRecentInput) window.shift += e.value; })).observe({type: 'layout-shift', buffered: true})"""
BEATS = """() => { window.beats = []; window.said = []; const beat = now => { window.beats.push(now);
  const word = document.querySelector('[data-r=word]').textContent;
  if (window.said.at(-1) !== word) window.said.push(word); window.beat = requestAnimationFrame(beat); };
  requestAnimationFrame(beat); }"""


def opened(browser: BrowserContext, url: str, width: int = 1280, height: int = 720) -> Page:
    """A page with Explore on it."""
    page = browser.new_page()
    page.set_viewport_size({"width": width, "height": height})
    page.add_init_script(SHIFT)
    page.goto(url)
    page.wait_for_function("document.body.dataset.explore === 'ready'", timeout=120_000)
    return page


def first_sight(page: Page) -> str:
    page.wait_for_function(READY)
    boxes = {name: page.get_by_test_id(name).bounding_box() for name in NEEDED}
    outside = [n for n, b in boxes.items() if b is None or b["x"] + b["width"] > 1280 or b["y"] + b["height"] > 720]
    return f"1280 x 720: {len(NEEDED) - len(outside)} of {len(NEEDED)} inside the window; outside: {outside or 'none'}"


def first_motion(browser: BrowserContext, url: str) -> str:
    page = browser.new_page()
    started = time.monotonic()
    page.goto(url, wait_until="commit")
    page.wait_for_function("document.querySelector('[data-testid=guess]')?.width > 1", timeout=60_000)
    before = page.evaluate(HASH)
    page.wait_for_function(f"{HASH} !== {before}", timeout=60_000)
    page.close()
    return f"first motion {time.monotonic() - started:.1f} s after the address was entered"


def presses(page: Page) -> str:
    moved = []
    for _ in range(3):
        before, started = page.evaluate(HASH), time.monotonic()
        page.get_by_test_id("run").click()
        page.wait_for_function(f"{HASH} !== {before}", timeout=20_000)
        moved.append(time.monotonic() - started)
        page.wait_for_function(IDLE, timeout=300_000)
        page.wait_for_function("document.querySelector('[data-testid=play]').ariaLabel === 'Play'", timeout=20_000)
    return f"three presses: the picture changed after {', '.join(f'{s:.2f}' for s in moved)} s, each ended"


def drag(page: Page) -> str:
    page.keyboard.press("End")
    page.wait_for_timeout(1500)
    asked: list[str] = []
    page.on("request", lambda r: "queue/data" not in r.url and "heartbeat" not in r.url and asked.append(r.url))
    box = page.locator("[data-r=ruler]").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.evaluate(BEATS)
    page.mouse.move(box["x"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"], y, steps=180)
    beats = page.evaluate("cancelAnimationFrame(window.beat); window.beats")
    said, silent = page.evaluate("window.said"), not asked
    page.mouse.up()
    rate = 1000 * (len(beats) - 1) / (beats[-1] - beats[0])
    return f"drag: {rate:.0f} frames a second, {'no request' if silent else asked}; words: {' > '.join(said)}"


APART = """() => { const [a, b] = ['guess', 'control'].map(name => { const c = document.querySelector(
  `[data-testid=${name}]`); return c.getContext('2d').getImageData(0, 0, c.width, c.height).data; });
  return Math.sqrt(a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0) / (0.75 * a.length)); }"""


def far_end(page: Page) -> str:
    """Attacker and control at the strongest noise: what the page states, and how their pixels differ."""
    page.get_by_test_id("noise").focus()
    page.keyboard.press("End")
    page.wait_for_function(f"{WORD} === 'Nothing'")
    why = page.locator("[data-r=why]").inner_text()
    return f"far end: {why!r}; attacker and control differ by {page.evaluate(APART):.1f} of 255 (root mean square)"


def dropped(page: Page) -> str:
    content = io.BytesIO()
    Image.effect_mandelbrot((1600, 1200), (-2, -1.5, 1, 1.5), 60).convert("RGB").save(content, "JPEG")
    before = "[...document.querySelectorAll('[data-testid=truth]')][0].toDataURL().length"
    page.evaluate(
        f"() => {{ const old = {before}; const look = () => {{ if ({before} !== old && !document.querySelector("
        "'[data-r=veil]').hidden) window.there = performance.now(); else requestAnimationFrame(look); };"
        "document.querySelector('[data-r=file]').addEventListener('change', () => { window.put = performance.now(); },"
        "{capture: true}); look(); }"
    )
    file = {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": content.getvalue()}
    page.set_input_files("[data-r=file]", file)  # type: ignore[arg-type]
    page.wait_for_function("window.there", timeout=20_000)
    took = page.evaluate("window.there - window.put")
    page.wait_for_function("/\\d/.test(document.querySelector('[data-r=run-time]').textContent)", timeout=60_000)
    return f"own photograph on the stage after {took:.0f} ms, veiled; {page.get_by_test_id('run').inner_text()!r}"


def named(text: str) -> float:
    """The upper end of "about 5 to 9 s", in seconds."""
    numbers = [float(word) for word in text.replace(",", " ").split() if word.replace(".", "").isdigit()]
    return max(numbers) * (60 if " min" in text else 1)


def promises(browser: BrowserContext, url: str, tries: int) -> str:
    kept, told = 0, []
    for n in range(tries):
        page = opened(browser, url + SETTINGS[n % len(SETTINGS)] + f"&seed={100 + n}")
        page.wait_for_function("gi.query().includes('seed')", timeout=60_000)
        page.wait_for_function("/\\d/.test(document.querySelector('[data-r=run-time]').textContent)", timeout=120_000)
        text = page.locator("[data-r=run-time]").inner_text()
        started = time.monotonic()
        page.get_by_test_id("run").click()
        page.wait_for_function(IDLE, timeout=600_000)
        took = time.monotonic() - started
        kept += took <= 1.5 * named(text)
        told.append(f"{took:.0f} s for {text!r}")
        page.close()
    return f"{kept} of {tries} runs within 1.5 x the upper end of the named range: {'; '.join(told)}"


def tab_stops(page: Page) -> str:
    page.evaluate("document.activeElement.blur()")
    for count in range(1, 30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.testid") == "run":
            return f"{count} Tab stops to Run"
    return "Run is not among the first 30 Tab stops"


def shifts(browser: BrowserContext, url: str) -> str:
    found = []
    for width, height in ((1440, 900), (375, 812)):
        for address in ADDRESSES:
            page = opened(browser, url + address, width, height)
            page.wait_for_timeout(3500)
            found.append((page.evaluate("window.shift"), f"{width} {address or '/'}"))
            page.close()
    return "layout shift: " + ", ".join(f"{value:.3f} {where}" for value, where in sorted(found, reverse=True))


@click.command(help=__doc__)
@click.option("--tries", default=10, help="runs whose named time is checked")
@click.option("--out", type=click.Path(path_type=Path), help="also write the lines to this file")
def main(tries: int, out: Path | None) -> None:
    _, url, _ = build().launch(**launch_settings(), prevent_thread_lock=True, quiet=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    lines: list[str] = []

    def say(measure: Callable[[], str]) -> None:
        lines.append(f"[load {os.getloadavg()[0]:.0f}] {measure()}")
        click.echo(lines[-1])

    with sync_playwright() as driver, tempfile.TemporaryDirectory() as profile:
        browser = driver.chromium.launch_persistent_context(
            profile, executable_path=chromium, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        say(lambda: first_motion(browser, url))
        page = opened(browser, url)
        say(lambda: first_sight(page))
        say(lambda: tab_stops(page))
        say(lambda: drag(page))
        say(lambda: far_end(page))
        say(lambda: dropped(page))
        short = opened(browser, url + "?attack=ig%3Asteps%3D40")
        short.wait_for_function("gi.query().includes('40')")
        say(lambda: presses(short))
        say(lambda: shifts(browser, url))
        say(lambda: promises(browser, url, tries))
        browser.close()
    if out:
        out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
