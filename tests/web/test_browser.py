"""The Lab in a real browser: what plays, what arrives, what stops, what is refused."""

from __future__ import annotations

import json
import time
import zipfile

import pytest

FAST = "ig:steps=120"
SLOW = "ig:steps=20000"


def find(page, name):
    return page.locator(f'#tab-lab [data-r="{name}"]')


def set_attack(page, text, defense="none"):
    page.evaluate("document.querySelector('[data-r=fine]').open = true")
    for name, value in (("defense", defense), ("attack", text)):
        page.fill(f"[data-f={name}]", value)
        page.keyboard.press("Tab")


def state(page):
    return find(page, "state").inner_text()


def step(page):
    return int(find(page, "step").inner_text().split()[1].replace(",", ""))


def press(page, key):
    """Press a key that moves the scrubber, and return the step it lands on."""
    page.keyboard.press(key)
    page.wait_for_timeout(150)
    return step(page)


def wait_state(page, word, seconds=20):
    page.wait_for_function(
        "word => document.querySelector('[data-r=state]').textContent === word", arg=word, timeout=1000 * seconds
    )


def wait_idle(service, seconds):
    end = time.monotonic() + seconds
    while len(service.queue) and time.monotonic() < end:
        time.sleep(0.02)
    return len(service.queue)


def test_a_recorded_run_plays_before_anything_is_clicked(page):
    assert state(page).startswith("Recorded run")
    first = step(page)
    page.wait_for_function(
        "old => document.querySelector('[data-r=step]').textContent !== old", arg=f"Step {first}", timeout=2000
    )
    assert find(page, "verdict").inner_text().strip()


def test_keyboard_scrubs_without_a_request(page):
    page.wait_for_function("document.querySelector('[data-r=estimate]').textContent.includes('About')", timeout=30_000)
    requests = []
    page.on("request", lambda r: r.url.startswith("http") and requests.append(r.url))
    end, before, start = press(page, "End"), press(page, "ArrowLeft"), press(page, "Home")
    assert start == 0 < before < end
    page.keyboard.press(" ")
    page.wait_for_function("document.querySelector('[data-r=play]').getAttribute('aria-label') === 'Pause'")
    page.keyboard.press(" ")
    assert find(page, "play").get_attribute("aria-label") == "Play"
    for name in ("difference", "first", "last"):
        find(page, name).click()
    find(page, "thumbs").locator("canvas").nth(3).click()
    assert requests == []


def test_guests_follow_the_runs_of_a_room(page, browser, served):
    find(page, "follow").click()
    page.wait_for_function("document.querySelector('[data-r=room-link]').textContent.includes('follow=')")
    guest = browser.new_page()
    guest.goto(find(page, "room-link").inner_text())
    guest.wait_for_function("document.querySelector('[data-r=room-text]')?.textContent.includes('Waiting')")
    assert not find(guest, "run").is_visible()
    set_attack(page, "ig:steps=150,lr=0.0401")
    find(page, "run").click()
    wait_state(guest, "Live run, finished", 60)
    wait_state(page, "Live run, finished", 60)
    assert find(guest, "text").inner_text() == find(page, "text").inner_text()
    assert find(guest, "guess-psnr").inner_text() == find(page, "guess-psnr").inner_text()
    find(page, "room-end").click()
    guest.wait_for_function("document.querySelector('[data-r=room-text]').textContent.includes('closed')")
    guest.close()


def test_teacher_links_hide_lock_and_start_where_they_say(page, served):
    page.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'lesson'}))")
    tab = page.locator("#tab-lesson")
    tab.locator(".teachers summary").click()
    tab.locator("[data-r=start]").select_option("lab")
    tab.locator("[data-r=hide] input[value=victim]").check()
    tab.locator("[data-r=lock] input[value=defense]").check()
    page.wait_for_function("document.querySelector('[data-r=address]').textContent.includes('lock=defense')")
    page.goto(tab.locator("[data-r=address]").inner_text())
    page.wait_for_selector("[data-r=state]:not(:empty)")
    assert page.evaluate("document.body.dataset.tab") == "lab"
    assert not page.locator("[data-card=victim]").is_visible()
    assert find(page, "defense").is_disabled()
    assert "teacher" in page.locator("[data-card=defense]").inner_text()
    page.evaluate("localStorage.removeItem('gi-lang')")


def test_a_run_arrives_frame_by_frame_and_ends_with_a_verdict(page):
    set_attack(page, "ig:steps=1500")  # long enough for several messages on a fast machine
    page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => {
            const now = document.querySelector('[data-r=step]').textContent;
            if (document.querySelector('[data-r=state]').textContent === 'Live run') window.seen.push(now);
        }).observe(document.querySelector('[data-r=step]'), {childList: true, characterData: true, subtree: true}); }"""
    )
    find(page, "run").click()
    wait_state(page, "Live run, finished", 40)
    assert len(set(page.evaluate("window.seen"))) >= 2
    assert "dB" in find(page, "guess-psnr").inner_text()
    assert find(page, "verdict").locator(".squares").count() == 1
    find(page, "download").locator("summary").click()
    with page.expect_download() as download:
        find(page, "download").locator("[data-format=zip]").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = set(archive.namelist())
        assert json.loads(archive.read("trace.json"))["control"]["word"]
    assert {
        "trace.json",
        "history.csv",
        "images.npz",
        "reconstruction.png",
        "run.gif",
        "run.mp4",
        "report.html",
        "figure.pdf",
    } <= names


def test_tabs_and_small_questions_do_not_wait_for_a_running_attack(page):
    set_attack(page, SLOW)
    find(page, "run").click()
    wait_state(page, "Live run")
    shown = page.evaluate(
        """['dial', 'compare', 'anatomy', 'lesson', 'lab'].map(name => {
            window.dispatchEvent(new CustomEvent('gi:show', {detail: name}));
            return document.getElementById('tab-' + name).checkVisibility();
        })"""
    )
    assert all(shown)
    page.select_option("[data-f=model]", "mlp")
    words = "document.querySelector('#tab-lab [data-r=parameters]').textContent"
    page.wait_for_function(f"{words} && !{words}.startsWith('15,826')", timeout=10_000)
    assert state(page) == "Live run"
    find(page, "stop").click()
    wait_state(page, "Live run, stopped here", 5)


def test_stop_keeps_the_frames(page, served):
    set_attack(page, SLOW)
    find(page, "run").click()
    wait_state(page, "Live run")
    page.wait_for_function("document.querySelector('[data-r=step]').textContent !== 'Step 0'")
    find(page, "stop").click()
    wait_state(page, "Live run, stopped here", 5)
    reached = step(page)
    assert 0 < reached < 20000
    assert wait_idle(served[1], 1) == 0
    assert press(page, "Home") == 0


def test_closing_the_tab_frees_the_worker(browser, served):
    url, service = served
    tab = browser.new_page()
    tab.goto(url + "?tab=lab")
    tab.wait_for_selector("[data-r=state]:not(:empty)")
    set_attack(tab, SLOW)
    find(tab, "run").click()
    wait_state(tab, "Live run")
    assert len(service.queue) == 1
    tab.close()
    assert wait_idle(service, 1.0) == 0


@pytest.mark.parametrize(
    ("attack", "words"), [("igg", "allowed are"), ("ig:steps=0", "steps"), ("ig:tv=nan", "finite"), ("", "empty")]
)
def test_bad_settings_give_one_sentence_and_keep_the_stage(page, attack, words):
    press(page, "End")
    shown = find(page, "text").inner_text()
    set_attack(page, attack)
    find(page, "run").click()
    wait_state(page, "Not run")
    said = find(page, "verdict").inner_text()
    assert words in said and "Traceback" not in said
    assert find(page, "text").inner_text() == shown
    assert step(page) > 0


@pytest.mark.parametrize(
    ("field", "value"), [("defense", "dp-gaussian:epsilon=-1"), ("batch_size", "0"), ("image_size", "20000")]
)
def test_values_out_of_range_are_refused_in_words(page, field, value):
    page.evaluate("document.querySelector('[data-r=fine]').open = true")
    page.fill(f"[data-f={field}]", value)
    page.keyboard.press("Tab")
    page.wait_for_function("document.querySelector('[data-r=estimate]').textContent.includes('allowed')")
    find(page, "run").click()
    wait_state(page, "Not run")
    assert "allowed" in find(page, "verdict").inner_text()


def test_bad_uploads_give_one_sentence(page, tmp_path):
    jpeg = tmp_path / "cut.jpg"
    jpeg.write_bytes(b"\xff\xd8\xff\xe0" + bytes(500))
    svg = tmp_path / "drawing.svg"
    svg.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (20000).to_bytes(4, "big") * 2 + bytes(9))
    for file, words in ((jpeg, "cut short"), (svg, "not a picture"), (bomb, "20000 × 20000")):
        page.set_input_files('[data-r="file"]', str(file))
        page.wait_for_function(
            "words => document.querySelector('[data-r=verdict]').textContent.includes(words)", arg=words, timeout=5000
        )


def test_an_own_picture_is_shrunk_before_it_is_sent(page, tmp_path):
    from PIL import Image

    picture = Image.radial_gradient("L").resize((1200, 900)).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    picture.save(tmp_path / "mine.jpg", exif=exif)
    sent = []
    page.on("request", lambda r: r.method == "POST" and sent.append(r.post_data or ""))
    before = find(page, "samples").locator("img").count()
    page.set_input_files('[data-r="file"]', str(tmp_path / "mine.jpg"))
    page.wait_for_function(
        "n => document.querySelectorAll('[data-r=samples] img').length > n", arg=before, timeout=5000
    )
    set_attack(page, "ig:steps=5")
    find(page, "run").click()
    wait_state(page, "Live run, finished", 30)
    assert any("data:image/png" in body for body in sent)
    assert all(len(body) < 300_000 and "SECRET" not in body for body in sent)


def test_a_link_carries_the_settings_and_is_clamped(page, served):
    url, _ = served
    page.goto(url + "?tab=lab&model=mlp&attack=ig%3Asteps%3D77&seed=5&batch_size=9999")
    page.wait_for_function("document.querySelector('[data-f=seed]')?.value === '5'", timeout=10_000)
    assert page.input_value("[data-f=model]") == "mlp"
    assert page.input_value("[data-f=attack]") == "ig:steps=77"
    assert page.input_value("[data-f=batch_size]") == "8"
    assert "batch_size=9999" in find(page, "estimate").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_has_no_sideways_scroll(page, served, theme):
    page.set_viewport_size({"width": 375, "height": 812})
    page.goto(served[0] + f"?tab=lab&__theme={theme}")
    page.wait_for_selector("[data-r=state]:not(:empty)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert find(page, "run").is_visible() and not page.locator("[data-f=model]").is_visible()
    find(page, "open").click()
    assert page.locator("[data-f=model]").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
