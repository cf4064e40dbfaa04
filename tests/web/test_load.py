"""A class at once: thirty clients, tabs that come and go, a server killed in the middle."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from benchmarks.load import CHEAP, Page, at_once, come_and_go, press
from gi_core.web import app
from gi_core.web.server import backpressure, run_service, tasks
from gi_core.web.server.session_cleanup import SESSIONS
from gi_core.web.settings import Limits
from tests.web.stage import FINISHED, arrive, fill, press_run, stop, wait_running, wait_status

CLIENTS = 30
TABS = 200


def states(outcomes):
    return {state: sum(o.state == state for o in outcomes) for state in {o.state for o in outcomes}}


def wait_idle(service, seconds=10.0):
    end = time.monotonic() + seconds
    while len(service.queue) and time.monotonic() < end:
        time.sleep(0.05)
    return len(service.queue)


@pytest.mark.slow
def test_thirty_clients_on_one_preset_cost_one_computation(served, monkeypatch):
    url, service = served
    prepared, original = [], tasks.prepare
    monkeypatch.setattr(tasks, "prepare", lambda *a, **k: prepared.append(a) or original(*a, **k))
    outcomes = at_once(press(url, [{"settings": CHEAP | {"attack": "ig:steps=1500", "seed": 77}}] * CLIENTS))
    assert states(outcomes) == {"done": CLIENTS}
    assert len({o.final["run"]["id"] for o in outcomes}) == 1 and len(prepared) == 1
    assert len({json.dumps(o.final["run"]) for o in outcomes}) == 1
    assert wait_idle(service) == 0


def different(first):
    return [{"settings": CHEAP | {"attack": "ig:steps=3", "seed": first + n}} for n in range(CLIENTS)]


def test_thirty_different_runs_and_two_hundred_tabs_leave_memory_as_it_was(launch):
    """Warm before the first measurement: runs of each kind, a full traces, as many sessions as are held."""
    server = launch(GI_STORE="off", GI_LIMITS="workers=1,remembered=8")
    assert states(at_once(press(server.url, different(0)))) == {"done": CLIENTS}
    at_once(come_and_go(server.url, SESSIONS))
    before = server.resident()
    outcomes = at_once(press(server.url, different(1000)))
    assert states(outcomes) == {"done": CLIENTS}, "all are served, none is lost"
    assert len({o.final["run"]["id"] for o in outcomes}) == CLIENTS
    waited = [o for o in outcomes if o.places]
    assert len(waited) >= CLIENTS // 2 and max(max(o.places) for o in waited) >= CLIENTS // 2, "places were told"
    after = server.resident()
    left = at_once(come_and_go(server.url, TABS))
    assert [o.trouble for o in left if o.trouble] == []
    last = at_once(press(server.url, different(2000)[:1]))
    assert states(last) == {"done": 1} and last[0].seconds < 30, "no tab left its run behind"
    end = server.resident()
    print(f"memory: {before:.0f} MB, {after:.0f} after {CLIENTS} runs, {end:.0f} after {TABS} tabs")
    assert after < 1.1 * before and end < 1.1 * before


def test_a_run_that_nobody_listens_to_ends(served, monkeypatch):
    """A tab closed between its request and its stream: Gradio seldom notices that one before the run begins."""
    url, service = served
    monkeypatch.setattr(backpressure, "PATIENCE", 1.0)
    monkeypatch.setattr(backpressure, "UNREAD", 3)
    entered, enter = [], service.queue.enter
    monkeypatch.setattr(service.queue, "enter", lambda *given: entered.append(given) or enter(*given))

    async def post_and_leave():
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            page = await Page.open(client)
            body = page.pressed({"id": "gone", "settings": CHEAP | {"attack": "ig:steps=90000"}, "pictures": ["cat"]})
            (await client.post("gradio_api/queue/join", json=body)).raise_for_status()

    at_once(post_and_leave())
    end = time.monotonic() + 20
    while not entered and time.monotonic() < end:
        time.sleep(0.02)
    assert wait_idle(service, 30) == 0


def test_a_full_line_holds_what_it_promises_and_says_so(monkeypatch):
    """Three wait behind one that computes; others are refused as long as they do, however late they come."""
    monkeypatch.setenv("GI_STORE", "off")
    service = run_service.RunService(Limits(workers=1, waiting=3))
    demo = app.build(service)
    _, url, _ = demo.launch(**app.launch_settings(), prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    long, short = CHEAP | {"attack": "ig:steps=90000"}, CHEAP | {"attack": "ig:steps=3"}
    try:
        with ThreadPoolExecutor() as pool:
            asked = [{"settings": long | {"seed": n}, "id": f"h{n}"} for n in range(4)]
            holding = pool.submit(at_once, press(url, asked))
            while len(service.queue) < 4 and not holding.done():
                time.sleep(0.05)
            late = at_once(press(url, [{"settings": short | {"seed": n}} for n in range(8)]))
            for request in asked:
                service.stop(request["id"])
            held = holding.result()
    finally:
        demo.close()
    refused = [o.final["run"]["message"] for o in late]
    assert states(late) == {"failed": 8} and set(refused) == {
        "4 runs are waiting already: please try again in a minute."
    }
    assert set(states(held)) <= {"stopped", "failed"} and not {o.final["run"].get("message") for o in held} & set(
        refused
    )


def pressed(tab, attack):
    """Run an attack; its state is awaited by who calls."""
    fill(tab, attack=attack, image_size=16)  # the server's: this device takes 32
    press_run(tab)


def test_tabs_and_light_questions_never_wait_behind_an_attack(page, served):
    """Medians of nine, in the browser's own clock, while an attack runs."""
    pressed(page, "ig:steps=90000")
    wait_running(page)
    stage = page.evaluate("window.gradio_config.components.find(c => c.props.elem_id === 'tab-explore').id")
    asked = page.evaluate(
        """async stage => {
            const took = [];
            for (let i = 0; i < 9; i++) {
                const started = performance.now();
                await (await fetch('gradio_api/component_server', {
                    method: 'POST', headers: {'Content-Type': 'application/json'},
                    body: JSON.stringify({data: {search: `?model=mlp&seed=${i}`}, component_id: stage,
                                          fn_name: 'explore_link', session_hash: 'light'})})).json();
                took.push(performance.now() - started);
            }
            return took.sort((a, b) => a - b);
        }""",
        stage,
    )
    switched = page.evaluate(
        """async () => {
            const took = [];
            for (let i = 0; i < 9; i++) {
                const name = i % 2 ? 'explore' : 'compare', started = performance.now();
                window.dispatchEvent(new CustomEvent('gi:show', {detail: name}));
                while (!document.querySelector('#tab-' + name).checkVisibility())
                    await new Promise(r => requestAnimationFrame(r));
                took.push(performance.now() - started);
                await new Promise(r => setTimeout(r, 100));
            }
            return took.sort((a, b) => a - b);
        }"""
    )
    assert page.get_by_test_id("status").text_content().startswith("Live run. "), "the attack still runs"
    print(f"light question {asked[4]:.0f} ms (worst {asked[-1]:.0f}), tab switch {switched[4]:.0f} ms")
    assert asked[4] < 300 and switched[4] < 300
    stop(page)
    assert wait_idle(served[1]) == 0


def test_a_server_killed_during_runs_comes_back_with_its_store(launch, browser):
    server = launch()
    port = int(server.url.rstrip("/").rpartition(":")[2])
    tab = browser.new_page()
    arrive(tab, server.url)
    pressed(tab, "ig:steps=15")
    wait_status(tab, FINISHED)
    pressed(tab, "ig:steps=90000")
    wait_running(tab)
    server.kill()
    tab.get_by_text("Connection to the server was lost. Attempting reconnection...").wait_for(timeout=60_000)
    store = server.folder / "cache" / "gradient-inversion-explorer" / "runs.sqlite3"
    with sqlite3.connect(store) as rows:
        assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert rows.execute("SELECT count(*) FROM runs").fetchone() == (1,)
    with tab.expect_navigation(timeout=120_000):
        launch(port=port)
    tab.wait_for_function("document.body.dataset.explore === 'ready'", timeout=60_000)
    pressed(tab, "ig:steps=15")
    wait_status(tab, "Replay")
    pressed(tab, "ig:steps=16")
    wait_status(tab, FINISHED)
    tab.close()


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads memory from /proc")
def test_chromium_tabs_come_and_go(launch, browser):
    server = launch(GI_STORE="off")

    def visit(count):
        for n in range(count):
            tab = browser.new_page()
            arrive(tab, server.url)
            pressed(tab, f"ig:steps=9{n:04d}")
            wait_running(tab)
            tab.close()

    visit(3)
    before = server.resident()
    visit(10)
    assert server.resident() < 1.1 * before
    assert states(at_once(press(server.url, different(0)[:1]))) == {"done": 1}
