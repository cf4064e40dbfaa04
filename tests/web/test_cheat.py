"""What if the server cheats: what was recorded, what is read live, and the scene in a browser."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from gi_core.errors import BadInput
from gi_core.web.screens.cheat import cheat
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits

SMALL = Limits(image_size=32, batch_size=8)
CHOICE = {"server": "stealthy", "network": "lenet", "batch": 8, "clients": 1, "noise": 0}


def last(request, limits=SMALL):
    *_, message = cheat.live(RunService(limits), {"id": "a"} | request)
    return message["run"]


def own(count):
    """Pictures of rising brightness, as a browser sends them."""
    rng = np.random.default_rng(0)
    for i in range(count):
        pixels = (rng.uniform(0.3, 1, (32, 32, 3)) * (40 + 200 * i / count)).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        yield {"data": f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"}


def test_the_recorded_rounds_are_of_their_photographs_and_small():
    told = cheat.recorded()
    assert len(json.dumps(told)) < 4e6
    assert cheat.photographs().shape == (told["photos"]["count"], 3, 224, 224)
    assert len({json.dumps(run["choice"], sort_keys=True) for run in told["runs"]}) == len(told["runs"])
    for run in told["runs"]:
        reading, wanted = run["reading"], cheat.scenario(run["choice"], cheat.SIDE)
        states = [tile["state"] for tile in reading["tiles"]]
        assert len(states) == wanted.batch_size and states.count("read") == reading["read"]
        assert all(tile["psnr"] > 30 for tile in reading["tiles"] if tile["state"] == "read")
        assert reading["read"] == 0 or run["choice"]["server"] != "honest"


def test_what_is_recorded_of_64_photographs_agrees_with_theory_and_the_client_sees_it():
    told = cheat.recorded()
    first = next(r["reading"] for r in told["runs"] if r["choice"] == CHOICE | {"batch": 64, "noise": 0.0})
    assert abs(first["read"] / 64 - first["expected"]) < 0.2, "three deviations of one draw"
    assert first["exact"] == first["read"] > first["trusted"] - 1
    levels = {name: found["level"] for name, found in told["inspections"].items()}
    assert levels == {"honest": "green", "stealthy": "red", "greedy": "red"}


def test_own_photographs_are_read_live():
    run = last({"choice": CHOICE, "pictures": list(own(8))})
    assert run["state"] == "done"
    reading = run["reading"]
    assert reading["read"] >= 5 and reading["exact"] == reading["read"]
    assert reading["layer"] == 256 * (3 * 32 * 32 + 48 + 1)
    shown = Image.open(io.BytesIO(base64.b64decode(reading["sheet"]["src"].partition(",")[2])))
    assert shown.width == reading["sheet"]["columns"] * 32


def test_noise_ends_the_stealthy_layer_and_an_honest_model_has_none():
    drowned = last({"choice": CHOICE | {"noise": 1e-3}, "pictures": list(own(8))})["reading"]
    assert drowned["read"] == 0 and {tile["state"] for tile in drowned["tiles"]} <= {"lost", "noisy", "blend"}
    honest = last({"choice": CHOICE | {"server": "honest"}, "pictures": None})["reading"]
    assert honest["read"] == honest["layer"] == 0 and honest["sheet"] is None


def test_a_sum_over_clients_hides_nobody_and_counts_the_others():
    reading = last({"choice": CHOICE | {"clients": 4, "batch": 4}, "pictures": list(own(4))})["reading"]
    assert reading["others"] == 12 and 0 < reading["others_read"] <= 12 and reading["read"] >= 2


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({}, "choice"),
        ({"choice": CHOICE | {"server": "evil"}}, "server=evil"),
        ({"choice": CHOICE | {"noise": "much"}}, "noise=much"),
        ({"choice": CHOICE | {"batch": 64}}, "batch_size=64"),
        ({"choice": CHOICE, "pictures": []}, "0 pictures"),
    ],
)
def test_a_round_that_cannot_run_is_one_sentence(request_, says):
    run = last(request_)
    assert run["state"] == "failed" and says in run["message"].lower() and run["message"].endswith(".")


def test_the_client_looks_before_it_trains():
    look = cheat.inspect_with(RunService(SMALL))
    levels = {name: look({"choice": CHOICE | {"server": name}})["inspection"]["level"] for name in cheat.SERVERS}
    assert levels == {"honest": "green", "stealthy": "red", "greedy": "red"}
    with pytest.raises(BadInput, match="server=evil"):
        look({"choice": CHOICE | {"server": "evil"}})


def test_the_scene_is_entered_from_explore_reads_own_photographs_and_is_flagged(page, tmp_path):
    files = []
    for i, one in enumerate(own(6)):
        files.append(tmp_path / f"{i}.png")
        files[-1].write_bytes(base64.b64decode(one["data"].partition(",")[2]))
    page.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'explore'}))")
    page.click("[data-r=cheats]")
    page.wait_for_function("document.querySelector('[data-testid=cheat-tally]').textContent.includes('exact')")
    assert "64" in page.inner_text("[data-testid=cheat-headline]")
    page.click("[data-testid=cheat-inspect]")
    page.wait_for_function("document.querySelector('[data-testid=cheat-level]').textContent === 'Flagged'")
    assert page.locator("[data-testid=cheat-findings] li").count() == 3
    page.set_input_files("#tab-cheat input[type=file]", files)
    page.wait_for_function("document.querySelector('[data-testid=cheat-level]').textContent.startsWith('Look before')")
    page.click("[data-testid=cheat-run]")
    page.wait_for_function(
        "/^[456] exact/.test(document.querySelector('[data-testid=cheat-tally]').textContent)", timeout=60_000
    )
    lit = page.evaluate(
        """() => { const c = document.querySelector('[data-testid=cheat-readings]');
        const p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        return new Set(Array.from({length: 400}, (_, i) => p[4 * 2003 * i])).size; }"""
    )
    assert lit > 8, "pictures are drawn"
    page.keyboard.press("Tab")
    page.click("[data-testid=cheat-server] [data-value=honest]")
    page.wait_for_function("document.querySelector('[data-testid=cheat-level]').textContent !== 'Flagged'")
