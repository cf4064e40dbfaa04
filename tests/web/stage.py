"""What the browser tests do with Explore's stage, by the hooks that stay: ``data-testid`` and fields of the drawer."""

from __future__ import annotations

import time

HASH = """(() => { const c = document.querySelector('[data-testid=guess]');
  return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((h, v) => (31 * h + v) | 0, 0); })()"""
READY = "document.body.dataset.explore === 'ready' && !document.querySelector('[data-testid=verdict] [hidden]')"
STATUS = "document.querySelector('[data-testid=status]').textContent"
FINISHED = "Live run, finished"


def arrive(page, address, seconds=60):
    """Go to an address and wait until Explore is there."""
    page.goto(address)
    page.wait_for_function("document.body.dataset.explore === 'ready'", timeout=1000 * seconds)


def show(page, room):
    """Go to a room."""
    page.evaluate("name => window.dispatchEvent(new CustomEvent('gi:show', {detail: name}))", room)


def fill(page, **fields):
    """Set fields of the Scenario in the expert drawer, which stays open."""
    if not page.locator("[data-testid=drawer]").count():
        page.get_by_test_id("expert").evaluate("button => button.click()")
    for name, value in fields.items():
        field = page.locator(f"[data-testid=drawer] [data-field={name}]").last
        field.evaluate("(f, v) => { f.value = v; f.dispatchEvent(new Event('change', {bubbles: true})); }", str(value))


def press_run(page):
    page.get_by_test_id("run").evaluate("button => button.click()")


def stop(page):
    page.get_by_test_id("stop").evaluate("button => button.click()")


def wait_status(page, *words, seconds=60):
    """Until the line under the film begins with one of these."""
    page.wait_for_function(
        "words => words.some(w => document.querySelector('[data-testid=status]').textContent.startsWith(w))",
        arg=list(words), timeout=1000 * seconds,
    )  # fmt: skip


def step(page):
    """Of the frame that is looked at."""
    return int(page.locator("[data-testid=metrics] [data-n=step] dd").inner_text().split()[0].replace(",", ""))


def wait_running(page, seconds=60):
    """Until frames of the live run come."""
    wait_status(page, "Live run. ", seconds=seconds)
    page.wait_for_function(
        "(n => n !== '–' && n !== '0')(document.querySelector('[data-testid=metrics] [data-n=step] dd')"
        ".textContent.split(' ')[0])",
        timeout=1000 * seconds,
    )


def wait_idle(service, seconds):
    """Runs left in the service's queue when it is empty or the time is over."""
    end = time.monotonic() + seconds
    while len(service.queue) and time.monotonic() < end:
        time.sleep(0.02)
    return len(service.queue)
