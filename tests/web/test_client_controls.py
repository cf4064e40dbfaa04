"""The client's training, the prior and the denoiser's opinion in the Lab; leakage against the number of clients."""

from __future__ import annotations

import itertools
import re

import pytest

from gi_core.attacks import attacks
from gi_core.client import minibatches
from gi_core.scenario import Scenario
from gi_core.web.screens.compare.compare import comparison
from gi_core.web.server.denoised_view import KEPT, DenoisedViews, progress
from gi_core.web.server.run_service import RunService
from gi_core.web.settings import Limits


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


@pytest.fixture
def lab(page, served):
    page.goto(
        served[0] + "?tab=lab&model=mlp&local_steps=4&batch_size=4&local_batch=2&clients=2&attack=fm%3Asteps%3D20"
    )
    page.wait_for_function("document.querySelector('[data-f=clients]')?.value === '2'", timeout=20_000)
    page.locator("[data-r=client] > summary").click()
    return page


def value(page, selector):
    return page.locator(selector).input_value()


def test_the_clients_card_reads_a_link_and_writes_it(lab, served):
    assert value(lab, "[data-f=local_steps]") == "4" and value(lab, "[data-r=passes]") == "2"
    assert "4 steps, mean of 2 clients" in lab.locator("[data-r=client-words]").inner_text()
    lab.locator("[data-r=passes]").fill("3")
    lab.locator("[data-r=passes]").blur()
    assert value(lab, "[data-f=local_steps]") == "6"
    for name, text in {"local_lr": "0.05", "local_momentum": "0.5", "clients": "5"}.items():
        lab.locator(f"[data-f={name}]").fill(text)
        lab.locator(f"[data-f={name}]").blur()
    lab.locator("[data-f=update]").select_option("delta")
    lab.wait_for_function("/local_momentum=0.5/.test(gi.query()) && /update=delta/.test(gi.query())")
    told = Scenario.from_url(lab.evaluate("gi.query()"))
    assert (told.local_steps, told.local_lr, told.clients, told.kind) == (6, 0.05, 5, "delta")


def test_the_prior_is_an_option_of_the_attacks_text(lab):
    text = lambda: value(lab, "[data-f=attack]")
    choose = lambda name: lab.locator("[data-r=prior]").select_option(name)
    assert value(lab, "[data-r=prior]") == "flow"
    choose("flow:net=gaussian")
    assert text() == "fm:steps=20,prior=(flow:net=gaussian)"
    choose("flow")
    assert text() == "fm:steps=20"
    texts = lab.eval_on_selector_all("[data-r=attack] option", "all => all.map(o => o.value)")
    menu = lambda start: lab.locator("[data-r=attack]").select_option(next(t for t in texts if t.startswith(start)))
    menu("dlg")
    assert value(lab, "[data-r=prior]") == "none"
    choose("flow:net=gaussian")
    menu("idlg")
    assert re.fullmatch(r"idlg:.*prior=\(flow:net=gaussian\)", text())
    assert attacks.parse(text()).prior == "flow:net=gaussian"
    assert value(lab, "[data-r=attack]").startswith("idlg")
    menu("analytic")
    assert (
        lab.locator("[data-r=prior]").is_disabled() and "takes none" in lab.locator("[data-r=prior-note]").inner_text()
    )


def test_the_opinion_stands_beside_the_reconstruction(lab):
    lab.locator("[data-r=prior]").select_option("flow:net=gaussian")
    assert not lab.locator("[data-r=opinion-box]").is_visible()
    lab.locator("[data-r=run]").click()
    lab.wait_for_selector("[data-r=opinion-box]:not([hidden])", timeout=30_000)
    lab.wait_for_function("document.querySelector('[data-r=state]').textContent.includes('finished')", timeout=60_000)
    assert "step 20" in lab.locator("[data-r=opinion-note]").inner_text()
    assert lab.evaluate("document.querySelector('[data-r=opinion]').width") == lab.evaluate(
        "document.querySelector('[data-r=guess]').width"
    )


def test_one_click_leads_to_the_curve_over_clients(lab):
    lab.locator("[data-r=clients-curve]").click()
    lab.wait_for_selector("[data-r=curve-box]:not([hidden]) svg", timeout=20_000)
    told = lab.locator("[data-r=curve] svg").get_attribute("aria-label")
    assert told.startswith("1: ") and told.count("control") == 6
    assert lab.locator("[data-r=recorded]").input_value() == "clients"
    lab.locator("[data-r=recorded]").select_option("attacks")
    lab.wait_for_function("document.querySelector('[data-r=curve-box]').hidden")
