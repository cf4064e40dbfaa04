"""Evidence: a cell is the strongest recorded run of its setting; off the map the nearest one answers."""

from __future__ import annotations

import base64
import csv
import io
from pathlib import Path

import numpy as np
import pypdf
import pytest
import torch
from PIL import Image

from gi_core.data.sources import open_picture
from gi_core.risk.evidence import RESULTS, judged_runs, rows, runs
from gi_core.scenario import Scenario
from gi_core.studies.feasibility import REGIMES
from gi_core.web.screens.evidence import answers, charts, evidence, regimes
from gi_core.web.server.plotly_script import PATH, script


@pytest.fixture(scope="module")
def catalog():
    return evidence.catalog()


def filled(catalog):
    """(row, column, cell) of every cell that was run."""
    return [(r, c, cell) for r, line in enumerate(catalog["cells"]) for c, cell in enumerate(line) if cell is not None]


def test_a_cell_is_the_strongest_of_its_runs(catalog):
    assert len(filled(catalog)) >= 25
    for r, c, cell in filled(catalog):
        found = evidence.evidence_cell({"row": r, "column": c})["runs"]
        assert len(found) == cell["runs"] >= 1
        structure = lambda run: run["gain"] / (1 - run["ssim"] + run["gain"])
        assert structure(cell) >= max(map(structure, found)) - 1e-3
        assert cell["short"] in (False, True) and (not cell["short"] or cell["level"] == 0)


def test_every_judged_run_of_a_columns_setting_stands_in_one_cell(catalog):
    shown = {
        run["key"] for r, c, _ in filled(catalog) for run in evidence.evidence_cell({"row": r, "column": c})["runs"]
    }
    for e in runs():
        s = e.scenario
        plain = (s.batch_size, s.local_steps, s.clients, s.defense) == (1, 1, 1, "none")
        if plain and s.weights == "init" and s.model.startswith(("mlp", "lenet", "convnet")):
            assert e.key in shown


def test_a_tile_holds_the_private_picture_first(catalog):
    sheet = Image.open(io.BytesIO(base64.b64decode(catalog["sprite"].partition(",")[2]))).convert("RGB")
    for _, _, cell in filled(catalog):
        e = next(e for e in judged_runs() if e.key == cell["key"])
        if cell["tile"] is None or e.scenario.image_size != evidence.SIDE or e.scenario.channels != 3:
            continue
        top = cell["tile"] * evidence.SIDE
        tile = np.asarray(sheet.crop((0, top, evidence.SIDE, top + evidence.SIDE))) / 255
        truths = [open_picture(name, evidence.SIDE, 3).permute(1, 2, 0).numpy() for name in e.pictures]
        assert min(np.abs(tile - truth).max() for truth in truths) < 0.01


def test_noise_costs_accuracy_as_the_study_measured_it(catalog):
    cost = {column["defense"]: column["accuracy"] for column in catalog["columns"]}
    assert cost["none"] > cost["clip+gaussian"] > cost["clip+gaussian:sigma=0.1"] > 0


def test_bad_requests_are_one_sentence():
    assert "no such cell" in evidence.evidence_cell({"row": 99, "column": 0})["error"]
    assert "atch_size=0" in answers.risk_answer({"batch_size": 0})["error"]
    assert "empty" in answers.risk_answer({"batch_size": ""})["error"]
    assert "nknown field" in answers.risk_answer({"a": 1})["error"]
    assert "allowed are html, pdf" in answers.risk_report({"setup": {}, "format": "docx"})["error"]
    assert "not among" in answers.risk_run({"key": "0" * 64})["error"]
    assert "nknown regime" in regimes.feasibility_run({"regime": "x"})["error"]
    assert "no pictures" in regimes.feasibility_run({"regime": "resnet18-eval", "update": 99, "seed": 0})["error"]


def test_a_report_comes_as_a_file():
    file = answers.risk_report({"setup": {"model": "lenet", "batch_size": "4"}, "format": "pdf"})
    assert (file["name"], file["type"]) == ("risk.pdf", "application/pdf")
    assert len(pypdf.PdfReader(io.BytesIO(base64.b64decode(file["data"]))).pages) == 1


def test_a_recorded_run_says_on_the_stage_what_the_table_says():
    e = next(e for e in runs() if e.table == "risk" and e.scenario.batch_size == 4)
    staged = answers.risk_run({"key": e.key})["run"]
    assert staged["state"] == "recorded" and staged["verdict"]["level"] == e.level()
    assert staged["frames"][-1]["psnr"] == pytest.approx(e.psnr, abs=0.3)
    assert staged["verdict"]["control"]["src"].startswith("data:image/png")


def test_the_frontier_holds_every_row_of_the_study_and_every_point_its_run():
    points = [p for family in answers.frontier() for p in family["points"]]
    assert len(points) == len(rows("tradeoff")) and all(p["key"] and p["src"] for p in points)


def test_charts_name_runs_that_open():
    keys = {e.key for e in runs()}
    assert all(p["key"] in keys for model in charts.noise() for p in model["points"])
    assert all(p["psnr"] > 0 and p["sd"] >= 0 for sweep in charts.degradation() for p in sweep["points"])
    assert charts.sigma_of("clip+gaussian") == Scenario(defense="clip+gaussian").defense_stack[1].sigma


def test_the_corridor_shows_only_bounds_that_bind():
    told = {one["what"]: one["points"] for one in charts.corridor()}
    assert {"bound", "norm_known", "ratio", "run"} == told.keys()
    own = {p["z"]: p["psnr"] for p in told["norm_known"]}
    assert all(abs(own[p["z"]] - p["psnr"]) < 0.5 for p in told["bound"]), (
        "the server that owns the gradient touches it"
    )
    assert {p["z"] for p in told["bound"]} < own.keys(), "below guesswork the bound rules nothing out"
    assert charts.picked_out(1.0) < 0.1 and charts.picked_out(0.01) is None
    assert all(p["key"] for p in told["run"]) and any(p["cap"] is not None for p in told["run"])


def test_the_calibration_curve_rises_on_pictures_that_chose_nothing():
    told = {one["what"]: one["points"] for one in charts.calibration()}
    assert told["tests"][0]["share"] < 0.3 < 0.8 < told["tests"][-1]["share"]
    assert max(p["share"] for p in told["control"]) < 0.25


def test_every_regime_has_one_row_and_its_runs():
    told = regimes.catalog()
    named = [name for _, _, table in regimes.GROUPS for cells in table.values() for name in cells if name]
    assert sorted(named) == sorted(REGIMES) == sorted(told["regimes"])
    for regime in told["regimes"].values():
        assert (regime["ours"] is None) == (not regime["runs"])
    states = [regime["ours"]["state"] for regime in told["regimes"].values() if regime["ours"]]
    assert states.count("leaks") >= 3
    for name in ("resnet18-eval", "vit-base-32"):
        ours = told["regimes"][name]["ours"]
        assert (ours["word"], ours["pictures"], ours["seeds"]) == ("Faithful", 3, 2) and ours["cpu_hours"] > 0
    assert all(regimes.paper_in_short(regime.theirs) for regime in REGIMES.values())
    for name in ("resnet18-224", "preact-224", "yolov8n-preact-eval"):
        assert told["regimes"][name]["paper"] == {"word": "none"}
    assert told["regimes"]["yolov8n-preact-train"]["paper"] == {"ssim": 0.024}


def test_recorded_regimes_tell_the_papers_finding_as_the_study_does():
    with (RESULTS / "feasibility.csv").open() as file:
        for row in csv.DictReader(file):
            assert row["theirs"] == REGIMES[row["regime"]].theirs


def test_the_pictures_of_a_regime_are_private_rebuilt_and_control():
    run = regimes.catalog()["regimes"]["resnet18-eval"]["runs"][0]
    found = regimes.feasibility_run({"regime": "resnet18-eval", "update": run["update"], "seed": run["seed"]})
    assert (found["side"], found["batch"], found["rows"]) == (32, 1, 3)
    sheet = Image.open(io.BytesIO(base64.b64decode(found["src"].partition(",")[2]))).convert("RGB")
    private, rebuilt, control = (
        torch.from_numpy(np.asarray(sheet.crop((0, top, 32, top + 32))).copy()) / 255 for top in (0, 32, 64)
    )
    assert (private - open_picture(run["pictures"][0], 32, 3).permute(1, 2, 0)).abs().max() < 0.01
    assert (private - rebuilt).abs().max() < 0.02 < (private - control).abs().mean()


# ---- in a browser ---------------------------------------------------------------------------------------------------


@pytest.fixture
def room(page):
    page.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'evidence'}))")
    page.locator(".evidence .answer h2").wait_for()
    return page.get_by_test_id("evidence")


def test_a_choice_marks_its_cell_and_a_cell_sets_the_choices(room, page):
    room.locator("[data-f=batch_size]").select_option("4")
    assert room.locator(".cell.mine").get_attribute("data-cell") == "1,1"
    assert "4 pictures" in room.locator(".answer h2").inner_text()
    room.locator("[data-cell='0,7']").click()
    assert room.locator("[data-f=row]").input_value() == "mlp"
    assert room.locator("[data-f=clients]").input_value() == "8"


def test_off_the_map_the_nearest_is_named_with_its_distance(room, page):
    room.locator("[data-f=batch_size]").select_option("16")
    page.wait_for_function(
        "document.querySelector('.evidence .answer').textContent.includes('Nobody ran exactly this')"
    )
    assert "away" in room.locator(".answer").inner_text()


def test_all_runs_unfold_and_one_opens_on_the_stage(room, page):
    room.locator("[data-act=all]").click()
    room.locator("[data-k=all] tbody tr").first.wait_for()
    room.locator("[data-k=all] [data-act=open]").first.click()
    page.wait_for_function("document.body.dataset.tab !== 'evidence'")


def test_the_report_downloads(room, page):
    with page.expect_download() as download:
        room.locator("[data-act=report]").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")


def test_plotly_is_fetched_from_here_when_a_chart_is_seen_and_not_before(room, page, served):
    asked = []
    page.on("request", lambda request: "plotly" in request.url and asked.append(request.url))
    room.locator("[data-r=regimes-box] summary").click()
    assert asked == []
    room.locator("[data-r=charts-box] summary").click()
    room.locator("[data-r=chart] .plotly .main-svg").first.wait_for()
    assert asked == [served[0].rstrip("/") + PATH] and script().stat().st_size > 1e6
    for kind in ("noise", "corridor", "calibration", "degradation"):
        room.locator(f"[data-kind={kind}]").click()
        page.wait_for_function("document.querySelectorAll('.evidence [data-r=chart] .points path').length > 5")


@pytest.mark.parametrize("width", [1440, 1280, 375])
def test_no_sideways_scroll(room, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    assert room.locator(".answer h2").is_visible()
