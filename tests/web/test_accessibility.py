"""WCAG 2.2 AA as far as a machine can check it (axe), on every tab, at desktop and 375 px, light and dark."""

from __future__ import annotations

import pytest

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 375])
def test_axe_finds_no_violation(page, served, theme, width):
    checker = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(served[0] + f"?__theme={theme}")
    page.wait_for_selector("[data-r=state]:not(:empty)")
    page.keyboard.press("End")
    found = []
    for tab in page.evaluate("[...document.querySelector('.head select.tabs').options].map(o => o.value)"):
        page.evaluate("name => window.dispatchEvent(new CustomEvent('gi:show', {detail: name}))", tab)
        page.wait_for_timeout(300)
        for violation in checker.run(page, options=RULES).response["violations"]:
            nodes = "; ".join(node["html"][:140] for node in violation["nodes"][:4])
            found.append(f"{tab}: {violation['id']} ({violation['help']}): {nodes}")
    assert not found, "\n".join(found)
