"""One visit, start to end, in a real browser: the page that plain ``pytest`` looks at. Pixels, not buttons."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

PIXELS = """
name => {
  const canvas = document.querySelector(`[data-testid=${name}]`);
  if (!canvas || !canvas.width) return null;
  const values = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum = (sum * 31 + values[i]) % 4294967291;
  return new Set(values).size > 8 ? sum : null;
}
"""
"""A number that stands for what a canvas shows; null while it is blank or of one colour."""
SECONDS = 60_000


@pytest.fixture
def visit(browser, served) -> Iterator[object]:
    """The page as a newcomer opens it; afterwards: no error in the console."""
    tab = browser.new_page()
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(served[0])
    yield tab
    tab.close()
    assert errors == []


def shown(tab: object, name: str, before: int | None = None) -> int:
    """What the canvas shows, once it shows something other than ``before``."""
    changed = f"before => {{ const now = ({PIXELS})('{name}'); return now !== null && now !== before ? now : false; }}"
    return tab.wait_for_function(changed, arg=before, timeout=SECONDS).json_value()


@pytest.mark.journey
def test_a_newcomer_sees_a_leak_hides_it_and_runs_it_anew(visit):
    private, leaked = shown(visit, "truth"), shown(visit, "guess")
    assert private != leaked
    noise = visit.get_by_test_id("noise")
    noise.fill(noise.get_attribute("max"))
    hidden = shown(visit, "guess", before=leaked)
    noise.fill("0")
    shown(visit, "guess", before=hidden)
    assert shown(visit, "truth") == private, "the private picture is nobody's to change"
    visit.get_by_test_id("run").click()
    visit.wait_for_function(
        "document.querySelector('[data-testid=verdict]').innerText.trim().length > 0", timeout=SECONDS
    )
    assert visit.get_by_test_id("metrics").inner_text().strip()
