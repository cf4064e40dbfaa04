"""The feasibility map: every regime has its cell, every cell its recorded run, and live runs obey the deployment."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
import torch
from PIL import Image

from gi_core.data.sources import open_picture
from gi_core.risk.evidence import rows
from gi_core.scenario import Scenario
from gi_core.studies.feasibility import REGIMES
from gi_core.web.screens.feasibility import feasibility
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits
from gi_core.web.words import LANGUAGES

PAGE = Path(feasibility.__file__).with_suffix(".html")
CELLS = [name for _, _, table in feasibility.GROUPS for cells in table.values() for name in cells if name]


@pytest.fixture(scope="module")
def catalog():
    return feasibility.catalog()


def find(page, name):
    return page.locator(f'#tab-feasibility [data-r="{name}"]')


def cell(page, name):
    return page.locator(f'#tab-feasibility [data-regime="{name}"]')


@pytest.fixture
def tab(page):
    page.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'feasibility'}))")
    page.wait_for_selector("#tab-feasibility [data-regime]")
    page.wait_for_function("document.querySelector('#tab-feasibility [data-r=figures] dd')")
    return page


def test_every_regime_has_one_cell_and_a_recorded_run(catalog):
    assert sorted(CELLS) == sorted(REGIMES)
    assert catalog["regimes"].keys() == REGIMES.keys()
    assert all(regime["runs"] for regime in catalog["regimes"].values())
    assert all(len(cells) == len(columns) for _, columns, table in feasibility.GROUPS for cells in table.values())


def test_a_cell_stands_where_its_regime_belongs():
    for name, _, table in feasibility.GROUPS:
        for victim, cells in table.items():
            for regime in filter(None, cells):
                assert REGIMES[regime].model.split(":")[0] == victim.split(",")[0]
                assert ("224" in regime) == (REGIMES[regime].image_size == 224)
                assert (name == "detection") == (REGIMES[regime].image_size == 128)


def test_figures_are_those_of_the_table(catalog):
    for row in rows("feasibility"):
        told = catalog["regimes"][row["regime"]]
        run = next(r for r in told["runs"] if (r["update"], r["seed"]) == (int(row["update"]), int(row["seed"])))
        assert run["ssim"] == float(row["ssim"])
        assert told["ssim"]["low"] <= told["ssim"]["mean"] <= told["ssim"]["high"]
        assert not run["way"] or run["way"][-1][2] == pytest.approx(run["ssim"], abs=1e-3)
        assert (Scenario.from_url(told["query"]).attack == row["attack"]) == (run["cut"] is None)
        assert "--attack" in run["command"] and f"--image {run['pictures'][0]}" in run["command"]


def test_the_pictures_of_a_run_begin_with_the_private_one(catalog):
    run = catalog["regimes"]["swin-32-two"]["runs"][0]
    found = feasibility.feasibility_run({"regime": "swin-32-two", "update": run["update"], "seed": run["seed"]})
    assert (found["side"], found["batch"]) == (32, 2)
    assert found["rows"] == 1 + max(1, len(run["way"]))
    sheet = Image.open(io.BytesIO(base64.b64decode(found["src"].partition(",")[2])))
    first = torch.frombuffer(bytearray(sheet.crop((0, 0, 32, 32)).tobytes()), dtype=torch.uint8).reshape(32, 32, 3)
    truth = open_picture(run["pictures"][0], 32, 3).permute(1, 2, 0)
    assert (first / 255 - truth).abs().max() < 0.01


def test_bad_requests_are_one_sentence():
    assert "nknown regime" in feasibility.feasibility_run({"regime": "x"})["error"]
    assert "no pictures" in feasibility.feasibility_run({"regime": "swin-32", "update": 99, "seed": 0})["error"]
    assert "nknown regime" in feasibility.fit_with(RunService(Limits()))({})["refused"]
    *_, last = feasibility.live(RunService(Limits()), {"id": "a", "regime": "../x"})
    assert last["run"]["state"] == "failed"


def test_what_does_not_fit_this_deployment_is_refused():
    small = feasibility.fit_with(RunService(Limits(image_size=64)))({"regime": "swin-224"})
    assert small["refused"] == "Image_size=224: at most 64 is allowed on this server."
    *_, last = feasibility.live(RunService(Limits(image_size=64)), {"id": "a", "regime": "swin-224"})
    assert "at most 64" in last["run"]["message"]


@pytest.mark.parametrize(
    ("theirs", "short"),
    [
        ("SSIM 0.054, shared", {"ssim": 0.054}),
        ("vulnerable, a design", {"word": "yes"}),
        ("upper bound: x", {"word": "upper"}),
    ],
)
def test_the_papers_finding_in_short(theirs, short):
    assert feasibility.paper_in_short(theirs) == short
    assert all(feasibility.paper_in_short(regime.theirs) for regime in REGIMES.values())


def test_both_languages_have_every_word_of_the_page():
    script = Path(feasibility.__file__).with_suffix(".js").read_text()
    named = set(re.findall(r"words\.(feas_\w+)", script)) | set(
        re.findall(r'data-(?:t|label)="(feas_\w+)"', PAGE.read_text())
    )
    named |= {f"feas_{g}_{c}" for g, columns, _ in feasibility.GROUPS for c in columns}
    named |= {
        f"feas_paper_{r['paper']['word']}" for r in feasibility.catalog()["regimes"].values() if "word" in r["paper"]
    }
    assert named <= set(LANGUAGES["en"]) == set(LANGUAGES["de"])


def test_a_cell_opens_its_recorded_run_by_keyboard(tab, catalog):
    regime = catalog["regimes"]["post-train-huang"]
    cell(tab, "post-train-huang").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function(
        "document.querySelector('#tab-feasibility [data-r=title]').textContent.startsWith('resnet18,')"
    )
    shown = f"{regime['runs'][0]['ssim']:.3f}".replace("-", "−")
    tab.wait_for_function(
        "s => document.querySelector('#tab-feasibility [data-r=figures]').textContent.replace('-', '−').includes(s)",
        arg=shown,
    )
    assert cell(tab, "post-train-huang").get_attribute("aria-pressed") == "true"
    assert cell(tab, "swin-32").get_attribute("aria-pressed") == "false"
    assert "0.013" in find(tab, "theirs").inner_text()
    assert "running statistics are sent along" in find(tab, "assumed").inner_text()
    assert regime["attack"] in find(tab, "assumed").inner_text()


PIXELS = """name => {
  const canvas = document.querySelector(`#tab-feasibility [data-r=${name}]`);
  return [canvas.width, canvas.height, canvas.toDataURL()];
}"""


def test_the_way_of_a_run_is_scrubbed(tab):
    cell(tab, "swin-32").click()
    tab.wait_for_function("document.querySelector('#tab-feasibility [data-r=scrub]').checkVisibility()")
    truth, end = tab.evaluate(PIXELS, "truth"), tab.evaluate(PIXELS, "rebuilt")
    assert truth[:2] == [32, 32] and truth[2] != end[2]
    find(tab, "scrub").focus()
    tab.keyboard.press("Home")
    assert "Iteration 0" in find(tab, "moment").inner_text()
    assert tab.evaluate(PIXELS, "rebuilt")[2] != end[2]
    assert tab.evaluate(PIXELS, "truth") == truth


def quick(monkeypatch, service, steps=6):
    """A live run of the smallest victim, said to take a moment."""
    monkeypatch.setattr(service.costs, "predict", lambda scenario: 2.0)
    scenario = Scenario(attack=f"ig:steps={steps}", knowledge="labels")
    monkeypatch.setattr(feasibility, "scenario_of", lambda name: scenario)


def test_a_live_run_comes_with_its_control_and_opens_in_the_lab(tab, served, monkeypatch):
    quick(monkeypatch, served[1])
    cell(tab, "preact-eval").click()
    find(tab, "go").click()
    find(tab, "stage").wait_for(state="visible", timeout=60_000)
    assert find(tab, "live-picture").get_attribute("src").startswith("data:image/png")
    assert find(tab, "live-noise").get_attribute("src").startswith("data:image/png")
    assert "SSIM" in find(tab, "live-figures").inner_text()
    find(tab, "stage").click()
    tab.wait_for_function("document.body.dataset.tab === 'lab'")
    tab.wait_for_function("document.querySelector('#tab-lab [data-r=text]').textContent.includes('ig:steps=6')")


def test_a_live_run_stops_at_once(tab, served, monkeypatch):
    quick(monkeypatch, served[1], steps=4000)
    cell(tab, "preact-eval").click()
    find(tab, "go").click()
    tab.wait_for_function(
        "document.querySelector('#tab-feasibility [data-r=live-picture]').src.startsWith('data:')", timeout=60_000
    )
    find(tab, "halt").click()
    for _ in range(100):
        if not len(served[1].line):
            break
        tab.wait_for_timeout(100)
    assert len(served[1].line) == 0
    assert find(tab, "go").is_enabled()


def test_what_does_not_fit_is_said_and_the_recorded_run_stays(tab):
    cell(tab, "vit-base-224").click()
    tab.wait_for_function("document.querySelector('#tab-feasibility [data-r=truth]').width === 224")
    find(tab, "go").click()
    tab.wait_for_function(
        "document.querySelector('#tab-feasibility [data-r=message]').textContent.includes('at most 64')"
    )
    assert "recorded run stands above" in find(tab, "message").inner_text()
    assert find(tab, "rebuilt").is_visible()


@pytest.mark.parametrize(("seconds", "said"), [(200.0, "takes about 3 min"), (9000.0, "a run may last")])
def test_minutes_are_said_before_they_are_spent(tab, served, monkeypatch, seconds, said):
    monkeypatch.setattr(served[1].costs, "predict", lambda scenario: seconds)
    cell(tab, "preact-eval").click()
    find(tab, "go").click()
    tab.wait_for_function(
        "s => document.querySelector('#tab-feasibility [data-r=message]').textContent.includes(s)", arg=said
    )
    assert len(served[1].line) == 0
    assert ("all the same" in find(tab, "go").inner_text()) == (seconds < 3600)


def test_the_lab_warns_before_minutes_and_offers_the_recorded_run(page, served, monkeypatch):
    page.wait_for_selector("#tab-feasibility [data-regime]", state="attached")
    monkeypatch.setattr(served[1].costs, "known", lambda scenario: 300.0 if scenario.model == "swin-tiny" else 2.0)
    page.select_option("#tab-lab [data-f=model]", "swin-tiny")
    note = page.locator("#tab-lab .slow-note")
    note.wait_for(state="visible")
    assert "5 min" in note.inner_text()
    page.select_option("#tab-lab [data-f=model]", "lenet")
    note.wait_for(state="detached")
    page.select_option("#tab-lab [data-f=model]", "swin-tiny")
    note.locator("button").click()
    page.wait_for_function("document.body.dataset.tab === 'feasibility'")
    assert find(page, "title").inner_text().startswith("swin-tiny, 32 pixels, one picture")


def test_a_phone_has_no_sideways_scroll(tab):
    tab.set_viewport_size({"width": 375, "height": 812})
    tab.wait_for_timeout(300)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    cell(tab, "yolov8n-eval").click()
    tab.wait_for_function("document.activeElement.dataset.r === 'title'")
    assert find(tab, "rebuilt").is_visible()
