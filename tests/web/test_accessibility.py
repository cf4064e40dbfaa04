"""WCAG 2.2 AA as far as a machine can check it (axe), in every room and window, light and dark; keyboard."""

from __future__ import annotations

import pytest

from tests.web.stage import HASH, READY, arrive, fill, show, wait_running, wait_status

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
ROOMS = ("explore", "cheat", "compare", "evidence")
WINDOWS = {"desktop": (1440, 900), "phone": (375, 812), "projector": (1920, 1080)}
FILLED = "room => document.getElementById('tab-' + room).innerText.length > 200"
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Look:
    """What axe finds wrong on one page, by window, theme and the place where it was looked."""

    def __init__(self, page):
        self.checker = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        self.page, self.at, self.found = page, "", []

    def window(self, name, theme):
        self.at = f"{name}, {theme}"
        width, height = WINDOWS[name]
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.evaluate(
            "([projector, dark]) => { for (const [name, on] of [['projector', projector], ['dark', dark]])"
            " document.body.classList.toggle(name, on); window.dispatchEvent(new CustomEvent('gi:theme')); }",
            [name == "projector", theme == "dark"],
        )

    def __call__(self, name):
        self.page.evaluate(SETTLED)
        for violation in self.checker.run(self.page, options=RULES).response["violations"]:
            nodes = "; ".join(node["html"][:140] for node in violation["nodes"][:4])
            self.found.append(f"{self.at}, {name}: {violation['id']} ({violation['help']}): {nodes}")
        wide, room = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        if wide > room:
            self.found.append(f"{self.at}, {name}: {wide} pixels wide in a window of {room}")


@pytest.mark.parametrize("language", ["en", "de"])
def test_axe_finds_no_violation(page, served, language):
    """Every room in every window, light and dark; in Explore also the drawer with its views, and the lesson."""
    arrive(page, served[0] + f"?lang={language}")
    page.wait_for_function(READY)
    look = Look(page)
    for window in WINDOWS:
        for theme in ("light", "dark"):
            look.window(window, theme)
            for room in reversed(ROOMS):
                show(page, room)
                page.wait_for_function(FILLED, arg=room)
                page.evaluate("document.querySelectorAll('.gi details:not(.menu)').forEach(d => { d.open = true; })")
                look(room)
            if window != "projector":
                fill(page)
                page.evaluate("document.querySelectorAll('.gi details').forEach(d => { d.open = true; })")
                page.wait_for_selector("[data-view=layers] table")
                look("drawer")
                page.keyboard.press("Escape")
            page.keyboard.press("l")
            page.wait_for_selector("[data-lesson='1']")
            look("lesson")
            page.keyboard.press("Escape")
    assert not look.found, "\n".join(look.found)


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


@pytest.mark.parametrize("tab", ROOMS)
def test_tab_reaches_every_control_with_a_visible_focus(page, tab):
    page.wait_for_function(READY)
    show(page, tab)
    page.wait_for_function(FILLED, arg=tab)
    if tab == "explore":
        fill(page)
    page.evaluate("document.querySelectorAll('.gi details').forEach(d => { d.open = true; })")
    wanted = operable(page, tab)
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached = walk(page)
    assert wanted <= {one["name"] for one in reached}
    assert [one["name"] for one in reached if not one["visible"] or not one["onscreen"]] == []
    assert [one["name"] for one in reached if not one["ring"]] == []


def test_explore_is_worked_by_keyboard_alone(page, served):
    """Run, stop, scrub, look at the difference: no mouse."""
    arrive(page, served[0] + "?attack=ig%3Asteps%3D20000")
    page.wait_for_function("gi.query().includes('20000')")

    def to(name):
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("name => document.activeElement.dataset.r === name", name):
                return
        pytest.fail(f"Tab does not reach {name}")

    to("run")
    page.keyboard.press("Enter")
    wait_running(page)
    to("stop")
    page.keyboard.press("Enter")
    wait_status(page, "Stopped")
    to("scrub")
    page.keyboard.press("Home")
    page.wait_for_function("document.activeElement.ariaValueText === 'Step 0' || document.activeElement.value === '0'")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.value !== '0'")
    to("hold-difference")
    page.keyboard.down(" ")
    page.wait_for_selector(".difference-held")
    page.keyboard.up(" ")
    page.wait_for_function("!document.querySelector('.difference-held')")


def test_reduced_motion_starts_nothing_by_itself(page, served):
    page.emulate_media(reduced_motion="reduce")
    arrive(page, served[0])
    page.wait_for_function(READY)
    page.evaluate(
        """() => { const play = document.querySelector('[data-testid=play]'); window.played = false;
        new MutationObserver(() => { window.played ||= play.ariaLabel !== 'Play'; })
            .observe(play, {attributes: true}); }"""
    )
    page.wait_for_function("document.querySelector('[data-testid=status]').textContent.startsWith('Recorded')")
    first = page.evaluate(HASH)
    page.evaluate("() => new Promise(done => setTimeout(done, 700))")
    assert page.evaluate(HASH) == first and not page.evaluate("window.played")
