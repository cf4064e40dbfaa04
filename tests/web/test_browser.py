"""Live runs in a real browser: what arrives, what stops, what is refused, who may watch."""

from __future__ import annotations

import json
import zipfile

import pytest

from gi_core.scenario import Scenario
from tests.web.stage import (
    FINISHED,
    HASH,
    READY,
    arrive,
    fill,
    press_run,
    show,
    step,
    stop,
    wait_idle,
    wait_running,
    wait_status,
)

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
SLOW = "ig:steps=20000"
"""On the server with another image_size than 32, which is the device's."""


def test_a_run_arrives_frame_by_frame_is_judged_and_can_be_taken_away(page):
    page.wait_for_function(READY)
    fill(page, attack="ig:steps=1500,tv=0.011", model="mlp", image_size=16)
    page.evaluate(
        """() => { window.seen = new Set(); const look = () => {
            if (document.querySelector('[data-testid=status]').textContent.startsWith('Live run. '))
              window.seen.add(document.querySelector('[data-testid=metrics] [data-n=step] dd').textContent);
            requestAnimationFrame(look); }; look(); }"""
    )
    press_run(page)
    wait_status(page, FINISHED)
    assert len(page.evaluate("[...window.seen]")) >= 2
    assert page.locator("[data-testid=verdict] .squares").is_visible()
    drawer = page.get_by_test_id("drawer")
    with page.expect_download() as download:
        drawer.locator("[data-format=zip]").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = set(archive.namelist())
        assert json.loads(archive.read("trace.json"))["control"]
    assert {
        "history.csv",
        "images.npz",
        "reconstruction.png",
        "run.gif",
        "run.mp4",
        "report.html",
        "figure.pdf",
    } <= names
    drawer.locator("[data-act=checks]").click()
    page.wait_for_selector("[data-part=checks] .pass canvas", timeout=60_000)
    assert drawer.locator("[data-part=checks] .pass").count() >= 4


def test_nothing_waits_for_a_running_attack_and_stop_keeps_its_frames(page, served):
    page.wait_for_function(READY)
    fill(page, attack=SLOW, image_size=16)
    press_run(page)
    wait_running(page)
    for room in ("compare", "evidence", "explore"):
        show(page, room)
        assert page.locator(f"#tab-{room}").is_visible()
    assert len(served[1].queue) == 1
    stop(page)
    wait_status(page, "Stopped")
    assert 0 < step(page) < 20000
    assert page.get_by_test_id("verdict").inner_text() == "Not judged"
    assert wait_idle(served[1], 5) == 0
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Home")
    page.wait_for_function("document.querySelector('[data-testid=metrics] [data-n=step] dd').textContent[0] === '0'")


def test_closing_the_tab_frees_the_worker(browser, served):
    url, service = served
    tab = browser.new_page()
    arrive(tab, f"{url}?attack={SLOW}&image_size=16")
    tab.wait_for_function("gi.query().includes('20000')")
    press_run(tab)
    wait_running(tab)
    assert len(service.queue) == 1
    tab.close()
    assert wait_idle(service, 5.0) == 0


REFUSED = {
    "attack": ("igg", "allowed are"), "defense": ("dp-gaussian:epsilon=-1", "allowed"), "batch_size": (0, "allowed"),
    "image_size": (20000, "allowed"), "seed": ("", "empty"),
}  # fmt: skip


def test_what_cannot_run_says_why_in_one_sentence_and_run_is_off(page):
    page.wait_for_function(READY)
    for name, (value, words) in REFUSED.items():
        fill(page, **{name: value})
        off = "document.querySelector('[data-testid=run]').disabled"
        page.wait_for_function(
            f"words => {off} && document.querySelector('[data-r=say]').textContent.includes(words)", arg=words
        )
        said = page.locator("[data-r=say]").inner_text()
        assert "Traceback" not in said and said.endswith(".")
        fill(page, **{name: getattr(Scenario(), name)})
        page.wait_for_function(f"!{off}")


def test_bad_files_give_one_sentence(page, tmp_path):
    page.wait_for_function(READY)
    files = {
        "cut.jpg": (b"\xff\xd8\xff\xe0" + bytes(500), "cut short"),
        "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not a picture"),
        "bomb.png": (
            b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (20000).to_bytes(4, "big") * 2 + bytes(9),
            "20000 × 20000",
        ),
    }
    for name, (content, words) in files.items():
        (tmp_path / name).write_bytes(content)
        page.set_input_files("[data-r=file]", str(tmp_path / name))
        page.wait_for_function("words => document.querySelector('.toast')?.textContent.includes(words)", arg=words)


def test_a_link_carries_the_settings_is_clamped_and_shares_no_own_picture(page, served, tmp_path):
    from PIL import Image

    arrive(page, served[0] + "?tab=lab&model=mlp&attack=ig%3Asteps%3D77&seed=5&batch_size=9999")
    page.wait_for_function("gi.query().includes('seed=5')")
    assert "batch_size=9999" in page.locator(".toast").inner_text()
    told = Scenario.from_url(page.evaluate("gi.query()"))
    assert (told.model, told.attack, told.seed, told.batch_size) == ("mlp", "ig:steps=77", 5, 8)
    Image.radial_gradient("L").resize((64, 64)).convert("RGB").save(tmp_path / "mine.png")
    page.set_input_files("[data-r=file]", str(tmp_path / "mine.png"))
    page.wait_for_selector("[data-r=stage][data-state=own]")
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async text => { window.copied = text; }}})"
    )
    page.locator(".head [data-r=link]").click()
    page.wait_for_function("window.copied?.includes('seed=5')")
    link = page.evaluate("window.copied")
    assert "data:" not in link and "base64" not in link and len(link) < 400


@pytest.mark.parametrize("query", ["", "&picture=coffee"])
def test_the_address_of_a_recorded_cell_opens_as_recorded(page, served, query):
    page.wait_for_function(READY)
    page.evaluate("document.activeElement.blur()")
    page.get_by_test_id("noise").focus()
    for _ in range(4):  # 0.002: a strength of the recording's own
        page.keyboard.press("ArrowRight")
    page.wait_for_function("gi.query().includes('0.002')")
    arrive(page, served[0] + "?" + page.evaluate("gi.query()") + query)
    page.wait_for_function("gi.query().includes('0.002')")
    wait_status(page, "Recorded run")
    assert page.locator("[data-r=veil]").is_hidden()


def test_guests_follow_the_runs_of_a_room(page, browser, served):
    page.wait_for_function(READY)
    page.locator(".head [data-r=link]").click()
    share = page.get_by_test_id("share")
    share.locator("[data-act=follow]").click()
    page.wait_for_function("document.querySelector('[data-part=address]').textContent.includes('follow=')")
    guest = browser.new_page()
    arrive(guest, share.locator("[data-part=address]").inner_text())
    guest.wait_for_function("document.querySelector('[data-testid=guest]')?.textContent.includes('Waiting')")
    assert not guest.get_by_test_id("run").is_visible()
    fill(page, attack="ig:steps=150,lr=0.0401", seed=3)
    press_run(page)
    wait_status(guest, FINISHED)
    wait_status(page, FINISHED)
    assert "0.0401" in guest.evaluate("gi.query()")
    assert guest.evaluate(HASH) == page.evaluate(HASH)
    assert guest.get_by_test_id("verdict").inner_text() == page.get_by_test_id("verdict").inner_text()
    share.locator("[data-act=end]").evaluate("button => button.click()")
    guest.wait_for_function("document.querySelector('[data-testid=guest]').textContent.includes('closed')")
    guest.close()


def test_teacher_links_hide_lock_and_start_where_they_say(page):
    page.wait_for_function(READY)
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async text => { window.copied = text; }}})"
    )
    page.locator(".head [data-r=link]").click()
    share = page.get_by_test_id("share")
    share.locator("[data-hide=victim]").check()
    share.locator("[data-lock=defense]").check()
    share.locator("[data-act=teach]").click()
    page.wait_for_function("window.copied?.includes('lock=defense')")
    arrive(page, page.evaluate("window.copied"))
    page.wait_for_function(READY)
    assert not page.get_by_test_id("network").is_visible()
    assert page.get_by_test_id("defense").is_disabled() and page.get_by_test_id("noise").is_disabled()
    page.keyboard.press("3")
    fill(page)
    assert "teacher" in page.locator("[data-card=defense]").inner_text()
    assert not page.locator("[data-card=victim]").is_visible()
    assert "sigma" not in page.evaluate("gi.query()")
