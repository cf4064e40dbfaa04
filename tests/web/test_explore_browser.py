"""Explore in a real browser: what is seen at once, what a drag does, what Run does, and what the keys reach."""

from __future__ import annotations

import io

import pytest
from PIL import Image

pytestmark = pytest.mark.browser

PIXELS = """name => { const c = document.querySelector(`[data-testid=${name}]`);
  return [c.width, c.height, [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]]; }"""
HASH = """(() => { const c = document.querySelector('[data-testid=guess]');
  return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((h, v) => (31 * h + v) | 0, 0); })()"""
READY = "document.body.dataset.explore === 'ready' && !document.querySelector('[data-testid=verdict] [hidden]')"
SHORT = "?attack=ig%3Asteps%3D40"
"""A run of a second: its settings come with the address."""


@pytest.fixture
def stage(browser, served):
    """The untouched page; afterwards: no error on the console."""
    tab = browser.new_page()
    errors: list[str] = []
    tab.on("console", lambda message: message.type == "error" and errors.append(message.text))
    tab.on("pageerror", lambda error: errors.append(str(error)))

    def open_page(query: str = "", width: int = 1280, height: int = 720):
        tab.set_viewport_size({"width": width, "height": height})
        tab.goto(served[0] + query)
        tab.wait_for_function("document.body.dataset.explore === 'ready'", timeout=60_000)
        return tab

    yield open_page
    tab.evaluate("localStorage.clear()")
    tab.close()
    assert errors == []


def test_all_that_matters_is_in_a_small_window(stage):
    page = stage()
    page.wait_for_function(READY)
    names = ("truth", "guess", "noise", "network", "defense", "pictures", "metrics", "verdict", "run", "scrub", "play")
    for name in names:
        box = page.get_by_test_id(name).bounding_box()
        assert box["x"] >= 0 and box["y"] >= 0, name
        assert box["x"] + box["width"] <= 1280 and box["y"] + box["height"] <= 720, name
    box = page.get_by_role("heading", level=1).bounding_box()
    assert box["y"] + box["height"] <= 720


@pytest.mark.journey
def test_the_recorded_run_plays_by_itself_and_ends_like_the_picture(stage):
    page = stage()
    page.wait_for_function(READY)
    page.keyboard.press("Home")
    first = page.evaluate(HASH)
    page.keyboard.press("End")
    page.wait_for_function(f"{HASH} !== {first}")
    assert float(page.locator("[data-testid=metrics] [data-n=psnr] dd").inner_text().split()[0]) >= 35


def test_dragging_asks_nobody_and_changes_the_sentence(stage):
    page = stage()
    page.wait_for_function(READY)
    page.wait_for_timeout(3000)  # the film that plays on load, and the questions that follow it
    requests: list[str] = []
    page.on("request", lambda r: "queue/data" not in r.url and "heartbeat" not in r.url and requests.append(r.url))
    box = page.locator("[data-r=ruler]").bounding_box()
    y = box["y"] + box["height"] / 2
    page.evaluate(
        "window.said = new Set(); const s = () => { said.add(document.querySelector('[data-r=word]').textContent);"
        " window.beat = requestAnimationFrame(s); }; s()"
    )
    page.mouse.move(box["x"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"], y, steps=60)
    said = set(page.evaluate("[...window.said]"))
    assert {"Faithful", "Nothing"} <= said
    assert requests == []
    page.mouse.up()
    page.evaluate("cancelAnimationFrame(window.beat)")


def test_three_presses_in_a_row_each_move_and_each_end(stage):
    page = stage(SHORT)
    page.wait_for_function("gi.query().includes('ig')")
    for _ in range(3):
        before = page.evaluate(HASH)
        page.get_by_test_id("run").click()
        page.wait_for_function(f"{HASH} !== {before}", timeout=5_000)
        page.wait_for_function("document.querySelector('[data-testid=stop]').hidden", timeout=60_000)
        page.wait_for_function("document.querySelector('[data-testid=play]').ariaLabel === 'Play'", timeout=10_000)
        assert page.get_by_test_id("status").inner_text().startswith(("Live run, finished", "Replay"))


def test_stop_keeps_what_is_there(stage):
    page = stage("?attack=ig%3Asteps%3D20000")
    page.wait_for_function("gi.query().includes('20000')")
    page.get_by_test_id("run").click()
    page.wait_for_function(
        "/\\b[1-9][\\d,]* of 20,000/.test(document.querySelector('[data-testid=metrics]').textContent)"
    )
    page.get_by_test_id("stop").click()
    page.wait_for_function("document.querySelector('[data-testid=status]').textContent.startsWith('Stopped')")
    assert page.get_by_test_id("verdict").inner_text() == "Not judged"


def test_the_difference_is_opaque_and_four_times_what_differs(stage):
    page = stage()
    page.wait_for_function(READY)
    page.keyboard.press("2")
    page.wait_for_function("document.querySelector('[data-r=word]').textContent !== 'Faithful'")
    truth, guess, shown = (page.evaluate(PIXELS, name) for name in ("truth", "guess", "difference"))
    assert truth[:2] == guess[:2] == shown[:2]
    for i, value in enumerate(shown[2]):
        assert value == (255 if i % 4 == 3 else min(255, 4 * abs(truth[2][i] - guess[2][i])))


def test_an_own_picture_is_on_the_stage_at_once_and_not_sent(stage, tmp_path):
    page = stage()
    page.wait_for_function(READY)
    content = io.BytesIO()
    Image.radial_gradient("L").resize((300, 200)).convert("RGB").save(content, "PNG")
    sent: list[str] = []
    page.on("request", lambda r: r.method == "POST" and "data:image" in (r.post_data or "") and sent.append(r.url))
    page.set_input_files("[data-r=file]", {"name": "mine.png", "mimeType": "image/png", "buffer": content.getvalue()})
    page.wait_for_selector("[data-r=veil]:not([hidden])")
    assert "Attack my picture" in page.get_by_test_id("run").inner_text()
    assert page.evaluate(PIXELS, "truth")[:2] == [32, 32]
    page.wait_for_timeout(700)
    assert sent == []


def test_an_own_picture_that_was_attacked_is_not_said_to_wait_for_it(stage):
    """On the device nothing is lent; another strength was not run, which is what the veil says."""
    page = stage("?attack=ig%3Asteps%3D5")
    page.wait_for_function("gi.query().includes('5')")
    content = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(content, "PNG")
    page.set_input_files("[data-r=file]", {"name": "mine.png", "mimeType": "image/png", "buffer": content.getvalue()})
    page.wait_for_function("document.querySelector('[data-r=why]').textContent.includes('nothing is sent')")
    page.get_by_test_id("run").click()
    page.wait_for_function("document.querySelector('[data-testid=status]').textContent.startsWith('Live run, f')")
    assert "this browser" in page.locator("[data-r=own-note]").inner_text()
    page.get_by_test_id("noise").focus()
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('[data-r=veil-title]').textContent.startsWith('Not run')")
    assert page.locator("[data-r=word]").inner_text() == "Not run"


def test_the_slider_goes_by_keys_from_end_to_end(stage):
    page = stage(width=1440, height=900)
    page.wait_for_function(READY)
    page.keyboard.press("End")  # of the film
    page.wait_for_function("document.querySelector('[data-testid=play]').ariaLabel === 'Play'")
    page.wait_for_function("(s => s.value === s.max)(document.querySelector('[data-testid=scrub]'))")
    slider, knob = page.get_by_test_id("noise"), page.locator("[data-r=knob]")
    slider.focus()
    assert page.evaluate("document.activeElement.dataset.testid") == "noise"
    copy, at = page.evaluate(HASH), knob.bounding_box()["x"]
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('[data-testid=noise]').value === '1'")
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('[data-r=word]').textContent === 'Nothing'")
    page.wait_for_function(f"{HASH} !== {copy}")
    groove = page.locator(".explore .groove").bounding_box()
    end = "right => document.querySelector('[data-r=knob]').getBoundingClientRect().right >= right - 8"
    page.wait_for_function(end, arg=groove["x"] + groove["width"])
    page.keyboard.press("Home")
    page.wait_for_function("document.querySelector('[data-r=word]').textContent === 'Faithful'")
    page.wait_for_function(f"{HASH} === {copy}")
    back = "x => Math.abs(document.querySelector('[data-r=knob]').getBoundingClientRect().x - x) < 2"
    page.wait_for_function(back, arg=at)


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_is_cut_or_covered_on_a_phone_at_rest(stage, language):
    page = stage(f"?lang={language}", width=375, height=812)
    page.wait_for_function("!document.querySelector('[data-testid=verdict] [hidden]')")
    dock, flag = page.locator(".dock").bounding_box(), page.locator("[data-r=flag] span").bounding_box()
    mixed, ask = page.locator(".explore .mix").bounding_box(), page.locator("[data-r=prompt]").bounding_box()
    assert mixed["y"] + mixed["height"] <= dock["y"] <= page.locator("[data-r=lesson]").bounding_box()["y"]
    assert ask["y"] + ask["height"] <= flag["y"]
    for tick in page.locator(".explore .tick:visible").all():
        box = tick.bounding_box()
        assert dock["y"] <= box["y"] and box["y"] + box["height"] <= 812
    assert page.locator(".explore .tick:visible").count() >= 4
    for button in page.locator(".head :is(button, select):visible").all():
        box = button.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 375


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_titles_of_the_projector_stand_apart(stage, language):
    page = stage(f"?lang={language}&projector=1", width=1920, height=1080)
    page.wait_for_function(READY)
    update, attacker = (page.locator(f"[data-r={name}-title]").bounding_box() for name in ("mid", "guess"))
    assert update["x"] + update["width"] <= attacker["x"]


def test_eight_tab_stops_to_run(stage):
    page = stage()
    page.wait_for_function(READY)
    for _ in range(8):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.testid") == "run":
            break
    assert page.evaluate("document.activeElement.dataset.testid") == "run"


CHECKED = "document.querySelector('[data-testid=pictures] [aria-checked=true]').dataset.n"
MOVED = (
    "document.querySelector('[data-testid=noise]').value === '0'",
    "document.querySelector('[data-testid=play]').ariaLabel === 'Pause'",
    "document.querySelector('.control-held')",
    "document.querySelector('[data-r=word]').textContent === 'Nothing'",
    f"{CHECKED} > 1",
    f"{CHECKED} === '1'",
)
"""What each card of the lesson does to the stage."""


@pytest.mark.parametrize("hand", ["keys", "pointer"])
def test_the_lesson_goes_through_and_each_card_moves_the_controls(stage, hand):
    page = stage()
    page.wait_for_function(READY)

    def press(act, *keys):
        if hand == "pointer":
            return page.locator(f"[data-act={act}]").click()
        for key in keys:
            page.keyboard.press(key)

    page.keyboard.press("3")
    page.wait_for_function("document.querySelector('[data-testid=noise]').value !== '0'")
    page.keyboard.press("l") if hand == "keys" else page.locator("[data-r=lesson]").click()
    for number, moved in enumerate(MOVED, start=1):
        page.wait_for_selector(f"[data-lesson='{number}']")
        if number == 4:
            press("show", "Shift+Tab", "Enter")
        page.wait_for_function(moved)
        if number < len(MOVED):
            press("next", "n")
    press("cheat", "Shift+Tab", "Shift+Tab", "Enter")
    page.wait_for_selector("[data-testid=lesson]", state="detached")
    page.wait_for_function("document.body.dataset.tab === 'cheat'")


def test_every_key_of_the_map(stage):
    page = stage()
    page.wait_for_function(READY)
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('[data-testid=play]').ariaLabel === 'Play'")
    at = "document.querySelector('[data-testid={}]').value === '{}'"
    for key, becomes in (
        ("Home", at.format("scrub", 0)),
        ("Shift+ArrowRight", at.format("scrub", 1)),
        ("Shift+ArrowLeft", at.format("scrub", 0)),
        (" ", "document.querySelector('[data-testid=play]').ariaLabel === 'Pause'"),
        ("End", "(s => s.value === s.max)(document.querySelector('[data-testid=scrub]'))"),
        ("ArrowRight", at.format("noise", 1)),
        ("ArrowLeft", at.format("noise", 0)),
        ("2", "document.querySelector('[data-r=read]').textContent.endsWith(' 0.001')"),
        ("3", "document.querySelector('[data-r=read]').textContent.endsWith(' 0.01')"),
        ("f", "!document.querySelector('[data-r=flag]').classList.contains('ghost')"),
        ("1", at.format("noise", 0)),
        ("m", f"{CHECKED} === '2'"),
        ("m", f"{CHECKED} === '4'"),
        ("m", f"{CHECKED} === '8'"),
        ("m", f"{CHECKED} === '1'"),
        ("e", "document.querySelector('[data-testid=drawer]')"),
        ("Escape", "!document.querySelector('[data-testid=drawer]')"),
        ("l", "document.querySelector('[data-lesson=\"1\"]')"),
        ("n", "document.querySelector('[data-lesson=\"2\"]')"),
        ("b", "document.querySelector('[data-lesson=\"1\"]')"),
        ("Escape", "!document.querySelector('[data-testid=lesson]')"),
        ("p", "document.body.classList.contains('projector')"),
        ("Escape", "!document.body.classList.contains('projector')"),
        ("r", "!document.querySelector('[data-testid=stop]').hidden"),
        ("s", "document.querySelector('[data-testid=stop]').hidden"),
    ):
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press(key)
        page.wait_for_function(becomes)
    for key, held in (("c", ".control-held"), ("d", ".difference-held")):
        page.keyboard.press("1")
        page.keyboard.down(key)
        page.wait_for_selector(held)
        page.keyboard.up(key)
        page.wait_for_selector(held, state="detached")


def test_the_drawer_opens_by_its_key_and_changes_the_run(stage):
    page = stage(width=1440, height=900)
    page.wait_for_function(READY)
    page.keyboard.press("e")
    page.locator("[data-field=seed]").fill("7")
    page.locator("[data-field=seed]").press("Tab")
    page.wait_for_function("gi.query().includes('seed=7')")
    page.wait_for_selector("[data-r=veil]:not([hidden])")
    assert page.get_by_test_id("run").is_visible()
    page.locator("[data-field=local_steps]").fill("5")
    page.locator("[data-field=local_steps]").press("Tab")
    off = "[data-field=update] option[value=gradient]:disabled"
    page.wait_for_function("off => document.querySelector(off)?.text.includes('several steps')", arg=off)


ADDRESSES = {
    "": "#tab-explore [data-r=word]",
    "?defense=topk%3Akeep%3D0.1": "#tab-explore [data-r=word]",
    "?tab=lesson": "[data-lesson='1']",
    "?tab=anatomy": "[data-view=layers] table",
    "?tab=dial": "[data-view=passes] .pass canvas[width]",
    "?tab=compare": "#tab-compare .lane canvas",
    "?tab=evidence": "#tab-evidence .cell canvas",
    "?tab=cheat": "[data-testid=cheat-tally]:not(:empty)",
}
"""Deep links, and what each of them comes to."""


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720), (375, 812)])
def test_the_layout_stands_still(browser, served, width, height):
    tab = browser.new_page()
    tab.set_viewport_size({"width": width, "height": height})
    tab.add_init_script(
        "window.shift = 0; new PerformanceObserver(l => l.getEntries().forEach(e => { if (!e.hadRecentInput)"
        " window.shift += e.value; })).observe({type: 'layout-shift', buffered: true})"
    )
    shifts = {}
    for address, sign in ADDRESSES.items():
        tab.goto(served[0] + address)
        tab.wait_for_selector(sign, timeout=60_000)
        tab.wait_for_function(READY, timeout=60_000)
        tab.evaluate("() => new Promise(done => requestIdleCallback(() => requestAnimationFrame(done)))")
        shifts[address] = tab.evaluate("window.shift")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, address
    assert max(shifts.values()) < 0.05, shifts
    tab.close()
