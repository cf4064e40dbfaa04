"""The recorded explorer as one file: it works from a disk, and asks nobody for anything."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from gi_core.web.static_export import TABS, export
from tests.web.stage import arrive, fill, show, wait_status


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
    arrive(page, f"file://{written}")
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


def test_drag_replay_take_away_and_take_apart(tab):
    tab.wait_for_function("document.querySelector('[data-r=word]').textContent === 'Faithful'")
    assert "on this device" in tab.get_by_test_id("run").inner_text()
    tab.get_by_test_id("network").select_option("resnet18")
    tab.wait_for_function("document.querySelector('[data-testid=run]').disabled")
    tab.get_by_test_id("network").select_option("lenet")
    tab.keyboard.press("3")
    tab.wait_for_function("document.querySelector('[data-r=word]').textContent === 'Nothing'")
    assert [room.inner_text() for room in tab.locator("[data-r=rooms] button").all()] == ["Explore", "Compare"]
    fill(tab)
    for kind in ("csv", "json", "png"):
        with tab.expect_download() as download:
            tab.locator(f"[data-testid=drawer] [data-format={kind}]").click()
        assert download.value.suggested_filename == f"run.{kind}"
    tab.locator("[data-view=layers] summary").click()
    tab.wait_for_selector("[data-view=layers] table")


def test_compare_opens_its_runs(tab):
    show(tab, "compare")
    examples = tab.locator(".compare [data-r=examples]")
    for name in [option.get_attribute("value") for option in examples.locator("option").all()]:
        if name:
            examples.select_option(name)
            tab.wait_for_function("document.querySelectorAll('.compare [data-r=places] svg').length >= 2")
    tab.locator("[data-lane] [data-k=open]").first.click()
    tab.wait_for_function("document.body.dataset.tab === 'explore'")
    wait_status(tab, "Replay", seconds=10)


def test_a_phone_in_the_dark_in_german(tab, written):
    tab.set_viewport_size({"width": 375, "height": 812})
    for room in TABS:
        arrive(tab, f"file://{written}?lang=de&__theme=dark&tab={room}")
        assert tab.evaluate("document.body.classList.contains('dark') && document.documentElement.lang") == "de"
        assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    tab.evaluate("localStorage.clear()")
