"""Is my set-up at risk? In the browser: an answer, its evidence opened in the Lab, the frontier, the reports."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pypdf
import pytest

from gi_core.risk.evidence import rows, runs
from gi_core.scenario import Scenario
from gi_core.web.screens.risk import risk
from gi_core.web.words import LANGUAGES

PAGE = Path(risk.__file__).with_suffix(".html")


def find(page, name):
    return page.locator(f'#tab-risk [data-r="{name}"]')


@pytest.fixture
def tab(page):
    page.get_by_test_id("room-evidence").click()
    page.wait_for_selector("#tab-risk .point-mark")
    return page


def test_both_languages_have_every_word_of_the_page():
    assert set(LANGUAGES["en"]) == set(LANGUAGES["de"])
    for i, _ in enumerate(risk.catalog()["examples"]):
        assert f"risk_example_{i}" in LANGUAGES["en"]
    for i, _ in enumerate(risk.FAMILIES):
        assert f"risk_family_{i}" in LANGUAGES["en"]
    script = Path(risk.__file__).with_suffix(".js").read_text()
    named = set(re.findall(r"words\.(risk_\w+)", script)) | set(re.findall(r'data-t="(risk_\w+)"', PAGE.read_text()))
    assert named <= set(LANGUAGES["en"])


def test_bad_requests_are_one_sentence():
    assert "atch_size=0" in risk.risk_answer({"batch_size": 0})["error"]
    assert "empty" in risk.risk_answer({"batch_size": ""})["error"]
    assert "nknown field" in risk.risk_answer({"a": 1})["error"]
    assert "allowed are html, pdf" in risk.risk_report({"setup": {}, "format": "docx"})["error"]
    assert "not among" in risk.risk_run({"key": "0" * 64})["error"]


def test_a_report_comes_as_a_file():
    file = risk.risk_report({"setup": {"model": "lenet", "batch_size": "4"}, "format": "pdf"})
    assert (file["name"], file["type"]) == ("risk.pdf", "application/pdf")
    assert len(pypdf.PdfReader(io.BytesIO(base64.b64decode(file["data"]))).pages) == 1


def test_a_recorded_run_says_on_the_stage_what_the_table_says():
    e = next(e for e in runs() if e.table == "risk" and e.scenario.batch_size == 4)
    staged = risk.risk_run({"key": e.key})["run"]
    assert staged["state"] == "recorded"
    assert staged["verdict"]["level"] == e.level()
    assert staged["frames"][-1]["psnr"] == pytest.approx(e.psnr, abs=0.3)
    assert staged["verdict"]["control"]["src"].startswith("data:image/png")


def test_the_frontier_holds_every_row_of_the_study_and_every_point_its_run():
    points = [p for family in risk.frontier() for p in family["points"]]
    assert len(points) == len(rows("tradeoff"))
    assert all(p["key"] and p["src"] for p in points)
    assert len(risk.frontier()) >= 5


def test_an_example_is_answered_and_its_run_opens_in_the_lab(tab):
    find(tab, "example").select_option(index=2)
    tab.wait_for_function("document.querySelector('#tab-risk [data-f=batch_size]').value === '4'")
    tab.wait_for_function("document.querySelector('#tab-risk [data-r=runs] tbody tr')")
    attack = find(tab, "runs").locator("code").first.inner_text()
    find(tab, "runs").locator("[data-key]").first.click()
    tab.wait_for_function("document.body.dataset.tab === 'lab'")
    tab.wait_for_function(
        "text => document.querySelector('#tab-lab [data-r=text]').textContent.includes(text)", arg=attack
    )
    assert tab.locator('#tab-lab [data-r="state"]').inner_text().startswith("Recorded run")
    assert tab.input_value("#tab-lab [data-f=attack]") == attack


def test_a_point_of_the_frontier_opens_its_run(tab):
    mark = tab.locator("#tab-risk .point-mark.on").last
    wanted = mark.get_attribute("data-at").split("|")
    family = next(f for f in risk.frontier() if f["family"] == wanted[0])
    mark.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.body.dataset.tab === 'lab'")
    defense = family["points"][int(wanted[1])]["defense"]
    tab.wait_for_function(
        "d => document.querySelector('#tab-lab [data-f=defense]').value === d",
        arg=Scenario(defense=defense).defense,
    )


def test_bad_values_are_said_and_the_answer_stays(tab):
    before = find(tab, "sentence").inner_text()
    tab.fill("#tab-risk [data-f=batch_size]", "0")
    tab.keyboard.press("Tab")
    tab.wait_for_function("document.querySelector('#tab-risk [data-r=message]').textContent.includes('atch_size=0')")
    assert find(tab, "sentence").inner_text() == before


def test_a_far_set_up_is_not_measured(tab):
    find(tab, "example").select_option(index=len(risk.EXAMPLES))
    tab.wait_for_function("document.querySelector('#tab-risk [data-r=word]').textContent.includes('Not measured')")
    assert find(tab, "sentence").inner_text().startswith("Not measured")
    assert find(tab, "runs").locator("tbody tr").count() == 0


@pytest.mark.parametrize("kind", ["pdf", "html"])
def test_reports_download(tab, kind):
    with tab.expect_download() as download:
        find(tab, kind).click()
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(b"%PDF" if kind == "pdf" else b"<!doctype html>")


def test_a_phone_has_no_sideways_scroll(tab):
    tab.set_viewport_size({"width": 375, "height": 812})
    tab.wait_for_timeout(300)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    assert find(tab, "word").is_visible() and find(tab, "example").is_visible()
