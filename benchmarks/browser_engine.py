"""The browser's engine beside Python, in one run: time, quality, and whether the page stays responsive.

    python benchmarks/browser_engine.py [--out benchmarks/browser_engine.csv]

Chromium opens the exported folder from the disk. Rounds of ``ig`` alternate between the page and Python, each on one
thread, so that the ratio stands whatever else the machine does. A frame's drawing time is that of its animation
callbacks while the knob is dragged over all stops; the longest task is what the browser itself reports (50 ms and more)
while two attacks run and the knob is dragged.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from playwright.sync_api import Page, sync_playwright

from gi_core import Scenario
from gi_core.data.sources import open_picture
from gi_core.run import prepare
from gi_core.web.static_export import export

PHOTOGRAPHS = ("cat", "coffee", "rocket", "retina", "tissue")
ROUNDS, STEPS = 3, 1000
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
window.tasks = [];
new PerformanceObserver(list => tasks.push(...list.getEntries().map(e => e.duration))).observe({ type: "longtask" });
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


def measured(page: Page) -> list[dict[str, Any]]:
    """One row per figure: name, value, bound, and what it was."""
    steps = f"ig:steps={STEPS}"
    ratios = []
    for _ in range(ROUNDS):
        there = in_browser(page, attack=steps)
        here = in_python(attack=steps)
        ratios.append(there["seconds"] / here["seconds"])
        print(f"ig {STEPS}: browser {there['seconds']:.1f} s, Python {here['seconds']:.1f} s,"
              f" {there['psnr']:.2f} and {here['psnr']:.2f} dB", flush=True)  # fmt: skip
    deep = [in_browser(page, name, attack="dlg:restarts=6")["psnr"] for name in PHOTOGRAPHS]
    print("dlg:", *(f"{name} {value:.1f} dB," for name, value in zip(PHOTOGRAPHS, deep, strict=True)), flush=True)
    exact = in_browser(page, model="mlp", attack="analytic")["psnr"]
    drag(page)
    page.evaluate("() => { draws.length = 0; tasks.length = 0; }")
    drag(page)
    draws = page.evaluate("() => draws")
    page.evaluate("() => { tasks.length = 0; }")
    fields = Scenario(attack=f"ig:steps={STEPS}").to_dict()
    two = f"both => {{ window.over = Promise.all(both.map({RUN})); }}"
    page.evaluate(two, [[fields, "cat"], [fields, "coffee"]])
    for _ in range(3):
        drag(page)
    page.evaluate("() => window.over")
    tasks = page.evaluate("() => tasks")
    return [
        row("time of ig, browser / Python", statistics.median(ratios), "<= 3", "median of 3 rounds"),
        row("dlg:restarts=6, dB", statistics.median(deep), ">= 35", "median of 5 photographs"),
        row("analytic, dB", exact, "100: exact", "mlp, one picture"),
        row("drawing a frame of the drag, ms", statistics.median(draws), "< 16", f"median of {len(draws)}"),
        row("the slowest of them, ms", max(draws), "", ""),
        row("longest task while two attacks run, ms", max(tasks, default=0), "< 50", f"{len(tasks)} of 50 ms or more"),
    ]


def row(name: str, value: float, bound: str, of: str) -> dict[str, Any]:
    print(f"{name}: {value:.2f} ({bound}; {of})", flush=True)
    return {"figure": name, "value": round(value, 3), "bound": bound, "of": of}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".csv"))
    parser.add_argument("--folder", type=Path, help="an exported folder, instead of a fresh one")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as fresh, sync_playwright() as driver:
        file = given.folder / "index.html" if given.folder else export(Path(fresh))
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(WATCH)
        page.goto(f"file://{file.resolve()}")
        page.wait_for_selector("body[data-explore=ready]")
        time.sleep(3)  # the opening film
        rows = measured(page)
        browser.close()
    with given.out.open("w", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
