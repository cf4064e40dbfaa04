"""The browser's engine beside Python, in one run: time, quality, and whether the page stays responsive.

    python benchmarks/browser_engine.py [--out benchmarks/browser_engine.csv]

Chromium opens the exported folder from the disk. Rounds of ``ig`` alternate between the page and Python, each on one
thread, so that the ratio stands whatever else the machine does. A frame's drawing time is that of its animation
callbacks while the knob is dragged over all stops. The longest task is read from the browser's own trace of the page's
thread while two attacks run and the knob is dragged: the thread's own time; by the clock, other programs count too.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
import here  # noqa: F401
import torch
from playwright.sync_api import Browser, Page, sync_playwright

from gi_core import Scenario
from gi_core.data.sources import open_picture
from gi_core.run import prepare
from gi_core.web.static_export import export

PHOTOGRAPHS = ("cat", "coffee", "rocket", "retina", "tissue")
ROUNDS, STEPS, SHORT = 3, 1000, 300
OPENING = 3
"""Seconds of the opening film."""
RUN = """async ([settings, picture]) => {
  const { samples } = catalog;
  const image = async one => {
    const made = new Image();
    made.src = samples.find(s => s.name === one.sample).src;
    await made.decode();
    return made;
  };
  return new Promise((resolve, reject) => {
    const told = ({ run }) => {
      if (run.state === "failed") reject(Error(run.message));
      if (run.state === "done") resolve({ seconds: run.seconds, psnr: run.scores.psnr });
    };
    gi.device({ side: 32, image, told, lineUp: () => Promise.reject() })
      .start({ id: crypto.randomUUID(), settings, pictures: [{ sample: picture }] });
  });
}"""
WATCH = """
window.draws = [];
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = draw => ask(now => {
  const began = performance.now();
  draw(now);
  draws.push(performance.now() - began);
});
"""


def in_browser(page: Page, picture: str = "cat", **fields: Any) -> dict[str, float]:
    """Seconds and PSNR (dB) of an attack in the page, its control left out."""
    found: dict[str, float] = page.evaluate(RUN, [Scenario(**fields).to_dict(), picture])
    return found


def in_python(picture: str = "cat", **fields: Any) -> dict[str, float]:
    """The same in this process."""
    run = prepare(Scenario(**fields), open_picture(picture, 32, 3)[None])
    for _ in run:
        pass
    return {"seconds": run.seconds, "psnr": run.trace().scores[0]["psnr"]}


def drag(page: Page) -> None:
    """The knob once from end to end and back."""
    box = page.locator(".explore [data-r=ruler]").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"], y, steps=60)
    page.mouse.move(box["x"], y, steps=60)
    page.mouse.up()


def speed(page: Page, browser: Browser) -> list[dict[str, Any]]:
    steps, ratios = f"ig:steps={STEPS}", []
    for _ in range(ROUNDS):
        page_took, python_took = (run["seconds"] for run in (in_browser(page, attack=steps), in_python(attack=steps)))
        ratios.append(page_took / python_took)
        print(f"ig: browser {page_took:.1f} s, Python {python_took:.1f} s", flush=True)
    return [row("time of ig, browser / Python", statistics.median(ratios), "<= 3", f"median of {ROUNDS} rounds")]


def quality(page: Page, browser: Browser) -> list[dict[str, Any]]:
    deep = [in_browser(page, name, attack="dlg:restarts=6")["psnr"] for name in PHOTOGRAPHS]
    print("dlg:", *(f"{name} {value:.1f} dB," for name, value in zip(PHOTOGRAPHS, deep, strict=True)), flush=True)
    exact = in_browser(page, model="mlp", attack="analytic")["psnr"]
    return [
        row("dlg:restarts=6, dB", statistics.median(deep), ">= 35", "median of 5 photographs"),
        row("analytic, dB", exact, "100: exact", "mlp, one picture"),
    ]


def drawing(page: Page, browser: Browser) -> list[dict[str, Any]]:
    drag(page)
    page.evaluate("() => { draws.length = 0; }")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    drag(page)
    draws = page.evaluate("() => draws")
    return [
        row("requests during the drag", len(asked), "0", "of any kind, pictures in the page included"),
        row("drawing a frame of the drag, ms", statistics.median(draws), "< 16", f"median of {len(draws)}"),
        row("the slowest of them, ms", max(draws), "", "other programs' time included"),
    ]


def tasks(page: Page, browser: Browser) -> list[dict[str, Any]]:
    """Explore's own run, drawn as it goes, and a second one behind it; from the press to both verdicts."""
    text = f"ig:steps={SHORT}"
    page.goto(f"{page.url.partition('?')[0]}?{urlencode({'attack': text})}")
    page.wait_for_selector("body[data-explore=ready]")
    time.sleep(OPENING)
    drag(page)
    browser.start_tracing(page=page, categories=["toplevel"])
    page.evaluate(f"both => {{ window.over = ({RUN})(both); }}", [Scenario(attack=text).to_dict(), "coffee"])
    page.get_by_test_id("run").click()
    for _ in range(2):
        drag(page)
    page.evaluate("() => window.over")
    page.wait_for_selector(".explore [data-r=stage][data-state=done]", timeout=600_000)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    named = [e for e in events if e.get("name") == "thread_name"]
    main = {(e["pid"], e["tid"]) for e in named if e["args"]["name"] == "CrRendererMain"}
    ran = [e for e in events if e.get("ph") == "X" and (e["pid"], e["tid"]) in main and "tdur" in e]
    own, wall = (sorted(e[kind] / 1000 for e in ran) for kind in ("tdur", "dur"))
    of = f"{len(ran)} tasks of the page's thread, two attacks running, the knob dragged"
    busy = f"{os.getloadavg()[0]:.0f} programs on {os.cpu_count()} cores"
    return [
        row("longest task, ms of the thread's own time", own[-1], "< 50", of),
        row("longest task, ms by the clock", wall[-1], "", f"{sum(w >= 50 for w in wall)} of 50 ms or more; {busy}"),
    ]


PARTS = {"speed": speed, "quality": quality, "drawing": drawing, "tasks": tasks}


def row(name: str, value: float, bound: str, of: str) -> dict[str, Any]:
    print(f"{name}: {value:.2f} ({bound}; {of})", flush=True)
    return {"figure": name, "value": round(value, 3), "bound": bound, "of": of}


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path), default=Path(__file__).with_suffix(".csv"))
@click.option("--folder", type=click.Path(path_type=Path), help="an exported folder, instead of a fresh one")
@click.option("--part", "parts", multiple=True, type=click.Choice(list(PARTS)), help="only these")
def main(out: Path, folder: Path | None, parts: tuple[str, ...]) -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as fresh, sync_playwright() as driver:
        file = folder / "index.html" if folder else export(Path(fresh))
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(WATCH)
        page.goto(f"file://{file.resolve()}")
        page.wait_for_selector("body[data-explore=ready]")
        time.sleep(OPENING)
        rows = [row for part in parts or PARTS for row in PARTS[part](page, browser)]
        browser.close()
    with out.open("w", newline="") as table:
        writer = csv.DictWriter(table, rows[0])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
