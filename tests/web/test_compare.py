"""Compare: lanes are runs that differ in one thing; in a browser they are shown, added, scrubbed and ranked."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gi_core.errors import BadInput
from gi_core.scenario import Scenario
from gi_core.web.screens.compare import compare
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits

BASE = {"model": "mlp", "image_size": 16, "attack": "ig:steps=20"}


def request(name: str, **settings):
    return {"id": name, "settings": BASE | settings, "pictures": [{"sample": "cat"}]}


def test_every_message_names_its_request_and_the_last_is_judged():
    service = RunService(Limits())
    messages = list(compare.live(service, request("a")))
    assert {message["request"] for message in messages} == {"a"}
    assert messages[-1]["run"]["state"] == "done" and messages[-1]["run"]["verdict"]["control"]["psnr"] is not None


def test_the_same_lane_twice_sends_two_different_values():
    service = RunService(Limits())
    first, second = ([*compare.live(service, request(name))][-1] for name in "ab")
    assert first["run"]["scores"] == second["run"]["scores"] and first != second


def test_a_lane_that_cannot_run_says_so():
    *_, last = compare.live(RunService(Limits()), request("a", attack="git", image_size=16))
    assert last["run"]["state"] == "failed" and last["run"]["message"].endswith(".")


def test_every_value_on_offer_makes_a_scenario():
    catalog = compare.catalog(Limits())
    base = catalog["base"]["settings"]
    for field, values in catalog["axes"].items():
        assert len(values) >= 2
        for value in values:
            scenario = Scenario.from_dict(base | {field: value})
            assert str(getattr(scenario, field)) == str(value)
    assert Limits().batch_size >= max(catalog["axes"]["batch_size"])


@pytest.mark.parametrize("name", compare.recorded_names())
def test_recorded_lanes_differ_in_one_thing_and_carry_what_they_show(name):
    lanes = compare.comparison(name)["compare"]["lanes"]
    assert 2 <= len(lanes) <= 6
    scenarios = [lane["settings"] for lane in lanes]
    differing = [key for key in scenarios[0] if len({str(scenario[key]) for scenario in scenarios}) > 1]
    assert len(differing) == 1
    for lane in lanes:
        run = lane["run"]
        assert run["scenario"] == lane["settings"] and 1 <= len(run["frames"]) <= compare.FRAMES
        assert len(lane["pictures"]) == run["size"]["batch"] == lane["settings"]["batch_size"]
        assert lane["repeats"][0]["gain"] == pytest.approx(run["verdict"]["gain"], abs=1e-6) or name == "deep"
        assert run["verdict"]["control"]["src"].startswith("data:image/")


def test_an_unknown_comparison_is_one_sentence():
    with pytest.raises(BadInput, match="allowed are noise"):
        compare.recorded_comparison({"name": "x"})


def test_a_recorded_lane_keeps_first_and_last_frame():
    frames = [{"iteration": i} for i in range(100)]
    run = {"scenario": {"seed": 0}, "verdict": {"gain": 1.0, "level": 1}, "scores": {"psnr": 9.0, "ssim": 0.1},
           "seconds": 1.0, "frames": frames}  # fmt: skip
    lane = compare.lane([run, run | {"scenario": {"seed": 1}}], [])
    assert [frame["iteration"] for frame in lane["run"]["frames"]][:: compare.FRAMES - 1] == [0, 99]
    assert [row["seed"] for row in lane["repeats"]] == [0, 1]
    json.dumps(lane, allow_nan=False)


# ---- in a browser ---------------------------------------------------------------------------------------------------

PIXELS = "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
SHOWN = "[data-testid=compare] [data-lane] canvas[aria-label*=dB]"


def pixels(canvas) -> np.ndarray:
    """(n,4) of 0..255."""
    return np.array(canvas.evaluate(PIXELS)).reshape(-1, 4)


@pytest.fixture
def room(page):
    page.evaluate("window.dispatchEvent(new CustomEvent('gi:show', {detail: 'compare'}))")
    page.locator(SHOWN).first.wait_for()
    return page.get_by_test_id("compare")


def test_holding_shows_the_difference_and_letting_go_the_picture(room, page):
    guess = room.locator("[data-lane] canvas[data-k=guess]").first
    truth, rebuilt = pixels(room.locator("canvas[data-r=truth]")), pixels(guess)
    page.keyboard.down("d")
    page.locator("[data-lane] canvas[aria-label*='× 4']").first.wait_for()
    shown = pixels(guess)
    assert shown[:, 3].min() == 255 and np.abs(truth - rebuilt).max() > 0
    assert np.array_equal(shown[:, :3], np.minimum(255, 4 * np.abs(rebuilt - truth)[:, :3]))
    assert "4" in room.locator("[data-r=legend]").inner_text()
    page.keyboard.up("d")
    page.locator(SHOWN).first.wait_for()
    assert np.array_equal(pixels(guess), rebuilt)


def test_scrubbing_moves_every_lane_and_asks_for_no_run(room, page):
    asked = []
    page.on("request", lambda r: asked.append(r.url) if "queue/join" in r.url or "component_server" in r.url else None)
    lanes = room.locator("canvas[data-k=guess]")
    ends = [pixels(canvas) for canvas in lanes.all()]
    room.locator("[data-r=scrub]").focus()
    page.keyboard.press("Home")
    page.wait_for_function("document.querySelector('.compare [data-r=step]').textContent.includes('Step 0')")
    page.wait_for_function("!document.querySelector('.compare canvas[data-k=guess]').ariaLabel.includes('24.9')")
    assert all(not np.array_equal(pixels(canvas), end) for canvas, end in zip(lanes.all(), ends, strict=True))
    assert not any("queue/join" in url for url in asked)


def test_a_lane_is_added_by_choosing_runs_and_is_ranked(room, page):
    before = room.locator("[data-lane]").count()
    room.locator("[data-add=attack]").select_option("fgla")
    lane = room.locator("[data-lane]").nth(before)
    lane.locator(".squares").wait_for(timeout=120_000)
    assert "fgla" in lane.locator("h2").inner_text()
    assert room.locator("[data-r=places] svg").count() == before + 1
    lane.locator("[data-k=remove]").click()
    assert room.locator("[data-lane]").count() == before


def test_add_lane_offers_the_next_noise_and_six_are_the_most(room, page):
    offer = page.get_by_test_id("add-lane")
    assert "Noise" in offer.inner_text()
    offer.click()
    offer.click()
    assert room.locator("[data-lane]").count() == 6
    assert not offer.is_visible()
    room.locator("[data-r=stop]").click()


@pytest.mark.parametrize("width", [1440, 1280, 375])
def test_nothing_is_cut_off(room, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    cut = room.evaluate(
        "root => [...root.querySelectorAll('h2 span, .word, .small, button span, td, th')].filter(n => "
        "n.checkVisibility() && n.scrollWidth > n.clientWidth + 1 && getComputedStyle(n).display !== 'inline')"
        ".map(n => n.textContent)"
    )
    assert cut == []
