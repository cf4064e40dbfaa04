"""WCAG 2.2 AA as far as a machine can check it (axe), on every tab, at desktop and 375 px, light and dark; keyboard."""

from __future__ import annotations

import pytest

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
TABS = ("explore", "compare", "evidence", "lab", "dial", "anatomy", "lesson")


def show(page, tab):
    page.evaluate("name => window.dispatchEvent(new CustomEvent('gi:show', {detail: name}))", tab)
    page.wait_for_timeout(250)


@pytest.mark.parametrize(
    ("width", "theme", "language"),
    [(1440, "light", "en"), (1440, "dark", "en"), (375, "light", "en"), (375, "dark", "en"), (375, "light", "de")],
)
def test_axe_finds_no_violation(page, served, width, theme, language):
    checker = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(served[0] + f"?tab=lab&__theme={theme}&lang={language}")
    page.wait_for_selector("[data-r=state]:not(:empty)")
    page.keyboard.press("End")
    found = []
    for tab in TABS:
        show(page, tab)
        page.evaluate("document.querySelectorAll('.gi details:not(.menu)').forEach(d => { d.open = true; })")
        for violation in checker.run(page, options=RULES).response["violations"]:
            nodes = "; ".join(node["html"][:140] for node in violation["nodes"][:4])
            found.append(f"{tab}: {violation['id']} ({violation['help']}): {nodes}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tab
    page.evaluate("localStorage.removeItem('gi-lang')")
    assert not found, "\n".join(found)


FOCUS = """() => {
  const box = document.activeElement, style = getComputedStyle(box), place = box.getBoundingClientRect();
  return {
    name: box.dataset?.r ?? box.dataset?.f ?? box.dataset?.tab ?? box.dataset?.cell ?? box.tagName,
    inside: Boolean(box.closest('.gi')), visible: place.width > 0 && place.height > 0,
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    onscreen: place.bottom > 0 && place.top < innerHeight,
  };
}"""


def walk(page, steps=140):
    """What Tab reaches, in order, until it comes round."""
    reached = []
    for _ in range(steps):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUS)
        if not now["inside"] and len(reached) > 10:
            break
        if now["inside"]:
            reached.append(now)
    return reached


def operable(page, tab):
    """Names of the visible controls of a tab that ought to be reachable."""
    return set(
        page.evaluate(
            """tab => [...document.querySelectorAll(`#tab-${tab} :is(button, select, input, textarea, summary)`)]
            .filter(e => e.checkVisibility() && !e.disabled && e.tabIndex >= 0 && !e.closest('[inert]'))
            .map(e => e.dataset.r ?? e.dataset.f ?? e.dataset.cell ?? e.tagName)""",
            tab,
        )
    )


@pytest.mark.parametrize("tab", ["lab", "compare", "evidence", "lesson"])
def test_tab_reaches_every_control_with_a_visible_focus(page, tab):
    show(page, tab)
    page.evaluate("document.querySelectorAll('.gi details').forEach(d => { d.open = true; })")
    wanted = operable(page, tab)
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached = walk(page)
    assert wanted <= {one["name"] for one in reached}
    assert [one["name"] for one in reached if not one["visible"] or not one["onscreen"]] == []
    assert [one["name"] for one in reached if not one["ring"]] == []


def test_the_lab_is_worked_by_keyboard_alone(page):
    """Choose a picture, change the attack, run, stop, scrub, compare with the truth: no mouse."""

    def to(name):
        for _ in range(90):
            page.keyboard.press("Tab")
            if page.evaluate("name => document.activeElement.dataset.r === name", name):
                return
        pytest.fail(f"Tab does not reach {name}")

    page.evaluate("document.querySelector('[data-r=fine]').open = true")
    page.fill("[data-f=attack]", "ig:steps=20000")
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    to("run")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "document.querySelector('#tab-lab [data-r=state]').textContent === 'Live run'", timeout=20_000
    )
    page.wait_for_function("document.querySelector('#tab-lab [data-r=step]').textContent !== 'Step 0'")
    to("stop")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#tab-lab [data-r=state]').textContent === 'Live run, stopped here'")
    to("difference")
    page.keyboard.press(" ")
    assert page.locator("#tab-lab [data-r=difference]").get_attribute("aria-pressed") == "true"
    to("scrub")
    page.keyboard.press("Home")
    page.wait_for_function("document.querySelector('#tab-lab [data-r=step]').textContent === 'Step 0'")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('#tab-lab [data-r=step]').textContent !== 'Step 0'")
    assert "dB" in page.locator("#tab-lab [data-r=scrub]").get_attribute("aria-valuetext")


def test_reduced_motion_starts_nothing_by_itself(page, served):
    page.emulate_media(reduced_motion="reduce")
    page.goto(served[0] + "?tab=lab")
    page.wait_for_selector("[data-r=state]:not(:empty)")
    page.wait_for_timeout(700)
    step = page.locator("#tab-lab [data-r=step]").inner_text()
    page.wait_for_timeout(700)
    assert page.locator("#tab-lab [data-r=step]").inner_text() == step
    assert page.locator("#tab-lab [data-r=play]").get_attribute("aria-label") == "Play"
