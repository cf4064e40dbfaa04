"""The client's training, the prior and the denoiser's opinion in the drawer; leakage against the number of clients."""

from __future__ import annotations

import itertools

import pytest

from gi_core.attacks import attacks
from gi_core.client import minibatches
from gi_core.scenario import Scenario
from gi_core.web.screens.compare.compare import comparison
from gi_core.web.server.denoised_view import KEPT, DenoisedViews, progress
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits
from tests.web.stage import arrive, fill, press_run, wait_status


def ask(attack, **settings):
    request = {"id": "a", "settings": {"model": "mlp", "attack": attack, **settings}, "pictures": [{"sample": "cat"}]}
    return [message["run"] for message in RunService(Limits()).live(request) if message]


def test_the_denoisers_opinion_comes_with_a_run_that_has_one():
    last = ask("fm:steps=30,prior=(flow:net=gaussian)", local_steps=2)[-1]
    assert last["state"] == "done" and last["opinions"][-1]["iteration"] == 30
    assert last["opinions"][-1]["src"].startswith("data:image/png") != last["frames"][-1]["src"]
    assert [o["iteration"] for o in last["opinions"]] == sorted({o["iteration"] for o in last["opinions"]})
    assert ask("ig:steps=30")[-1]["opinions"] == [] == ask("ig:steps=30,prior=tv")[-1]["opinions"]


def test_denoised_views_are_few_and_cost_a_tenth_at_most(monkeypatch):
    from types import SimpleNamespace

    import torch

    from gi_core.web.server import denoised_view

    calls = []
    monkeypatch.setattr(denoised_view, "denoised", lambda *a: calls.append(1) or torch.zeros(1, 3, 4, 4))
    run = SimpleNamespace(attack=attacks.parse("fm"), truth=torch.zeros(1), observation=None)
    views = DenoisedViews(run)
    for i in range(200):
        views.ask(SimpleNamespace(iteration=i, seconds=1e9, images=torch.zeros(1, 3, 4, 4)))
    assert len(calls) == 200 and len(views.rows) <= KEPT and views.rows[-1]["iteration"] == 199
    views._spent = 1.0
    views.ask(SimpleNamespace(iteration=300, seconds=9.0, images=torch.zeros(1, 3, 4, 4)))
    assert len(calls) == 200
    views.ask(SimpleNamespace(iteration=300, seconds=9.0, images=torch.zeros(1, 3, 4, 4)), in_any_case=True)
    assert len(calls) == 201


def test_progress_is_counted_from_each_start():
    attack = attacks.parse("fm:steps=10,restarts=3")
    assert [progress(attack, i) for i in (0, 5, 10, 11, 21)] == [0, 0.5, 1, 0, 1]
    assert progress(attacks.parse("grnn:steps=10"), 10) == 1


@pytest.mark.parametrize(("batch", "local", "steps"), [(5, 2, 3), (5, 2, 4), (4, 0, 3), (4, 2, 4), (3, 3, 1)])
def test_passes_are_those_that_the_client_begins(batch, local, steps):
    training = Scenario(batch_size=batch, local_batch=local, local_steps=steps).training
    size = local or batch
    seen = sum(len(rows) for rows in minibatches(batch, training, 0))
    assert training.epochs == -(-seen // batch) and training.batch == size


def test_leakage_falls_with_the_number_of_clients():
    """The recorded comparison: six sizes, three seeds, each with its control."""
    lanes = comparison("clients")["compare"]["lanes"]
    counts = [lane["settings"]["clients"] for lane in lanes]
    gains = [sum(repeat["gain"] for repeat in lane["repeats"]) / 3 for lane in lanes]
    assert counts == sorted(counts) and len(counts) == 6 and counts[0] == 1
    assert {len(lane["repeats"]) for lane in lanes} == {3}
    assert gains[0] > 15 > 10 > gains[1]
    assert all(later < earlier + 0.5 for earlier, later in itertools.pairwise(gains))
    assert min(repeat["level"] for repeat in lanes[0]["repeats"]) > 0
    assert {repeat["level"] for lane in lanes[2:] for repeat in lane["repeats"]} == {0}


@pytest.mark.browser
def test_the_drawer_reads_a_link_and_writes_it(page, served):
    """Passes are steps by another count; the prior is an option of the attack's text."""
    arrive(page, served[0] + "?tab=lab&model=mlp&local_steps=4&batch_size=4&local_batch=2&clients=2&attack=fm:steps=20")
    page.wait_for_function("document.querySelector('[data-field=clients]')?.value === '2'")
    drawer = page.get_by_test_id("drawer")
    value = lambda name, kind="input": drawer.locator(f"{kind}[data-field={name}]").input_value()
    assert (value("local_steps"), value("passes")) == ("4", "2")
    fill(page, passes=3, local_lr=0.05, local_momentum=0.5, clients=5)
    drawer.locator("select[data-field=update]").select_option("delta")
    page.wait_for_function("/local_momentum=0.5/.test(gi.query()) && /update=delta/.test(gi.query())")
    told = Scenario.from_url(page.evaluate("gi.query()"))
    assert (told.local_steps, told.local_lr, told.clients, told.kind) == (6, 0.05, 5, "delta")
    assert value("prior", "select") == "flow"
    drawer.locator("select[data-field=prior]").select_option("flow:net=gaussian")
    page.wait_for_function("document.querySelector('input[data-field=attack]').value.includes('gaussian')")
    assert value("attack") == "fm:steps=20,prior=(flow:net=gaussian)"
    drawer.locator("select[data-field=attack]").select_option("analytic")
    page.wait_for_function("document.querySelector('[data-field=prior]').disabled")
    assert "takes none" in drawer.locator("[data-hint=prior]").inner_text()


@pytest.mark.browser
def test_the_denoisers_opinion_the_layers_and_the_noise_are_looked_at_in_the_drawer(page, served):
    attack = "fm:steps=20,prior=(flow:net=gaussian)"
    arrive(page, served[0] + f"?model=mlp&image_size=16&attack={attack}")
    page.wait_for_function("gi.query().includes('gaussian')")
    fill(page)
    press_run(page)
    wait_status(page, "Live run, finished")
    drawer = page.get_by_test_id("drawer")
    assert "step 20" in drawer.locator(".denoised").inner_text()
    arrive(page, served[0] + "?tab=dial")
    page.wait_for_selector("[data-view=passes] .pass canvas", timeout=60_000)
    assert drawer.locator("[data-view=passes] .pass").count() >= 2
    arrive(page, served[0] + "?tab=anatomy")
    page.wait_for_selector("[data-view=layers] table")
    before = drawer.locator("[data-view=layers] tbody").inner_text()
    page.get_by_test_id("noise").focus()
    page.keyboard.press("End")
    page.wait_for_function(
        "old => document.querySelector('[data-view=layers] tbody').innerText !== old", arg=before, timeout=20_000
    )
    drawer.locator("[data-act=clients]").click()
    page.wait_for_function("document.body.dataset.tab === 'compare'")
