"""Compare: lanes that differ in one thing, in turn, each with its control; repeated, ranked, opened."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from gi_core.store import Store
from gi_core.web.exports import trace_of
from gi_core.web.screens.compare import compare
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits

BASE = {"model": "mlp", "image_size": 16, "attack": "ig:steps=20"}


def request(**changes):
    return {"id": "c", "settings": BASE, "pictures": [{"sample": "cat"}, {"sample": "coffee"}], "field": "seed",
            "values": ["0", "1"]} | changes  # fmt: skip


def last(service, **changes):
    *_, message = (m for m in compare.live(service, request(**changes)) if m)
    return message["compare"]


def test_lanes_get_equal_steps_and_a_control_each():
    service = RunService(Limits())
    told = last(service)
    assert told["state"] == "done" and [lane["label"] for lane in told["lanes"]] == ["0", "1"]
    for lane in told["lanes"]:
        assert lane["frames"][-1]["iteration"] == 20
        assert lane["verdict"]["control"]["psnr"] is not None
    assert len(service.queue) == 0


def test_batches_of_different_size_stand_side_by_side():
    told = last(RunService(Limits()), field="batch_size", values=["1", "3"])
    assert [lane["size"]["batch"] for lane in told["lanes"]] == [1, 3]


def test_a_budget_stops_every_lane():
    long = BASE | {"attack": "ig:steps=100000"}
    for lane in last(RunService(Limits()), settings=long, budget={"seconds": 0.2})["lanes"]:
        assert lane["frames"][-1]["iteration"] < 100000 and lane["frames"][-1]["seconds"] < 5
    for lane in last(RunService(Limits()), settings=long, budget={"steps": 7})["lanes"]:
        assert lane["frames"][-1]["iteration"] == 6 and lane["total"] == 6


def test_repetitions_fill_the_grid_and_every_cell_opens_its_run():
    told = last(
        RunService(Limits()), field="model", values=["mlp", "lenet"], rows={"field": "seed", "values": ["3", "4"]}
    )
    assert told["done"] == told["planned"] == 4
    assert set(told["runs"]) == {"0-0", "0-1", "1-0", "1-1"}
    for key, run in told["runs"].items():
        row, lane = map(int, key.split("-"))
        cell = told["cells"][row][lane]
        assert run["scenario"]["seed"] == 3 + row and run["scenario"]["model"] == ("mlp", "lenet")[lane]
        assert cell["gain"] == run["verdict"]["gain"] and cell["psnr"] == run["scores"]["psnr"]
        assert 2 <= len(run["frames"]) <= compare.CELL_FRAMES and run["frames"][-1]["iteration"] == 20
    json.dumps(told, allow_nan=False)


def test_finished_runs_are_kept_and_can_be_downloaded(tmp_path):
    service = RunService(Limits(), Store(tmp_path / "runs.sqlite"))
    told = last(service, rows={"field": "seed", "values": ["0"]}, field="model", values=["mlp", "lenet"])
    for run in told["runs"].values():
        wanted = {"id": run["id"], "scenario": run["scenario"], "pictures": run["pictures"]}
        trace = trace_of(service, wanted)
        assert trace is not None and trace.scores[0]["psnr"] == pytest.approx(run["scores"]["psnr"])
    cut = last(service, budget={"steps": 5}, settings=BASE | {"attack": "ig:steps=21"})
    assert trace_of(service, cut["runs"]["0-0"]) is None  # cut short, it is not what its Scenario says


def test_a_lane_that_cannot_run_says_so_and_the_others_go_on():
    told = last(
        RunService(Limits()), field="attack", values=["ig:steps=5", "git"], rows={"field": "seed", "values": [0, 1]}
    )
    assert told["state"] == "done"
    assert told["lanes"][1]["message"].endswith(".") and "message" in told["cells"][1][1]
    assert told["lanes"][0]["verdict"] and told["cells"][1][0]["gain"] is not None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"values": ["0"]}, "from 2 to 6"),
        ({"values": [str(i) for i in range(7)]}, "from 2 to 6"),
        ({"rows": {"field": "attack", "values": ["ig"] * 7}}, "from 1 to 6"),
        ({"rows": {"field": "x", "values": ["1"]}}, "allowed are"),
        ({"field": "mode"}, "allowed are"),
        ({"field": "attack", "values": ["ig", "igg"]}, "Unknown attack"),
        ({"pictures": []}, "as many are needed"),
        ({"budget": {"seconds": 1e9}}, "at most"),
        ({"budget": {"steps": "many"}}, "whole number"),
    ],
)
def test_bad_comparisons_are_one_sentence(changes, words):
    service = RunService(Limits())
    told = last(service, **changes)
    assert told["state"] == "failed" and words in told["message"]
    assert len(service.queue) == 0


def test_a_fault_of_ours_is_said_in_one_sentence(monkeypatch):
    monkeypatch.setattr(compare, "advance", lambda *_: 1 / 0)
    monkeypatch.setattr(threading, "excepthook", lambda *_: None)
    told = last(RunService(Limits()))
    assert told["state"] == "failed" and "fault of this program" in told["message"]


def test_closing_frees_the_place():
    service = RunService(Limits())
    messages = compare.live(service, request(settings=BASE | {"attack": "ig:steps=100000"}))
    while not next(messages):
        pass
    messages.close()
    end = time.monotonic() + 1.0
    while len(service.queue) and time.monotonic() < end:
        time.sleep(0.01)
    assert len(service.queue) == 0


@pytest.mark.parametrize("name", compare.recorded_names())
def test_recorded_comparisons_hold_every_run(name):
    told = compare.comparison(name)["compare"]
    judged = [cell for row in told["cells"] for cell in row if "src" in cell]
    assert told["state"] == "recorded" and len(judged) == len(told["runs"]) > 1
    for run in told["runs"].values():
        assert run["verdict"]["control"]["psnr"] is not None and run["layers"]


def test_the_tab_shows_a_recorded_comparison_and_opens_its_runs_without_a_new_one(page):
    page.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'compare'}))")
    tab = page.locator("#tab-compare")
    assert tab.locator("[data-r=lanes] > div").count() >= 3
    places = tab.locator("[data-r=ranking] tbody tr").count()
    assert places == tab.locator("[data-r=lanes] > div").count() - 1
    assert "±" in tab.locator("[data-r=ranking]").inner_text()
    tab.get_by_role("button", name="Pictures", exact=True).click()
    assert tab.locator("[data-r=grid] canvas").count() >= places
    tab.locator("[data-cell='1-1']").click()
    page.wait_for_function("document.body.dataset.tab === 'lab'", timeout=10_000)
    wanted = compare.comparison(compare.FIRST)["compare"]["runs"]["1-1"]
    page.wait_for_function(
        "text => document.querySelector('#tab-lab [data-r=text]').textContent === text", arg=wanted["text"]
    )
    assert page.input_value("[data-f=seed]") == str(wanted["scenario"]["seed"])


def asks(request) -> bool:
    """Whether a request asks this app for a run; estimates of what a run would take and the heartbeat do not."""
    return "queue/join" in request.url or "recorded_comparison" in (request.post_data or "")


def test_scrub_and_difference_ask_the_server_nothing(page):
    page.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'compare'}))")
    tab = page.locator("#tab-compare")
    page.wait_for_function("document.querySelector('#tab-compare [data-r=message]').textContent.includes('runs')",
                           timeout=60_000)  # fmt: skip
    requests = []
    page.on("request", lambda r: asks(r) and requests.append(r.url))
    canvas = tab.locator("[data-r=lanes] canvas").nth(1)
    before = canvas.evaluate("c => c.toDataURL()")
    tab.locator("[data-r=scrub]").focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(300)
    start = canvas.evaluate("c => c.toDataURL()")
    tab.locator("[data-r=difference]").select_option("16")
    page.wait_for_timeout(300)
    assert len({before, start, canvas.evaluate("c => c.toDataURL()")}) == 3
    assert "× 16" in tab.locator("[data-r=difference-note]").inner_text()
    assert requests == []


def test_two_lanes_run_live_and_are_ranked(page):
    page.evaluate("document.querySelector('[data-r=fine]').open = true")
    page.fill("[data-f=attack]", "ig:steps=10")
    page.keyboard.press("Tab")
    page.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'compare'}))")
    tab = page.locator("#tab-compare")
    tab.locator("[data-r=axis]").select_option("model")
    tab.locator("[data-r=values]").fill("mlp\nlenet")
    tab.locator("[data-r=rows]").fill("0\n1")
    tab.locator("[data-r=run]").click()
    page.wait_for_function(
        "document.querySelector('#tab-compare [data-r=state]').textContent.includes('finished')", timeout=90_000
    )
    assert tab.locator("[data-r=ranking] tbody tr").count() == 2
    assert tab.locator("[data-r=grid] [data-cell]").count() == 4
    with page.expect_download() as download:
        tab.locator("[data-r=csv]").click()
    rows = Path(download.value.path()).read_text().splitlines()
    assert rows[0].startswith("lane,seed,gain_db") and len(rows) == 5
