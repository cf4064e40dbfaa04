"""The exported folder: live attacks, from a disk and from a host of files, without a network, and no picture sent."""

from __future__ import annotations

import http.server
import json
import threading
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from gi_core.web import inverters
from gi_core.web.static_export import INVERTERS, TABS, export

SHORT = "attack=ig:steps%3D40"
ENDED = ".explore [data-r=stage]:is([data-state=done], [data-state=failed])"

ELSEWHERE = set(inverters.NAMES) - set(INVERTERS)
"""Trained inverters that only the server has room for."""

RUN = """settings => new Promise((resolve, reject) => {
  const image = async () => {
    const made = new Image();
    made.src = catalog.samples.find(s => s.name === "cat").src;
    await made.decode();
    return made;
  };
  const told = ({ run }) => {
    if (run.state === "failed") reject(Error(run.message));
    if (run.state === "done") resolve(run.scores.psnr);
  };
  const trained = file => shelf.read(file.replace(".safetensors", "")), inverters = catalog.inverters.parts;
  gi.device({ side: 32, image, told, inverters, trained, lineUp: () => Promise.reject() })
    .start({ id: "1", settings, pictures: [{ sample: "cat" }] });
})"""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return export(tmp_path_factory.mktemp("static"))


@pytest.fixture(scope="module")
def hosted(written):
    """The folder behind a plain server of files."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(written.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def tab(browser):
    """A page, with what it asked for in ``tab.asked``; it complains of nothing."""
    page = browser.new_page()
    page.asked, errors = [], []
    page.on("request", lambda r: r.url.startswith(("data:", "blob:")) or page.asked.append(r))
    page.on("console", lambda m: m.type == "error" and errors.append(m.text))
    page.on("pageerror", lambda e: errors.append(str(e)))
    yield page
    page.close()
    assert errors == []


def attack(tab):
    """Press Run and wait for the verdict."""
    tab.wait_for_selector("body[data-explore=ready]")
    tab.get_by_test_id("run").click()
    assert tab.wait_for_selector(ENDED, timeout=120_000).get_attribute("data-state") == "done"


def test_the_folder_is_small_and_names_no_other_host(written):
    files = [file for file in written.parent.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 15e6
    assert "default-src &#x27;none&#x27;" in written.read_text()
    assert {"manifest.webmanifest", "sw.js", "icon-192.png", "icon-512.png"} <= {file.name for file in files}


def test_from_a_disk_an_attack_runs_and_nothing_is_asked(tab, written):
    tab.goto(f"file://{written}?{SHORT}")
    attack(tab)
    assert "on this device" in tab.get_by_test_id("run").inner_text()
    tab.get_by_test_id("network").select_option("resnet18")
    tab.wait_for_selector("[data-testid=run]:disabled")
    assert all(request.url.startswith(f"file://{written.parent}/") for request in tab.asked)


def test_chromium_computes_what_gi_core_does(tab, written):
    """The runs of tests/js/vectors.json on the sample that is their picture, those of the folder's inverters too."""
    tab.goto(f"file://{written}")
    tab.wait_for_selector("body[data-explore=ready]")
    runs = json.loads((Path(__file__).parents[1] / "js" / "vectors.json").read_text())["runs"]
    alone = [run for run in runs if run["scenario"]["batch_size"] == 1 and attack_of(run) not in ELSEWHERE]
    assert len(alone) >= 9 and "fgla" in map(attack_of, alone)
    for run in alone:
        assert tab.evaluate(RUN, run["scenario"]) == pytest.approx(run["psnr"][0], abs=0.5), run["scenario"]


def attack_of(run):
    return run["scenario"]["attack"].partition(":")[0]


def test_one_s_own_picture_is_attacked_and_sent_to_nobody(tab, hosted, tmp_path):
    tab.goto(f"{hosted}?{SHORT}")
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "mine.png")
    tab.wait_for_selector("body[data-explore=ready]")
    tab.set_input_files("[data-r=file]", tmp_path / "mine.png")
    tab.wait_for_selector("[data-testid=run]:has-text('Attack my picture')")
    attack(tab)
    assert all(request.method == "GET" and request.url.startswith(hosted) for request in tab.asked)
    assert not any("data:" in request.url or len(request.url) > 200 for request in tab.asked)


def test_with_the_network_cut_all_rooms_work_and_no_picture_leaves(tab, hosted):
    """Atlas, drag, live attacks, lesson, comparisons, Evidence, the scene; whoever asks another host is told no."""
    foreign = []
    tab.route(
        lambda url: not url.startswith((hosted, "data:", "blob:")), lambda r: (foreign.append(r.request.url), r.abort())
    )
    tab.goto(hosted)
    tab.wait_for_selector("body[data-explore=ready]")
    drag_without_a_request(tab)
    tab.get_by_test_id("network").select_option("resnet18")
    tab.wait_for_selector(".explore [data-r=acts]:not([hidden])")
    for attack_text in ("ig:steps%3D20", "fgla", "imprint&server=imprint%3Aquestions%3D1&knowledge=none"):
        tab.goto(f"{hosted}?attack={attack_text}&picture=coffee")
        attack(tab)
        assert "on this device" in tab.get_by_test_id("run").inner_text()
    tab.goto(f"{hosted}?tab=lesson")
    tab.wait_for_selector("[data-testid=lesson]")
    tab.goto(f"{hosted}?tab=compare")
    tab.wait_for_selector("#tab-compare [data-lane] canvas")
    tab.goto(f"{hosted}?tab=evidence")
    tab.locator("#tab-evidence [data-r=map] button:not(.none)").first.click()
    tab.wait_for_selector("#tab-evidence [data-r=answer]:not(:empty)")
    with tab.expect_response(f"{hosted}shelf/cheat.js"):
        tab.goto(f"{hosted}?tab=cheat")
    tab.wait_for_selector("#tab-cheat [data-r=tally]:not(:empty)")
    assert foreign == []
    assert {(request.method, request.post_data) for request in tab.asked} == {("GET", None)}
    assert all(request.url.startswith(hosted) and len(request.url) < 200 for request in tab.asked)


def drag_without_a_request(tab):
    """The knob over all stops: what is drawn changes, nothing is asked."""
    ruler = tab.locator(".explore [data-r=ruler]")
    tab.wait_for_selector(".explore [data-r=acts]:not([hidden])")
    box, before, seen = ruler.bounding_box(), len(tab.asked), set()
    y = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + 4, y)
    tab.mouse.down()
    for share in (0.2, 0.4, 0.6, 0.8, 1):
        tab.mouse.move(box["x"] + share * box["width"], y, steps=4)
        tab.evaluate("new Promise(requestAnimationFrame)")
        seen.add(tab.evaluate("document.querySelector('.explore [data-r=guess]').toDataURL()"))
    tab.mouse.up()
    assert len(seen) >= 3 and len(tab.asked) == before


def test_once_visited_it_works_without_a_network(tab, browser, hosted):
    tab.goto(f"{hosted}?{SHORT}")
    tab.evaluate("navigator.serviceWorker.ready.then(() => true)")
    browser.set_offline(True)
    try:
        tab.goto(f"{hosted}?{SHORT}&picture=coffee")
        attack(tab)
        tab.get_by_test_id("room-evidence").click()
        tab.wait_for_selector("#tab-evidence [data-r=map] button")
        tab.get_by_test_id("room-compare").click()
        tab.wait_for_selector("#tab-compare [data-lane]")
    finally:
        browser.set_offline(False)


@pytest.mark.parametrize("room", TABS)
def test_a_phone_in_the_dark_in_german(tab, written, room):
    tab.set_viewport_size({"width": 375, "height": 812})
    tab.goto(f"file://{written}?lang=de&__theme=dark&tab={room}")
    tab.wait_for_selector(f"#tab-{room} > .gi", state="attached")
    assert tab.evaluate("document.body.classList.contains('dark') && document.documentElement.lang") == "de"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    tab.evaluate("localStorage.clear()")
