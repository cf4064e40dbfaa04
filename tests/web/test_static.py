"""The recorded explorer as one file: it works from a disk, and asks nobody for anything."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from gi_core.web.static_export import TABS, export


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return export(tmp_path_factory.mktemp("static"))


@pytest.fixture
def tab(browser, written):
    """The page from the disk, with what it asked for and complained of, both empty in the end."""
    page = browser.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    requests, errors = [], []
    page.on("request", lambda r: r.url.startswith(("data:", "blob:")) or requests.append(r.url))
    page.on("console", lambda m: m.type in ("error", "warning") and errors.append(m.text))
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.goto(f"file://{written}?tab=lab")
    page.wait_for_selector("[data-r=state]:not(:empty)")
    yield page
    page.close()
    assert errors == []
    assert {address.partition("?")[0] for address in requests} == {f"file://{written}"}


def test_the_command_writes_the_page(tmp_path, monkeypatch):
    import runpy
    import sys

    monkeypatch.setattr(sys, "argv", ["gi", "export", "--out", str(tmp_path)])
    runpy.run_module("gi_core", run_name="__main__")
    assert (tmp_path / "index.html").stat().st_size > 1e6


def test_the_page_names_no_other_file(written):
    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            for name, value in attrs:
                assert name not in ("src", "href") or value.startswith("data:")

    text = written.read_text()
    Reader().feed(text)
    assert 'http-equiv="Content-Security-Policy" content="default-src &#x27;none&#x27;' in text


def test_replay_scrub_and_other_recordings(tab):
    lab = tab.locator("#tab-lab")
    step = lab.locator("[data-r=step]")
    first = step.inner_text()
    tab.wait_for_function("old => document.querySelector('[data-r=step]').textContent !== old", arg=first)
    tab.keyboard.press("Home")
    assert step.inner_text() == "Step 0"
    text = lab.locator("[data-r=text]").inner_text()
    lab.locator("[data-r=replays]").select_option("2-bare")
    tab.wait_for_function("old => document.querySelector('[data-r=text]').textContent !== old", arg=text)
    lab.locator("[data-r=download] summary").click()
    for kind in ("csv", "json", "png"):
        lab.locator("[data-r=download]").evaluate("menu => { menu.open = true; }")
        with tab.expect_download() as download:
            lab.locator(f"[data-format={kind}]").click()
        assert download.value.suggested_filename == f"run.{kind}"


def test_a_recorded_verdict_is_told_though_nothing_runs_here(tab):
    tab.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'explore'}))")
    tab.wait_for_function("document.querySelector('[data-r=word]').textContent === 'Faithful'")
    assert tab.get_by_test_id("run").is_disabled() and tab.get_by_test_id("run").get_attribute("title")


def test_compare_opens_its_runs(tab):
    tab.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'compare'}))")
    tab.locator("[data-lane] [data-k=open]").first.click()
    tab.wait_for_function("document.body.dataset.tab !== 'compare'")
    tab.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'compare'}))")
    examples = tab.locator(".compare [data-r=examples]")
    for name in [option.get_attribute("value") for option in examples.locator("option").all()]:
        if name:
            examples.select_option(name)
            tab.wait_for_function("document.querySelectorAll('.compare [data-r=places] svg').length >= 2")


def test_lesson_and_anatomy(tab):
    tab.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'lesson'}))")
    lesson = tab.locator("#tab-lesson")
    lesson.get_by_role("button", name="Next").click()
    lesson.locator("[data-r=guess] button").first.click()
    assert "dB" in lesson.locator("[data-r=reveal]").inner_text()
    tab.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'anatomy'}))")
    tab.wait_for_selector("#tab-anatomy [data-r=table] tbody tr")


@pytest.mark.parametrize("name", TABS)
def test_a_phone_in_the_dark_in_german(tab, written, name):
    tab.set_viewport_size({"width": 375, "height": 812})
    tab.goto(f"file://{written}?lang=de&__theme=dark&tab={name}")
    tab.wait_for_selector("[data-r=state]:not(:empty)", state="attached")
    assert tab.evaluate("document.body.classList.contains('dark') && document.documentElement.lang") == "de"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    tab.evaluate("localStorage.clear()")
